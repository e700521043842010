"""How good methods are: metrics, test sets, rows, tables and figures.

Imported by `shipping` and the command line.
"""
