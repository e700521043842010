"""Forwards the sender's own coded frames where a student has nothing to add: no decoder, no encoder, no loss.

Imported by `encoding` and `video`; imports `rtc` and `model`.
"""
