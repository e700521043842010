"""The way of a frame from the decoder to the encoders: the pipeline, the enhancer, the output size, frame metadata.

Imported by `sessions`; imports `encoding`, `students`, `frames` and `telemetry`.
"""
