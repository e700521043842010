"""Reads and answers the requests of peers: offers, trickled candidates, WHIP, WHEP, forwards.

Takes bytes and header values, not HTTP objects. Imported by `http`.
"""
