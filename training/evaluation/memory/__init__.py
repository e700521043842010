"""Evaluation of students that take a plate: gains after a drop of the connection, and old content shown as new.

Imports `run`, `validation` and packages below them; imported by `cli`.
"""
