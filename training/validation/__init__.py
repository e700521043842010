"""The validation of a run: frames of the validation split, and scores of every picture and clip with what they lost.

Imports `data`, `degradation`, `metrics` and `recipes`, never torch; imported by `run`, `study` and the command line.
"""
