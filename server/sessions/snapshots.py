"""States at one moment, for metrics and listings: values that are safe to keep and to pass on."""

from dataclasses import dataclass
from typing import Literal

from acutance.model.planes import Size
from acutance.server.encoding.rendition import RenditionSnapshot
from acutance.server.telemetry.counters import Counters


@dataclass(frozen=True)
class StreamSnapshot:
    """State of the stream of one publisher.

    Attributes:
        renditions: the encoded versions that are being received.
        viewers: number of receivers, forwards among them, the publisher itself not.
        forwards: state of each forward.
    """

    renditions: tuple[RenditionSnapshot, ...]
    viewers: int
    forwards: tuple[str, ...]


@dataclass(frozen=True)
class PublisherSnapshot:
    """State of the session of a peer that sends video.

    Attributes:
        state: of its connection.
        student: name of the rung that enhances its frames.
        size_in, size_out: width and height in pixels of the last frame received and enhanced; None before the first.
        frames: numbers of frames since its start; a copy.
        messages_refused: number of data channel messages that exceeded the rate.
        stream: what leaves the server.
    """

    state: Literal["connecting", "running", "closing"]
    student: str
    size_in: Size | None
    size_out: Size | None
    frames: Counters
    messages_refused: int
    stream: StreamSnapshot


@dataclass(frozen=True)
class RegistrySnapshot:
    """State of all sessions of a server.

    Attributes:
        publishers: those that are negotiating, running or closing.
        viewers: number of peers that watch a stream, or are about to.
        opened, ended: number of publishers since the start of the server.
        frames: numbers of frames of all publishers since the start.
        messages_refused: number of data channel messages since the start that exceeded the rate.
        peer_connections: number of them in memory, closed ones that have not been collected yet among them.
    """

    publishers: tuple[PublisherSnapshot, ...]
    viewers: int
    opened: int
    ended: int
    frames: Counters
    messages_refused: int
    peer_connections: int
