"""The options of `acutance serve`: each has a flag, an environment variable and a line in acutance.toml.

Pure values: this package builds nothing and imports no other package of the server.
"""
