"""Recipes: every setting of a run, read from TOML and checked. The shipped recipes are in the same folder."""
