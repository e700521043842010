"""What is wrong with a benchmark, for people."""


class BenchError(RuntimeError):
    """The benchmark cannot run or report; the message says why and what to do."""
