"""The session of a peer that sends video: the media it sends, its settings, its timers, its statistics, its forwards.

Imported by the modules of `sessions`.
"""
