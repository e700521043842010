"""The only package that imports Ray: the nodes in it, and programs of their own that ask it and tell it things.

Each is run as a process beside the door, which thereby survives whatever Ray does to its processes when it loses its
head. Imported by nothing but Ray's workers and these programs.
"""
