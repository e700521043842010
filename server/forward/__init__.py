"""Forwards streams to the WHIP ingest of another server.

Imported by `sessions` and `signalling`; imports `client`, `encoding` and `rtc`.
"""
