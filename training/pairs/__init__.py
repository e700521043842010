"""Training pairs: degraded and true patches of a training set, made once and cached, and the batches drawn from them.

Imports `data`, `degradation` and `recipes`; imported by `teachers`, `losses` and `run`.
"""
