import asyncio
import io

import pytest

from acutance.model.learning.messages import LARGEST, Message, ProtocolError, frames_message, read, read_async

MESSAGES = [Message("ready"), frames_message((16, 8), 2, bytes(range(192)) * 2, aside=True), Message("x", {"a": "\n"})]
WRONG = [
    b"{\n",
    b"[]\n",
    b'{"type": "x"}\n',
    b'{"type": 1, "bytes": 0}\n',
    b'{"type": "x", "bytes": -1}\n',
    b'{"type": "x", "bytes": %d}\n' % (LARGEST + 1),
    b'{"type": "x", "bytes": 5}\nabc',
    b"\xff" * 100,
]


def test_messages_are_read_as_they_were_written() -> None:
    stream = io.BytesIO(b"".join(message.encoded() for message in MESSAGES))
    assert [read(stream) for _ in MESSAGES] == MESSAGES
    assert read(stream) is None


async def test_an_asyncio_stream_gives_the_same() -> None:
    stream = asyncio.StreamReader()
    for message in MESSAGES:
        stream.feed_data(message.encoded())
    stream.feed_eof()
    assert [await read_async(stream) for _ in MESSAGES] == MESSAGES
    assert await read_async(stream) is None


@pytest.mark.parametrize("data", WRONG)
async def test_anything_else_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        read(io.BytesIO(data))
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    with pytest.raises(ProtocolError):
        await read_async(stream)


def test_a_missing_number_is_zero() -> None:
    message = Message("weights", {"gain": 0.5, "before": "much"})
    assert [message.number(name) for name in ("gain", "before", "none")] == [0.5, 0.0, 0.0]
