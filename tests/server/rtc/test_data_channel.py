"""The data channel of a session, with channels that are not connected to anything."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCDataChannel, RTCDataChannelParameters, RTCPeerConnection

from acutance.server.rtc.data_channel import LABEL, DataChannel


class Channel:
    """Like `RTCDataChannel`: sent data stays in its buffer until the peer acknowledges it."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.readyState = "open"
        self.sent: list[str] = []
        self.bufferedAmount = 0
        self.receive: Callable[[str | bytes], None] = lambda message: None

    def on(self, event: str, handler: Any = None) -> Any:
        assert event == "message"
        if handler is None:
            return lambda decorated: self.on(event, decorated)
        self.receive = handler
        return handler

    def send(self, message: str) -> None:
        self.sent.append(message)
        self.bufferedAmount += len(message.encode())

    def acknowledge(self) -> None:
        self.bufferedAmount = 0


def _data_channel(per_second: float = 1e6) -> tuple[DataChannel, list[str | bytes]]:
    read: list[str | bytes] = []
    return DataChannel(read.append, per_second), read


def _opened(ours: DataChannel, label: str) -> Channel:
    channel = Channel(label)
    ours.opened(channel)  # type: ignore[arg-type]
    return channel


def test_messages_of_the_own_label_are_read_and_a_ping_of_another_label_is_answered() -> None:
    ours, read = _data_channel()
    channel, chat = _opened(ours, LABEL), _opened(ours, "chat")
    channel.receive("hello")
    chat.receive("ping 17")
    chat.receive("hello")
    chat.receive(b"ping")
    assert read == ["hello"]
    assert chat.sent == ["pong 17"]
    ours.send({"type": "stats"})
    assert [json.loads(message) for message in channel.sent] == [{"type": "stats"}]


def test_a_peer_that_acknowledges_nothing_occupies_bounded_memory() -> None:
    ours, _ = _data_channel()
    channels = [_opened(ours, LABEL), *(_opened(ours, f"chat{number}") for number in range(100))]
    ping = "ping" + "x" * (16 * 1024)
    for _ in range(20):
        for channel in channels[1:]:
            channel.receive(ping)
            ours.send({"type": "stats", "filling": "x" * 2000})
    assert 0 < sum(channel.bufferedAmount for channel in channels) <= 128 * 1024


def test_a_ping_larger_than_the_buffer_is_not_answered() -> None:
    ours, _ = _data_channel()
    chat = _opened(ours, "chat")
    chat.receive("ping" + "x" * 256 * 1024)
    assert chat.sent == []


def test_acknowledged_bytes_make_room_again() -> None:
    ours, _ = _data_channel()
    chat = _opened(ours, "chat")
    ping = "ping" + "x" * (40 * 1024)
    chat.receive(ping)
    chat.receive(ping)
    assert len(chat.sent) == 1
    chat.acknowledge()
    chat.receive(ping)
    assert len(chat.sent) == 2


def test_unread_messages_of_other_channels_do_not_block_statistics() -> None:
    ours, _ = _data_channel()
    channel, chat = _opened(ours, LABEL), _opened(ours, "chat")
    chat.receive("ping" + "x" * (60 * 1024))
    ours.send({"type": "stats"})
    assert len(channel.sent) == 1


async def test_a_message_longer_than_the_peer_accepts_is_left_out() -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.createDataChannel("first")
    sctp: Any = peer.sctp
    sctp._remote_max_message_size = 10  # a=max-message-size (RFC 8841, section 6)
    channel = RTCDataChannel(sctp, RTCDataChannelParameters(label=LABEL, id=0))
    channel._setReadyState("open")
    with pytest.raises(ValueError, match="remote party"):
        channel.send("x" * 11)
    ours, _ = _data_channel()
    ours.opened(channel)
    ours.send({"type": "stats"})
    assert channel.bufferedAmount == 0
    ours.send({"a": 1})
    assert channel.bufferedAmount == 8
    await peer.close()
