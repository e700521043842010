"""Messages between the server and the process that fits a student to a call, over the standard input and output of it.

A message is one line of JSON, `{"type": ..., "bytes": N, ...}`, and N bytes of payload. The server sends

- `remembered`: ONNX weights of `student` from an earlier call, to begin with; before the first frames;
- `frames`: a segment of good frames, see `frames_message`; with `aside` true it is kept aside for the comparison;
- `pause` and `resume`: to compute nothing for a while.

The process answers

- `ready`: it has read the students to start from;
- `weights`: ONNX weights of `student` that are better than those in use on the frames kept aside; with `gain` and
  `before`, the mean gains in dB of these weights and of the general student;
- `refused`: a round of fitting `student` gave nothing better, with `reason`;
- `withdrawn`: on newer frames the weights of `student` in use are no longer better than the general student.

Students are named by the names of their files without suffix.

The end of its input ends the process.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, BinaryIO

LONGEST_HEADER = 4096
"""Longest line of JSON in bytes."""
LARGEST = 64 * 1024 * 1024
"""Largest payload in bytes; a segment has a tenth of it."""


class ProtocolError(ValueError):
    """What was read is no message."""


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        type: Its type.
        fields: The other fields of its line, all of JSON's types.
        payload: The bytes after its line.
    """

    type: str
    fields: dict[str, Any] = field(default_factory=dict)
    payload: bytes = b""

    def encoded(self) -> bytes:
        """Return the message as it is written."""
        header = {"type": self.type, "bytes": len(self.payload), **self.fields}
        return json.dumps(header).encode() + b"\n" + self.payload

    def number(self, name: str) -> float:
        """Return a numeric field; 0 if it is missing or no number."""
        value = self.fields.get(name)
        return float(value) if isinstance(value, int | float) else 0.0


def frames_message(size: tuple[int, int], count: int, payload: bytes, *, aside: bool) -> Message:
    """Return a message with a segment of frames.

    Args:
        size: Width and height in pixels, both even.
        count: Number of frames.
        payload: The frames in the order of time, each as planar 4:2:0 of 8 bits: luma, then both chroma planes.
        aside: Whether they are kept aside.
    """
    return Message("frames", {"width": size[0], "height": size[1], "count": count, "aside": aside}, payload)


def read(stream: BinaryIO) -> Message | None:
    """Read a message; None at the end of the stream.

    Raises:
        ProtocolError: What was read is no message.
    """
    line = stream.readline(LONGEST_HEADER)
    if not line:
        return None
    message, size = _header(line)
    payload = stream.read(size)
    if len(payload) < size:
        raise ProtocolError("the stream ended within a message")
    return Message(message.type, message.fields, payload)


async def read_async(stream: asyncio.StreamReader) -> Message | None:
    """Read a message from an asyncio stream; None at its end.

    Raises:
        ProtocolError: What was read is no message.
    """
    try:
        line = await stream.readline()
        if not line:
            return None
        message, size = _header(line)
        return Message(message.type, message.fields, await stream.readexactly(size))
    except (asyncio.IncompleteReadError, ValueError) as error:
        raise ProtocolError(str(error)) from None


def _header(line: bytes) -> tuple[Message, int]:
    try:
        fields = json.loads(line)
        kind, size = fields.pop("type"), fields.pop("bytes")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ProtocolError(f"no message: {line[:80]!r}") from None
    if not isinstance(kind, str) or not isinstance(size, int) or not 0 <= size <= LARGEST:
        raise ProtocolError(f"no message: {line[:80]!r}")
    return Message(kind, fields), size
