"""Which student enhances a call, and where it runs: the ladder, the governor, the inference threads.

Imports `acutance.model` and nothing else of the server.
"""
