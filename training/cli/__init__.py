"""`acutance-train`: the commands, one module each, and the options that they share.

Imports every other package of `training`; imported by none.
"""
