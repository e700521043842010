"""What an encoded frame tells without decoding it: H.264 and VP8 headers, and the quantiser in them.

Pure functions over bytes. The server and training read the same values with it.
"""
