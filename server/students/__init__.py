"""Students: the ladder of open students, the governor that chooses one for each call, and the inference threads.

Imports `acutance.model` and, of the server, only leaf packages.
"""
