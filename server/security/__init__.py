"""Who may use the server: tokens, JWT, origins, rate limits, quotas, TLS.

A leaf: imports no other room but `errors`.
"""
