"""Reads H.264 and VP8 headers, and the quantiser in them, without decoding the frame.

Pure functions over bytes. The server and training read the same values with them.
"""
