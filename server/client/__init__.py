"""The client side of signalling: WHIP, WHEP and `/offer`.

Imported by `forward`, `bench` and the command line; never by packages that answer requests.
"""
