"""The best size for a sender at equal bits: measured with the judge, and the rule that is fitted to it."""
