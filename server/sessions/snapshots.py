"""Immutable snapshots of state, for metrics and listings."""

from dataclasses import dataclass
from typing import Literal

from acutance.model.planes import Size
from acutance.server.encoding.rendition import RenditionSnapshot
from acutance.server.telemetry.counters import Counters
from acutance.server.telemetry.memory import MemorySnapshot


@dataclass(frozen=True)
class StreamSnapshot:
    """State of the stream of one publisher.

    Attributes:
        renditions: the encoded versions that have receivers.
        viewers: number of receivers, including forwards but not the publisher itself.
        forwards: state of each forward.
    """

    renditions: tuple[RenditionSnapshot, ...]
    viewers: int
    forwards: tuple[str, ...]


@dataclass(frozen=True)
class PublisherSnapshot:
    """State of the session of a peer that sends video.

    Attributes:
        state: state of its connection.
        student: name of the rung that enhances its frames.
        size_in, size_out: width and height in pixels of the last frame received and enhanced; None before the first.
        frames: numbers of frames since the start of the session.
        messages_refused: number of data channel messages that exceeded the rate.
        stream: state of its stream.
        memory: what its memory contributed to the last frame; None for a server without a memory.
        memory_age: seconds since that was seen; None if it contributed nothing.
    """

    state: Literal["connecting", "running", "closing"]
    student: str
    size_in: Size | None
    size_out: Size | None
    frames: Counters
    messages_refused: int
    stream: StreamSnapshot
    memory: MemorySnapshot | None = None
    memory_age: float | None = None


@dataclass(frozen=True)
class RegistrySnapshot:
    """State of all sessions of a server.

    Attributes:
        publishers: those that are negotiating, running or closing.
        viewers: number of peers that watch a stream or are connecting to do so.
        opened, ended: number of publishers since the start of the server.
        frames: numbers of frames of all publishers since the start.
        messages_refused: number of data channel messages since the start that exceeded the rate.
        peer_connections: number of peer connections in memory, including closed ones.
    """

    publishers: tuple[PublisherSnapshot, ...]
    viewers: int
    opened: int
    ended: int
    frames: Counters
    messages_refused: int
    peer_connections: int
