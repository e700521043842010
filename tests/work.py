"""Counts the work of a call in bytecodes: the same on every machine, however busy it is."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def bytecodes(call: Callable[[], object]) -> int:
    """Return how many bytecodes a call executes, in all Python functions that it calls."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # CPython 3.12 reports opcodes only if a frame asked for them before
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count
