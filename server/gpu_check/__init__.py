"""The check of a GPU: twelve steps, from the driver to a kernel that traps; the first failure stops it.

`acutance doctor` runs the first four, `acutance bench gpu` and `make gpu` all of them.
"""
