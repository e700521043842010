"""The validation of a run: frames of the validation split, and the gain and loss of each picture and clip.

Imports `data`, `degradation` and `metrics`, not torch; imported by `run`, `study` and `cli`.
"""
