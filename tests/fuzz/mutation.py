"""Mutations of well-formed inputs, which find more faults than random bytes."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from hypothesis import strategies as st

# A little more than the largest body, so that inputs exceed the limit.
_LARGEST = 70_000
_NUMBER = re.compile(rb"\d+")

NUMBERS = (b"-1", b"0", b"1", b"127", b"128", b"255", b"256", b"65535", b"65536", b"4294967296", b"1e999", b"NaN")
TOKENS = (
    *NUMBERS,
    b"",
    b" ",
    b"\0",
    b"\r",
    b"*",
    b":",
    b"=",
    b"/",
    b"\\1",
    b"\\g<9>",
    b"%s{0}",
    b"\xff\xfe",
    b"\xed\xa0\x80",  # a lone surrogate
    "\u2028".encode(),
    "٣".encode(),  # a digit according to Python
    "é".encode(),
    b"[[[[",
    b"9" * 5000,  # more digits than Python reads
    b"A" * 5000,
)
_Kind = Literal["insert", "number", "word", "value", "delete", "double", "repeat", "swap", "flip", "cut", "bare"]
_KINDS: tuple[_Kind, ...] = ("insert", "number", "word", "value", "delete", "double", "swap", "flip", "bare")
_RARE: tuple[_Kind, ...] = ("repeat", "cut")


@dataclass(frozen=True)
class Change:
    """One change to an input.

    Attributes:
        kind: of change.
        at, to: positions, modulo the number of positions.
        what: content to insert there.
    """

    kind: _Kind
    at: int
    to: int
    what: bytes

    def applied(self, text: bytes) -> bytes:
        """Return the changed input."""
        match self.kind:
            case "insert":
                at = self.at % (len(text) + 1)
                return text[:at] + self.what + text[at:]
            case "flip":
                at = self.at % max(len(text), 1)
                return text[:at] + bytes(byte ^ (1 << self.to % 8) for byte in text[at : at + 1]) + text[at + 1 :]
            case "cut":
                return text[: self.at % (len(text) + 1)]
            case "number":
                return self._replaced(text, list(_NUMBER.finditer(text)))
            case "word":
                return self._replaced(text, list(re.finditer(rb"[^\s:;,=]+", text)))
        return b"\n".join(self._lines(text.split(b"\n")))

    def _replaced(self, text: bytes, places: Sequence[re.Match[bytes]]) -> bytes:
        if not places:
            return text
        place = places[self.at % len(places)]
        return text[: place.start()] + self.what + text[place.end() :]

    def _lines(self, lines: list[bytes]) -> list[bytes]:
        at, to = self.at % len(lines), self.to % len(lines)
        line = lines[at]
        match self.kind:
            case "delete":
                return lines[:at] + lines[at + 1 :]
            case "double":
                return [*lines[:to], line, *lines[to:]]
            case "repeat":
                return lines[:at] + [line] * (1 + self.to % 2500) + lines[at + 1 :]
            case "swap":
                lines[at], lines[to] = lines[to], line
            case "value":
                lines[at] = line.partition(b":")[0] + b":" + self.what + b"\r"
            case "bare":
                lines[at] = line.partition(b":")[0] + b"\r"
        return lines


_WHERE = st.integers(0, 1 << 16)
_WHAT = st.sampled_from(TOKENS) | st.binary(max_size=8)
CHANGES = st.builds(Change, st.sampled_from(_KINDS * 3 + _RARE), _WHERE, _WHERE, _WHAT)


def mutated(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Return one of these inputs with up to five changes."""
    return st.builds(_mutate, st.sampled_from(list(seeds)), st.lists(CHANGES, max_size=5))


def spoilt_by(random: Random, seeds: Sequence[bytes]) -> bytes:
    """Return the same without hypothesis, which remembers its examples: for tests that measure memory."""
    changes = [
        Change(random.choice(_KINDS), random.randrange(1 << 16), random.randrange(1 << 16), random.choice(TOKENS))
        for _ in range(random.randrange(5))
    ]
    return _mutate(random.choice(seeds), changes)


def _mutate(seed: bytes, changes: list[Change]) -> bytes:
    for change in changes:
        seed = change.applied(seed)[:_LARGEST]
    return seed


# Values that json.loads may return, including lone surrogates, infinite numbers and NaN.
_TEXT = st.text(st.characters(), max_size=20) | st.sampled_from(["\ud800", "\0", "a" * 70, "offer", "auto", "control"])
_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT | st.sampled_from([10**400, -1, 0, 1e308, 64, 1080])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=8
)


def objects(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects with some of these names and with other names."""
    return st.dictionaries(st.sampled_from(names) | _TEXT, VALUES, max_size=6)


def as_json(value: object) -> bytes:
    """Return it as JSON; NaN and lone surrogates as Python's reader takes them."""
    return json.dumps(value).encode()


def deep(opening: bytes) -> st.SearchStrategy[bytes]:
    """Return input nested as deeply as fits into a body."""
    return st.integers(1, 60_000).map(lambda depth: opening * depth)
