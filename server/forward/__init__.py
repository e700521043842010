"""Streams that are passed on to the WHIP ingest of another server.

Imported by `sessions` and `signalling`; imports `client`, `encoding` and `rtc`.
"""
