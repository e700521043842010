"""The streams that are live, by name."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from acutance.server.encoding.rendition import Variant
from acutance.server.errors import RETRY_LATER, RequestError
from acutance.server.sessions.publisher.publisher import Publisher

# The stream of an address that names none.
DEFAULT = "live"
_NAME = re.compile(r"(?!\.+$)[\w.~-]{1,64}", re.ASCII)
# An encoder that lost its line connects again within this time (OBS: 2 to 60 s, by default the shorter ones first).
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
        """Make it.

        Args:
            name: of the stream.
            expected: whether it was live a moment ago, so that the client may try again.
        """
        if expected:
            message = f"The stream {name!r} has just ended: try again in a few seconds."
            super().__init__(503, "no_stream_yet", message, RETRY_LATER)
        else:
            super().__init__(404, "no_stream", f"The stream {name!r} is not live: nobody publishes it.")


def check_name(name: str) -> str:
    """Return a stream's name.

    Raises:
        RequestError: it cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise RequestError(
            400, "bad_stream", "A stream's name has 1 to 64 letters, digits or any of . _ ~ - (and not dots alone)."
        )
    return name


@dataclass
class Streams:
    """Knows who publishes what. Lives on one event loop."""

    clock: Callable[[], float] = monotonic
    _live: dict[str, Publisher] = field(default_factory=dict)
    _ended: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, session: Publisher) -> None:
        """Let a session publish under a name.

        Raises:
            RequestError: it cannot be a name.
            TakenError: another one does.
        """
        check_name(name)
        if name in self._live:
            raise TakenError(name)
        self._live[name] = session
        self._ended.pop(name, None)

    def remove(self, session: Publisher) -> None:
        """Forget a session, whatever its name."""
        for name, publisher in list(self._live.items()):
            if publisher is session:
                del self._live[name]
                self._ended[name] = self.clock()
        while len(self._ended) > _MOST_EXPECTED:
            del self._ended[next(iter(self._ended))]

    def publisher(self, name: str) -> Publisher:
        """Return who publishes a stream.

        Raises:
            NoStreamError: nobody does.
        """
        if name not in self._live:
            raise NoStreamError(name, self.clock() - self._ended.get(name, float("-inf")) < _EXPECTED_S)
        return self._live[name]

    def listed(self) -> list[dict[str, Any]]:
        """Return what is said of each: its name, codecs in use, receivers, sizes in pixels."""
        return [_described(name, session) for name, session in sorted(self._live.items())]


def _described(name: str, session: Publisher) -> dict[str, Any]:
    pipeline = session.pipeline
    renditions = pipeline.fan_out.renditions
    # The publisher itself is a receiver of its rendition, but no viewer.
    viewers = sum(rendition.receivers for rendition in renditions) - session.returns
    return {
        "name": name,
        "codecs": sorted({rendition.codec for rendition in renditions}),
        "viewers": viewers,
        "size": pipeline.size_out if pipeline.fan_out.of(Variant.ENHANCED) else pipeline.size_in,
        "size_in": pipeline.size_in,
        "forwards": [forward.state for forward in session.forwards],
        "student": pipeline.choices.governor.rung.name,
        "enhanced": session.telemetry.counters.enhanced,
        "renditions": [
            {
                "variant": rendition.variant,
                "codec": rendition.codec,
                "encoder": rendition.encoder.name,
                "bitrate": rendition.encoder.bitrate,
                "receivers": rendition.receivers,
            }
            for rendition in renditions
        ],
    }
