"""Checkpoints of a run: weights, optimiser state, and the run record.

Imports `recipes` and packages below it; imported by `teachers`, `losses`, `run` and packages above them.
"""
