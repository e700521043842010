"""Builds the parts of the server from the options: of HTTP, and of the sessions. Imported by `serve` and `doctor`."""
