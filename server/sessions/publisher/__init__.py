"""The session of a peer that sends video: its media, settings, timers, statistics and forwards.

Imported by the modules of `sessions`.
"""
