from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from aiortc.stats import RTCInboundRtpStreamStats

from acutance.server.sessions.publisher.idle import watch_idle

# Short, so that no test waits: the watch sleeps at most this long between two checks.
TIMEOUT = 1e-3


class Clock:
    """A clock that the statistics of a peer advance by a quarter of the timeout each time they are read."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _peer(clock: Clock, packets: Iterator[int]) -> Any:
    async def stats() -> dict[str, Any]:
        clock.now += TIMEOUT / 4
        inbound = object.__new__(RTCInboundRtpStreamStats)
        inbound.packetsReceived = next(packets)
        return {"inbound": inbound, "other": object()}

    return SimpleNamespace(getReceivers=lambda: [SimpleNamespace(getStats=stats)])


async def _ended_at(*packets: int) -> tuple[float, list[str]]:
    clock, reasons = Clock(), list[str]()
    await watch_idle(_peer(clock, iter(packets)), TIMEOUT, reasons.append, clock)
    return round(clock.now / TIMEOUT, 6), reasons


async def test_a_peer_that_never_sends_is_ended_after_the_timeout() -> None:
    at, reasons = await _ended_at(*[0] * 9)
    assert 1 <= at <= 1.25
    assert reasons == ["no media from the peer for 0.001 s"]


async def test_each_packet_restarts_the_idle_time() -> None:
    at, reasons = await _ended_at(1, 2, 2, 2, 3, 3, 3, 3, 3, 3)
    assert at == 2.25, "one timeout after the fifth reading"
    assert len(reasons) == 1
