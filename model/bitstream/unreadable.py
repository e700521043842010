"""The error of header readers."""


class UnreadableError(ValueError):
    """A header is cut off, or of a kind that is not read."""
