"""Degradation of frames by a cheap camera and a poor connection, with real codecs; for training pairs and test sets.

Imports `data` alone; imported by `recipes`, `pairs`, `validation` and `evaluation`.
"""
