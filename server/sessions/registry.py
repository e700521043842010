"""The sessions of a server: publishers, the streams they publish, and viewers."""

import asyncio
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from weakref import WeakSet

from aiortc import RTCPeerConnection

from acutance.server.rtc.connection import Connection
from acutance.server.security.quota import ActiveSession
from acutance.server.sessions.headroom import SessionLoad
from acutance.server.sessions.publisher.publisher import Publisher
from acutance.server.sessions.snapshots import RegistrySnapshot
from acutance.server.sessions.streams import Streams
from acutance.server.sessions.viewer import Viewer
from acutance.server.telemetry.counters import Counters


class Registry:
    """Contains every session from its admission to its end. Belongs to one event loop.

    Attributes:
        streams: the streams that are live, by name.
    """

    def __init__(self, on_end: Callable[[], object] = lambda: None):
        """Create it empty; ``on_end`` is called after each end of a publisher or viewer."""
        self.streams = Streams()
        self._on_end = on_end
        self._publishers: set[Publisher] = set()
        self._viewers: set[Viewer] = set()
        self._peers: WeakSet[RTCPeerConnection] = WeakSet()
        self._opened = self._ended = 0
        self._frames = Counters()  # of the publishers that have left
        self._messages_refused = 0
        self._left = asyncio.Event()

    @property
    def publishers(self) -> Set[Publisher]:
        """The publishers that are negotiating, running or closing."""
        return self._publishers

    @property
    def viewers(self) -> Set[Viewer]:
        """The viewers that are negotiating, watching or closing."""
        return self._viewers

    @property
    def viewer_count(self) -> int:
        """Number of viewers that are negotiating, watching or closing."""
        return len(self._viewers)

    def __iter__(self) -> Iterator[Connection]:
        yield from self._publishers
        yield from self._viewers

    def find(self, id: str) -> Connection | None:
        """Return the session with this identifier; None if there is none."""
        return next((each for each in self if each.id == id), None)

    def publisher_loads(self) -> list[SessionLoad]:
        """Return the load of each publisher."""
        return [publisher.load() for publisher in self._publishers]

    def active_sessions(self) -> list[ActiveSession]:
        """Return the sessions as they count against the quotas of clients."""
        return [each.active_session for each in self]

    def student_processors(self) -> float:
        """Return the number of processors that the students of all publishers use."""
        return sum(load.student for load in self.publisher_loads())

    def snapshot(self) -> RegistrySnapshot:
        """Return the state of all sessions."""
        publishers = tuple(publisher.snapshot() for publisher in self._publishers)
        frames = replace(self._frames)
        for publisher in publishers:
            frames.add(publisher.frames)
        return RegistrySnapshot(
            publishers=publishers,
            viewers=len(self._viewers),
            opened=self._opened,
            ended=self._ended,
            frames=frames,
            messages_refused=self._messages_refused + sum(publisher.messages_refused for publisher in publishers),
            peer_connections=len(self._peers),
        )

    def add_publisher(self, publisher: Publisher, stream: str | None) -> None:
        """Register a publisher, and the name of its stream; None if others may not watch it.

        Raises:
            RequestError: the name is malformed or taken.
        """
        if stream is not None:
            self.streams.add(stream, publisher)
        self._publishers.add(publisher)
        self._peers.add(publisher.peer)
        self._opened += 1

    def add_viewer(self, viewer: Viewer) -> None:
        """Register a viewer."""
        self._viewers.add(viewer)
        self._peers.add(viewer.peer)

    def remove_publisher(self, publisher: Publisher) -> None:
        """Remove a publisher that has ended, and end its viewers."""
        if publisher not in self._publishers:
            return
        self._publishers.discard(publisher)
        self._ended += 1
        last = publisher.snapshot()
        self._frames.add(last.frames)
        self._messages_refused += last.messages_refused
        self._left.set()
        self.streams.remove(publisher)
        for viewer in self._viewers:
            if viewer.publisher is publisher:
                viewer.end("the publisher has left")
        self._on_end()

    def remove_viewer(self, viewer: Viewer) -> None:
        """Remove a viewer that has ended."""
        self._viewers.discard(viewer)
        self._on_end()

    async def wait_for_last_publisher(self) -> None:
        """Return when the last publisher has ended."""
        while self._publishers:
            self._left.clear()
            await self._left.wait()
