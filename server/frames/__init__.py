"""A frame and how it is handed on: planes of YUV 4:2:0 frames, the mailbox, the interval between frames.

Imports no other room, so that every room of the media path may import it.
"""
