"""Students: the ladder of those that are open, the governor that chooses one for a call, and the threads they run on.

Imports `acutance.model` and nothing else of the server.
"""
