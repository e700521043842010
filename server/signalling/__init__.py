"""Reads and answers the requests of peers: offers, trickled candidates, WHIP, WHEP, forwards.

Takes bytes and header values and knows no HTTP objects. Imported by `http`.
"""
