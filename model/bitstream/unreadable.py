"""The error of header readers."""


class UnreadableError(ValueError):
    """A header is truncated, invalid or of an unsupported kind."""
