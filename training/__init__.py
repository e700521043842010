"""Data, degradation, training, evaluation and export of students.

Imports `acutance.model`; never `acutance.server`.
"""
