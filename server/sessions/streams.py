"""The live streams, by name."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from acutance.server.encoding.rendition import Variant
from acutance.server.errors import RETRY_LATER, RequestError
from acutance.server.sessions.publisher.publisher import Publisher
from acutance.server.sessions.snapshots import PublisherSnapshot

# Name of the stream if the URL contains none.
DEFAULT = "live"
_NAME = re.compile(r"(?!\.+$)[\w.~-]{1,64}", re.ASCII)
# A client may expect a stream again this long after its end: encoders reconnect by themselves (OBS: after 2 to 60 s).
_EXPECTED_S = 30.0
_MOST_EXPECTED = 256


class TakenError(RequestError):
    """A stream of this name is being published already."""

    def __init__(self, name: str):
        super().__init__(
            409, "taken", f"The stream {name!r} is being published already: choose another name, or end that first."
        )


class NoStreamError(RequestError):
    """No stream of this name is live."""

    def __init__(self, name: str, expected: bool):
        """Create it.

        Args:
            name: name of the stream.
            expected: whether it ended a moment ago, so that the client may try again.
        """
        if expected:
            message = f"The stream {name!r} has just ended: try again in a few seconds."
            super().__init__(503, "no_stream_yet", message, RETRY_LATER)
        else:
            super().__init__(404, "no_stream", f"The stream {name!r} is not live: nobody publishes it.")


def check_name(name: str) -> str:
    """Return the name of a stream if it is well-formed.

    Raises:
        RequestError: it is malformed.
    """
    if not _NAME.fullmatch(name):
        raise RequestError(
            400, "bad_stream", "A stream's name has 1 to 64 letters, digits or any of . _ ~ - (and not dots alone)."
        )
    return name


@dataclass
class EndedStreams:
    """The names of streams that have ended a moment ago; ``clock`` is in seconds."""

    clock: Callable[[], float] = monotonic
    _ended: dict[str, float] = field(default_factory=dict)

    def add(self, name: str) -> None:
        """Note that a stream has ended."""
        self._ended[name] = self.clock()
        while len(self._ended) > _MOST_EXPECTED:
            del self._ended[next(iter(self._ended))]

    def discard(self, name: str) -> None:
        """Note that a stream is live again."""
        self._ended.pop(name, None)

    def missing(self, name: str) -> NoStreamError:
        """Return the error for a request for a stream that is not live."""
        return NoStreamError(name, self.clock() - self._ended.get(name, float("-inf")) < _EXPECTED_S)


@dataclass
class Streams:
    """The publisher of each live stream, by the stream's name. Belongs to one event loop.

    Attributes:
        ended: the names of streams that have ended.
    """

    ended: EndedStreams = field(default_factory=EndedStreams)
    _live: dict[str, Publisher] = field(default_factory=dict)

    def check_free(self, name: str) -> None:
        """Check that a new stream may have this name.

        Raises:
            RequestError: it is malformed.
            TakenError: another publisher has it.
        """
        check_name(name)
        if name in self._live:
            raise TakenError(name)

    def live(self, name: str) -> Publisher | None:
        """Return the publisher of a stream; None if it is not live."""
        return self._live.get(name)

    def add(self, name: str, publisher: Publisher) -> None:
        """Add the stream of a publisher.

        Raises:
            RequestError, TakenError: see `check_free`.
        """
        self.check_free(name)
        self._live[name] = publisher
        self.ended.discard(name)

    def remove(self, publisher: Publisher) -> None:
        """Remove the stream of a publisher, if it has one."""
        for name, live in list(self._live.items()):
            if live is publisher:
                del self._live[name]
                self.ended.add(name)

    def publisher(self, name: str) -> Publisher:
        """Return the publisher of a stream.

        Raises:
            NoStreamError: no stream of this name is live.
        """
        if name not in self._live:
            raise self.ended.missing(name)
        return self._live[name]

    def name_of(self, publisher: Publisher) -> str | None:
        """Return the name of the stream of a publisher; None for none."""
        return next((name for name, live in self._live.items() if live is publisher), None)

    def listed(self) -> list[dict[str, Any]]:
        """Return the entries of `GET /streams`, ordered by name."""
        return [_entry(name, publisher.snapshot()) for name, publisher in sorted(self._live.items())]


def _entry(name: str, publisher: PublisherSnapshot) -> dict[str, Any]:
    stream = publisher.stream
    enhanced = any(rendition.variant is Variant.ENHANCED for rendition in stream.renditions)
    return {
        "name": name,
        "codecs": sorted({rendition.codec for rendition in stream.renditions}),
        "viewers": stream.viewers,
        "size": publisher.size_out if enhanced else publisher.size_in,
        "size_in": publisher.size_in,
        "forwards": list(stream.forwards),
        "student": publisher.student,
        "enhanced": publisher.frames.enhanced,
        "renditions": [
            {
                "variant": rendition.variant,
                "codec": rendition.codec,
                "encoder": rendition.encoder,
                "bitrate": rendition.bitrate,
                "forwarded": rendition.forwarded,
                "receivers": rendition.receivers,
            }
            for rendition in stream.renditions
        ],
    }
