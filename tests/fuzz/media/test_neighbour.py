"""A good call beside hostile peers, over real sockets: it continues, and the server releases the peers' resources."""

import asyncio
import socket
from contextlib import suppress
from random import Random
from typing import Any

import pylibsrtp
import pytest

from acutance.server.rtc.data_channel import LABEL
from tests.fuzz.effort import INPUTS, LONG
from tests.fuzz.media.datagrams import DOORS, Door, Hostile
from tests.fuzz.media.neighbour import RATE, Neighbour, good_call, small_stream
from tests.fuzz.media.victim import target_of
from tests.fuzz.served import Served, Usage
from tests.fuzz.tally import REPORTS, note
from tests.soak.callers import Call

_INPUTS = INPUTS // 2 if LONG else INPUTS // 10
_EACH = 1000 if LONG else 125  # inputs of one peer
_PER_SECOND = 200
# Limits of a long run; a short run on a busy host only reports the values.
_FEWEST_FRAMES, _LONGEST_LAG_S, _GROWTH = 29.0, 0.05, 1.05
_GONE_S = 60.0
_ALONE_S = 3.0


class _HostilePeer:
    """A peer that completes a real handshake and then sends malformed packets."""

    def __init__(self, port: int, seed: int) -> None:
        self._call = Call(f"http://127.0.0.1:{port}", small_stream())
        self._call.peer.createDataChannel(LABEL)
        self._random = Random(seed)

    async def attack(self, count: int) -> None:
        """Send so many bursts."""
        await self._call.connect()
        hostile = Hostile(self._random, target_of(self._call.peer))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(count):
            door = self._random.choice(DOORS)
            for datagram in hostile.burst(door):
                # A packet that cannot be encrypted cannot arrive; the server may have ended the call.
                with suppress(pylibsrtp.Error, ValueError, ConnectionError):
                    await self._send(door, datagram)
            note(f"beside: {door}", 0.0)
            await asyncio.sleep(max(0.0, begun + number / _PER_SECOND - loop.time()))

    async def _send(self, door: Door, datagram: bytes) -> None:
        transport: Any = self._call.peer.getSenders()[0].transport
        match door:
            case "rtp" | "rtcp":
                await transport._send_rtp(datagram)
            case "sctp":
                await transport._send_data(datagram)
            case "clear" | "checks":
                pair = transport.transport._connection._nominated.get(1)
                if pair is not None and self._random.random() < 0.5:
                    _send_as_stranger(datagram, pair.remote_addr)
                else:
                    await transport.transport._send(datagram)

    async def go(self) -> None:
        """End the call."""
        await self._call.close()


def _send_as_stranger(datagram: bytes, address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(datagram, address)


async def _attack(port: int, inputs: int, seed: int) -> None:
    for number in range(0, inputs, _EACH):
        peer = _HostilePeer(port, seed + number)
        try:
            await peer.attack(min(_EACH, inputs - number))
        finally:
            await peer.go()


async def _alone(server: Served) -> Usage:
    """Return the server's resources once the good call is the only one."""
    async with asyncio.timeout(_GONE_S):
        while (await asyncio.to_thread(server.usage)).sessions > 1:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.2)
    await asyncio.sleep(1)
    return await asyncio.to_thread(server.usage)


async def _rate(neighbour: Neighbour) -> float:
    return await asyncio.to_thread(neighbour.frame_rate)


@pytest.mark.media
async def test_a_good_call_goes_on_beside_hostile_peers(server: Served) -> None:
    with good_call(server.port) as neighbour:
        await _attack(server.port, _EACH, seed=0)  # what is loaded once and kept
        before = await _alone(server)
        await _rate(neighbour)
        await asyncio.sleep(_ALONE_S)
        alone = await _rate(neighbour)
        await asyncio.to_thread(server.usage)  # the lag counts from here
        await _attack(server.port, _INPUTS, seed=1)
        frame_rate, during = await _rate(neighbour), await asyncio.to_thread(server.usage)
        after = await _alone(server)
        growth = after.rss / before.rss
        REPORTS.append(
            f"a good call beside {_INPUTS} hostile inputs: {frame_rate:.1f} of {RATE} frames/s ({alone:.1f} alone), "
            f"lag {during.usual_lag * 1e3:.1f} ms (95th percentile) and {during.lag * 1e3:.0f} ms at most, "
            f"memory {before.rss:.0f} to {after.rss:.0f} MiB"
        )
        assert after.faults == before.faults, "the server has logged an error"
        assert frame_rate > 0, "the good call stands still"
        assert after.peers == before.peers
        assert after.threads <= before.threads + 2
        if LONG:
            assert frame_rate >= _FEWEST_FRAMES
            assert during.usual_lag < _LONGEST_LAG_S
            assert growth <= _GROWTH
