"""Every option once: its flag, environment variable and line in acutance.toml.

Pure values: this room builds nothing and imports no other room.
"""
