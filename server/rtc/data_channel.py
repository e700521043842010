"""The data channel of a session: sends statistics, receives settings. Channels with other labels only answer pings."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiortc import RTCDataChannel

from acutance.server.security.rate_limit import TokenBucket

# Label of our data channel. Channels of other labels ("chat" in aiortc's examples) get no statistics.
LABEL = "acutance"
# With more unacknowledged bytes than this, nothing more is sent: the peer does not read.
_MOST_BUFFERED = 64 * 1024
# Channels served for each session; a peer could open 65,535, each with a buffer.
_MOST_CHANNELS = 16


class DataChannel:
    """Exchanges messages with a peer over the channel with our label, once the peer has opened it.

    Attributes:
        refused: number of messages that exceeded the rate.
    """

    def __init__(self, on_message: Callable[[str | bytes], None], per_second: float):
        """Create it.

        Args:
            on_message: called on the event loop with each message of the peer.
            per_second: maximum rate of messages that are read; messages above it are refused.
        """
        self.refused = 0
        self._on_message = on_message
        self._rate = TokenBucket(per_second, max(1.0, per_second))
        self._channel: RTCDataChannel | None = None
        self._channels: list[RTCDataChannel] = []

    def opened(self, channel: RTCDataChannel) -> None:
        """Serve a channel that the peer has opened."""
        self._channels = [other for other in self._channels if other.readyState != "closed"]
        if len(self._channels) >= _MOST_CHANNELS:
            return
        self._channels.append(channel)
        if channel.label == LABEL:
            self._channel = channel
            channel.on("message", self._receive)
            return

        @channel.on("message")
        def pong(message: str | bytes) -> None:
            # The reply of aiortc's example server to its clients.
            if isinstance(message, str) and message.startswith("ping") and self._rate.wait() == 0:
                self._put(channel, "pong" + message[4:])

    def _receive(self, message: str | bytes) -> None:
        if self._rate.wait() == 0:
            self._on_message(message)
            return
        self.refused += 1
        if self.refused == 1:  # only once: replies to all of them would be a flood too
            self.send({"type": "refused", "message": f"at most {self._rate.per_second:g} messages a second are read"})

    def send(self, message: dict[str, Any]) -> None:
        """Send a JSON message, unless no channel is open or the peer does not read."""
        if self._channel is not None:
            self._put(self._channel, json.dumps(message))

    def _put(self, channel: RTCDataChannel, text: str) -> None:
        # Separate limits for our channel and for the others: unread pongs must not block statistics.
        ours = channel.label == LABEL
        buffered = sum(other.bufferedAmount for other in self._channels if (other.label == LABEL) is ours)
        if channel.readyState == "open" and buffered + len(text.encode()) <= _MOST_BUFFERED:
            with suppress(ValueError):  # longer than the a=max-message-size of the peer's offer
                channel.send(text)
