"""What sharpens a frame: the engine, its students and what they are told.

Imports neither `acutance.server` nor `acutance.training`; both import it.
"""
