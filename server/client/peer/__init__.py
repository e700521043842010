"""`acutance peer`: sends a source to a server, and receives, measures and records the returned video.

Imported only by the command line.
"""
