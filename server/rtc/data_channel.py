"""The data channel of a session: statistics go out, settings come in. Channels of other labels get replies to pings."""

import json
from collections.abc import Callable
from typing import Any

from aiortc import RTCDataChannel

from acutance.server.security.rate_limit import TokenBucket

# Label of our data channel. Channels of other labels ("chat" in aiortc's examples) get no statistics.
LABEL = "acutance"
# Bytes in the send buffer above which nothing more is sent: the peer does not read.
_MOST_BUFFERED = 64 * 1024


class DataChannel:
    """Exchanges messages with a peer over the channel of our label, once the peer has opened it.

    Attributes:
        refused: number of messages that exceeded the rate.
    """

    def __init__(self, on_message: Callable[[str | bytes], None], per_second: float):
        """Create it.

        Args:
            on_message: called on the event loop with each message of the peer.
            per_second: maximum rate of messages that are read; messages beyond it are refused.
        """
        self.refused = 0
        self._on_message = on_message
        self._rate = TokenBucket(per_second, max(1.0, per_second))
        self._channel: RTCDataChannel | None = None

    def opened(self, channel: RTCDataChannel) -> None:
        """Attach a channel that the peer has opened."""
        if channel.label == LABEL:
            self._channel = channel
            channel.on("message", self._receive)
            return

        @channel.on("message")
        def pong(message: str | bytes) -> None:
            # The reply of aiortc's example server to its clients.
            if isinstance(message, str) and message.startswith("ping") and self._rate.wait() == 0:
                channel.send("pong" + message[4:])

    def _receive(self, message: str | bytes) -> None:
        if self._rate.wait() == 0:
            self._on_message(message)
            return
        self.refused += 1
        if self.refused == 1:  # once: a reply to each would be a flood of our own
            self.send({"type": "refused", "message": f"at most {self._rate.per_second:g} messages a second are read"})

    def send(self, message: dict[str, Any]) -> None:
        """Send a JSON message, unless the channel is not open or the peer does not read."""
        channel = self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > _MOST_BUFFERED:
            return
        channel.send(json.dumps(message))
