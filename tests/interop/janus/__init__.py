"""Janus: the gateway as a process, a WHIP front end for it, and the tests."""
