"""The error of `acutance cluster`."""


class ClusterError(RuntimeError):
    """The cluster cannot be started or reached; the message says why and what to do."""
