"""Degradation of frames by a cheap camera and a poor connection, with real codecs; for training pairs and test sets.

Imports only `data`; imported by `recipes`, `pairs`, `validation`, `run`, `evaluation` and `cli`.
"""
