"""Worker processes of this machine: how they are started and replaced, the connection to them, and their program.

Imported by `workers`.
"""
