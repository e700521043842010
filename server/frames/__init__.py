"""Decoded frames: planes of YUV 4:2:0 frames, the mailbox between stages, stages, the frame interval.

Imports no other package of the server, so that every package of the media path may import it.
"""
