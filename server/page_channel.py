"""The page's data channel: statistics go out, wishes come in; other clients' channels are answered and left alone."""

import json
from collections.abc import Callable
from typing import Any

from aiortc import RTCDataChannel

# The label of the page's data channel: others' channels ("chat" in aiortc's examples) get no statistics.
LABEL = "acutance"
# A channel whose peer no longer reads is not filled further.
_MOST_BUFFERED = 64 * 1024


class PageChannel:
    """Sends to the peer's channel of our label, once there is one."""

    def __init__(self, on_message: Callable[[str | bytes], None]):
        """Make it; ``on_message`` is called on the event loop with what the peer says."""
        self._on_message = on_message
        self._channel: RTCDataChannel | None = None

    def opened(self, channel: RTCDataChannel) -> None:
        """Take a channel that the peer has opened."""
        if channel.label == LABEL:
            self._channel = channel
            channel.on("message", self._on_message)
            return

        @channel.on("message")
        def pong(message: str | bytes) -> None:
            # What aiortc's example server answers on its clients' channel.
            if isinstance(message, str) and message.startswith("ping"):
                channel.send("pong" + message[4:])

    def send(self, message: dict[str, Any]) -> None:
        """Send JSON, if the peer listens."""
        channel = self._channel
        if channel is None or channel.readyState != "open" or channel.bufferedAmount > _MOST_BUFFERED:
            return
        channel.send(json.dumps(message))
