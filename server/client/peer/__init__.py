"""`acutance peer`: sends a source to a server, gets it back, measures and records it.

Imported only by the command line.
"""
