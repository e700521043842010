"""WebRTC: peer connections, session descriptions, ICE servers, tracks, the frame assembler, retransmissions.

Imported by the packages above it; imports only leaf packages.
"""
