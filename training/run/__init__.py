"""A training run from its first step to its last: options, the loop, validation, the journal, progress output.

Imports `losses`, `teachers`, `checkpoints` and packages below them; imported by `study` and `cli`.
"""
