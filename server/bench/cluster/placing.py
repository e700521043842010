"""`acutance bench cluster`: how fast the doors of a running cluster place sessions, and how evenly."""

import asyncio
from collections import Counter
from time import monotonic
from typing import Annotated

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from acutance.server.bench.errors import BenchError
from acutance.server.client.offer import OfferClient
from acutance.server.client.whip import SignallingError
from acutance.server.markdown import table
from acutance.server.options.values import revealed
from acutance.server.signalling.session_ids import split


class ClusterOptions(BaseModel):
    """Place sessions without media on a running cluster, end each at once, and print a table."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(description="URL of a door of the cluster")] = "http://localhost:8080"
    token: Annotated[SecretStr | None, Field(description="A token of its clients, if it needs one")] = None
    placements: Annotated[int, Field(ge=1, le=100_000, description="Number of sessions that are placed")] = 200
    at_once: Annotated[int, Field(ge=1, le=64, description="Number of them that are being placed at the same time")] = 4


class _Placed:
    """What was measured: seconds of each placement, and the node of each session."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.nodes: Counter[str] = Counter()
        self.refused = 0


def cluster(options: ClusterOptions) -> None:
    """Measure, and print a table.

    Raises:
        BenchError: no session was placed.
    """
    begun = monotonic()
    placed = asyncio.run(_measure(options))
    took = monotonic() - begun
    if not placed.seconds:
        raise BenchError(f"{options.url} has placed none of {options.placements} sessions: see its log")
    p50, p95 = 1000 * np.percentile(placed.seconds, [50, 95])
    counts = [count for _, count in placed.nodes.most_common()]
    row = (
        f"{len(placed.seconds)} of {options.placements}",
        f"{len(placed.seconds) / took:.1f}",
        f"{p50:.0f} ms",
        f"{p95:.0f} ms",
        f"{1000 * max(placed.seconds):.0f} ms",
        ", ".join(map(str, counts)),
    )
    print(table(("placed", "sessions/s", "p50", "p95", "longest", "sessions of each node"), [row]))


async def _measure(options: ClusterOptions) -> _Placed:
    sdp, placed = await _offer(), _Placed()
    left = iter(range(options.placements))

    async def place() -> None:
        for _ in left:
            async with OfferClient(options.url, revealed(options.token)) as client:
                at = monotonic()
                try:
                    accepted = await client.offer(sdp)
                except SignallingError:
                    placed.refused += 1
                    continue
                placed.seconds.append(monotonic() - at)
                if accepted.url is not None:
                    placed.nodes[split(accepted.url.name)[0]] += 1

    await asyncio.gather(*(place() for _ in range(options.at_once)))
    return placed


async def _offer() -> str:
    """Return the offer of a peer without candidates: the sessions are ended before it could connect."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    try:
        peer.addTransceiver("video", direction="sendrecv")
        await peer.setLocalDescription(await peer.createOffer())
        return str(peer.localDescription.sdp)
    finally:
        await peer.close()
