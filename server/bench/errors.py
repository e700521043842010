"""Errors of the benchmarks, with messages for users."""


class BenchError(RuntimeError):
    """The benchmark cannot run or report; the message says why and what to do."""
