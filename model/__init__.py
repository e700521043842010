"""Sharpens frames: the inference engine, the students, and the hints that they take.

Imports neither `acutance.server` nor `acutance.training`; both import it.
"""
