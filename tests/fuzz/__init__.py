"""Sends malformed input by the ten thousand: the server refuses it clearly and at once, and keeps nothing of it."""
