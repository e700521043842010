"""Frames and how stages pass them on: planes of YUV 4:2:0 frames, the mailbox, stages, the frame interval.

Imports no other room, so that every room of the media path may import it.
"""
