"""Calls: the page in a real browser against a real server, with a moving video as the camera."""
