"""Recipes: every setting of a run, read from TOML and checked. The recipes that ship lie beside the code."""
