"""`acutance-train`: the commands, one module each, and their common options.

Imports the other packages of `training`; imported by none.
"""
