"""Errors of `acutance study`, with messages for users."""


class StudyError(RuntimeError):
    """A study cannot be prepared, served or reported; the message says why and what to do."""
