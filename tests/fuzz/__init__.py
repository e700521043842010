"""Sends tens of thousands of malformed inputs: the server must refuse each at once with a reason, and keep none."""
