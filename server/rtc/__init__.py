"""WebRTC: peer connections, session descriptions, ICE servers, tracks, the frame assembler, retransmissions.

Imported by the rooms above it; imports only leaves.
"""
