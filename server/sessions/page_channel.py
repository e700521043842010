"""The page's data channel: statistics go out, settings come in; other clients' channels are answered and left alone."""

import json
from collections.abc import Callable
from typing import Any

from aiortc import RTCDataChannel

from acutance.server.security.rate_limit import TokenBucket

# The label of the page's data channel: others' channels ("chat" in aiortc's examples) get no statistics.
LABEL = "acutance"
# A channel whose peer no longer reads is not filled further.
_MOST_BUFFERED = 64 * 1024


class PageChannel:
    """Sends to the peer's channel of our label, once there is one.

    Attributes:
        refused: how many messages came too fast.
    """

    def __init__(self, on_message: Callable[[str | bytes], None], per_second: float):
        """Make it.

        Args:
            on_message: called on the event loop with what the peer says.
            per_second: so many messages are read; what exceeds them is refused.
        """
        self.refused = 0
        self._on_message = on_message
        self._rate = TokenBucket(per_second, max(1.0, per_second))
        self._channel: RTCDataChannel | None = None

    def opened(self, channel: RTCDataChannel) -> None:
        """Take a channel that the peer has opened."""
        if channel.label == LABEL:
            self._channel = channel
            channel.on("message", self._receive)
            return

        @channel.on("message")
        def pong(message: str | bytes) -> None:
            # What aiortc's example server answers on its clients' channel.
            if isinstance(message, str) and message.startswith("ping") and self._rate.wait() == 0:
                channel.send("pong" + message[4:])

    def _receive(self, message: str | bytes) -> None:
        if self._rate.wait() == 0:
            self._on_message(message)
            return
        self.refused += 1
        if self.refused == 1:  # one answer: more would be a flood of our own
            self.send({"type": "refused", "message": f"at most {self._rate.per_second:g} messages a second are read"})

    def send(self, message: dict[str, Any]) -> None:
        """Send JSON, if the peer listens."""
        channel = self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > _MOST_BUFFERED:
            return
        channel.send(json.dumps(message))
