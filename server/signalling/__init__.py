"""What peers ask for and how it is answered: offers, trickled candidates, WHIP, WHEP, session settings.

Bytes and headers in, values out: no HTTP objects. Imported by `http`.
"""
