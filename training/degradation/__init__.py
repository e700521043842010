"""What a cheap camera and a poor connection do to a picture, with real codecs.

Used for training pairs and for test sets alike.
"""
