"""Evaluation of methods on test sets: measurements, rows, tables, cost and figures.

Imported by `shipping`, `study` and `cli`.
"""
