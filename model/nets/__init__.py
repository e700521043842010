"""The torch modules: the only place of `model` that imports torch."""
