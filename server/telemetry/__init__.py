"""Telemetry: counted frames, stage latencies, event loop lag, load, traffic, host information.

A leaf: imports no other room.
"""
