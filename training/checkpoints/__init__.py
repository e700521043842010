"""Checkpoints of a run: weights, optimiser state, and the record of what the run was made of.

Below `teachers`, `losses` and `run`, which all read or write checkpoints; imports `recipes` and what is below.
"""
