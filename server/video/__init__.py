"""Processes decoded frames between decoder and encoders: pipeline, enhancer, output size, frame metadata.

Imported by `sessions`; imports `encoding`, `students`, `frames` and `telemetry`.
"""
