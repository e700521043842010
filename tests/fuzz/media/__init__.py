"""Mutated packets of a peer's connection, changed at the level of their fields, and a good call at the same time."""
