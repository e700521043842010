"""Fits a student further to one recorded call. Imports `run`, `shipping` and packages below them; imported by `cli`."""
