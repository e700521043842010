"""A training run from its first step to its last: options, the loop, validation, the journal, progress output.

Imports `losses`, `teachers` and `checkpoints`; imported by `evaluation`, `shipping`, `study` and `cli`.
"""
