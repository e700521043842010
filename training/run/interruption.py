"""Ctrl-C and SIGTERM as a flag that a loop reads between steps."""

import signal
from types import FrameType
from typing import Any, Self


class Interruption:
    """In its `with` block, the first Ctrl-C or SIGTERM makes `requested` true; the second ends the program as usual."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self._requested = False
        self._before: list[Any] = []

    def requested(self) -> bool:
        """Whether a signal has arrived."""
        return self._requested

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._note) for number in self._SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._requested = True
        self._restore()

    def _restore(self) -> None:
        for number, before in zip(self._SIGNALS, self._before, strict=True):
            signal.signal(number, before)
