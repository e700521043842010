"""The WebRTC server: signalling, sessions, and the video pipeline from received to sent RTP.

Imports `acutance.model`; never `acutance.training`, never torch. docs/11-how-it-works.md lists its packages.
"""
