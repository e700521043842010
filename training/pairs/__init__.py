"""Training pairs: degraded and true patches of a training set, made once and cached, and the batches drawn from them.

Imports `recipes` and packages below it; imported by `teachers`, `losses` and `run`.
"""
