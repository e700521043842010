"""Encoders, their bit rates, and the renditions of a stream that its receivers share.

Imported by `video`, `forward` and `sessions`; imports `frames` and `rtc`.
"""
