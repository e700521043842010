"""Telemetry: frame counters, stage latencies, event loop lag, load, traffic, host information.

Imports no other package of the server.
"""
