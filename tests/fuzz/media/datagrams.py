"""Datagrams of a hostile peer: those of a real call with changed fields."""

from collections.abc import Callable, Iterator, Sequence
from random import Random
from struct import pack, unpack_from
from typing import Literal

from tests.fuzz.media.checks import CheckMaker
from tests.fuzz.media.clear_text import ClearTextMaker
from tests.fuzz.media.maker import Target
from tests.fuzz.media.rtcp import RtcpMaker
from tests.fuzz.media.rtp import RtpMaker
from tests.fuzz.media.sctp import SctpMaker

Door = Literal["rtp", "rtcp", "sctp", "clear", "checks"]
DOORS: tuple[Door, ...] = ("rtp", "rtcp", "sctp", "clear", "checks")
_LONGEST = 1400


class Hostile:
    """Makes bursts of datagrams; equal random numbers give equal bursts."""

    def __init__(self, random: Random, target: Target) -> None:
        ssrc = random.randrange(1 << 32)
        self._bursts: dict[Door, Callable[[], Iterator[bytes]]] = {
            "rtp": RtpMaker(random, target, ssrc).burst,
            "rtcp": RtcpMaker(random, target, ssrc).burst,
            "sctp": SctpMaker(random, target).burst,
            "clear": ClearTextMaker(random, target).burst,
            "checks": CheckMaker(random, target).burst,
        }

    def burst(self, door: Door) -> list[bytes]:
        """Return one input: a few datagrams that belong together."""
        return [datagram[:_LONGEST] for datagram in self._bursts[door]()]


def packed(datagrams: Sequence[bytes]) -> bytes:
    """Return a burst as one file: each datagram behind its length in two bytes."""
    return b"".join(pack("!H", len(datagram)) + datagram for datagram in datagrams)


def unpacked(file: bytes) -> list[bytes]:
    """Return the burst of a file."""
    datagrams, at = [], 0
    while at + 2 <= len(file):
        size = unpack_from("!H", file, at)[0]
        datagrams.append(file[at + 2 : at + 2 + size])
        at += 2 + size
    return datagrams
