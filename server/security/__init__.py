"""Authentication (tokens, JWT), web origins, rate limits, quotas, TLS, and requests to other servers.

A leaf: imports no other room but `errors`.
"""
