"""Malformed and generated requests over HTTP against the real application."""
