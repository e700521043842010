"""Ends the session of a peer that has disappeared."""

import asyncio
from collections.abc import Callable
from time import monotonic

from aiortc import RTCPeerConnection
from aiortc.stats import RTCInboundRtpStreamStats

_PERIOD_S = 1.0


async def watch_idle(
    peer: RTCPeerConnection,
    timeout: float,
    on_idle: Callable[[str], object],
    clock: Callable[[], float] = monotonic,
) -> None:
    """Call ``on_idle`` with a reason once no media packet has arrived for ``timeout`` seconds, and return.

    aioice itself notices a missing peer only after about 30 s without consent (RFC 7675).
    """
    packets, heard = -1, clock()
    while clock() - heard < timeout:
        await asyncio.sleep(min(_PERIOD_S, timeout))
        counted = await _packets_received(peer)
        if counted != packets:
            packets, heard = counted, clock()
    on_idle(f"no media from the peer for {timeout:g} s")


async def _packets_received(peer: RTCPeerConnection) -> int:
    total = 0
    for receiver in peer.getReceivers():
        for stats in (await receiver.getStats()).values():
            if isinstance(stats, RTCInboundRtpStreamStats):
                total += stats.packetsReceived
    return total
