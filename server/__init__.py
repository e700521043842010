"""Where frames flow: signalling, sessions, and the way of a frame from RTP to RTP.

Imports `acutance.model`; never `acutance.training`, never torch. docs/11-how-it-works.md has its map.
"""
