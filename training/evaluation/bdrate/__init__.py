"""BD-rate: the bit rate that a student saves at equal quality, from the results of `evaluate` on clips."""
