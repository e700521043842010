"""The forwards of one stream."""

import asyncio
from collections.abc import Iterator

from acutance.server.encoding.fan_out import FanOut
from acutance.server.forward.forward import Forward, Ingest
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.connection import Connection
from acutance.server.rtc.ice import Network


class Forwards:
    """Runs the forwards of a publisher's stream, while the publisher is connected.

    Attributes:
        audio_codec: codec of the stream's audio; empty before the negotiation and for a stream without audio.
    """

    def __init__(self, publisher: Connection, fan_out: FanOut, network: Network, limits: Limits):
        self.audio_codec = ""
        self._publisher = publisher
        self._fan_out = fan_out
        self._network = network
        self._limits = limits
        self._tasks: dict[Forward, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[Forward]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, stream: str, ingest: Ingest) -> Forward:
        """Start to forward the enhanced stream to a WHIP endpoint; ``stream`` is its name."""
        forward = Forward(stream, ingest, self._fan_out, self._network, self._limits)
        self._tasks[forward] = self._publisher.spawn(self._run(forward))
        return forward

    async def end(self, forward: Forward) -> None:
        """End one forward; the stream continues."""
        task = self._tasks.pop(forward)
        task.cancel()
        await asyncio.wait([task])

    async def _run(self, forward: Forward) -> None:
        await self._publisher.connected.wait()
        await forward.run(self.audio_codec)
