"""Packets of a hostile peer in a real session: no error escapes, no packet takes long, and nothing stays behind."""

import asyncio
import gc
import logging
from collections.abc import Iterator
from random import Random

import pytest
from aiortc import RTCPeerConnection
from hypothesis import given
from hypothesis import strategies as st

from acutance.server.sessions.host import Host
from tests.fuzz.corpus import inputs, keep
from tests.fuzz.doors import FaultError
from tests.fuzz.effort import share
from tests.fuzz.media.datagrams import DOORS, Door, Hostile, packed, unpacked
from tests.fuzz.media.victim import Victim, new_host
from tests.fuzz.tally import note

_BURSTS = 20  # of one hostile peer
# Time limit of one datagram on the event loop, in seconds, on a host that runs other programs too.
_LONGEST_S = 0.25
_REPEATS = 3


class _Stage:
    """An event loop with a server, which has one session after the other."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.errors: list[str] = []
        self.runner.get_loop().set_exception_handler(lambda loop, context: self.errors.append(str(context)))
        self._victim = Victim(self.runner.run(self._host()))
        self.runner.run(self._victim.connect())

    async def _host(self) -> Host:
        return new_host()

    def feed(self, door: Door, datagrams: list[bytes]) -> None:
        """Send the session a burst.

        Raises:
            FaultError: an error escaped, or a datagram took too long.
        """
        if door == "checks" and not self._victim.connected:  # a peer may end its own call
            self.again()
        try:
            seconds = self.runner.run(self._fed(door, datagrams))
            for _ in range(_REPEATS):  # a busy host is slow now and then, a hang is slow each time
                if seconds > _LONGEST_S:
                    seconds = min(seconds, self.runner.run(self._fed(door, datagrams)))
            note(f"media {door}", seconds)
            if seconds > _LONGEST_S:
                raise FaultError(f"a datagram took {seconds:.2f} s")
            if self.errors:
                raise FaultError(self.errors.pop())
        except Exception as error:
            file = keep(f"media-{door}", packed(datagrams))
            raise FaultError(f"{door}: {error!r}; the datagrams are in {file}") from error

    async def _fed(self, door: Door, datagrams: list[bytes]) -> float:
        seconds = await self._victim.feed(door, datagrams)
        await asyncio.sleep(0)
        return seconds

    @property
    def victim(self) -> Victim:
        """The session."""
        return self._victim

    def again(self) -> None:
        """End the session and begin another one."""
        self.runner.run(self._victim.close())
        self.runner.run(self._victim.connect())

    def close(self) -> None:
        """End everything and assert that nothing stays behind."""
        self.runner.run(self._victim.close())
        self.runner.run(asyncio.sleep(0.5))  # callbacks of connections that have ended
        self.runner.close()


def _peers() -> int:
    gc.collect()
    return sum(isinstance(one, RTCPeerConnection) for one in gc.get_objects())


@pytest.fixture(scope="module")
def stage() -> Iterator[_Stage]:
    logging.getLogger("aiortc").setLevel(logging.ERROR)
    before = _peers()
    stage = _Stage()
    yield stage
    stage.close()
    assert _peers() <= before


@pytest.mark.parametrize("door", DOORS)
def test_bursts_that_once_found_a_fault_find_none(stage: _Stage, door: Door) -> None:
    for file in inputs(f"media-{door}").values():
        stage.feed(door, unpacked(file))


@pytest.mark.parametrize("door", DOORS)
@share(0.0125)
@given(seed=st.integers(0, 1 << 64))
def test_a_hostile_peer_does_no_harm(stage: _Stage, door: Door, seed: int) -> None:
    hostile = Hostile(Random(seed), stage.victim.target)
    for _ in range(_BURSTS):
        stage.feed(door, hostile.burst(door))


def test_a_session_ends_as_any_other_after_all_that(stage: _Stage) -> None:
    for _ in range(2):
        stage.again()
    assert len(stage.victim.host.registry.publishers) == 1
