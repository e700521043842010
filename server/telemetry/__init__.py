"""What is counted and timed: frames, stage latencies, event loop lag, load, traffic, the host.

A leaf: imports no other room.
"""
