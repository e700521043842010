"""How a student comes to be: data, degradation, training, evaluation, export.

Imports `acutance.model`; never `acutance.server`.
"""
