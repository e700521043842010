"""Messages on a byte stream: four bytes with the length in network byte order, then the message."""

import asyncio

# A listing of a thousand streams has some 400 kB, the metrics of a worker 40 kB.
_LARGEST = 16 * 1024 * 1024
_LENGTH = 4
# Bytes that wait to be sent: the other side has stopped to read.
_MOST_WAITING = _LARGEST


class FrameError(ConnectionError):
    """The other side sent something that is no message."""


def write_frame(writer: asyncio.StreamWriter, message: bytes) -> None:
    """Send a message; it is dropped if the connection has ended. A connection whose other side does not read ends."""
    if writer.is_closing():
        return
    if writer.transport.get_write_buffer_size() > _MOST_WAITING:
        writer.transport.abort()
    else:
        writer.write(len(message).to_bytes(_LENGTH) + message)


async def read_frame(reader: asyncio.StreamReader) -> bytes | None:
    """Return the next message; None at the end of the connection.

    Raises:
        FrameError: the message is too large.
    """
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH))
        if length > _LARGEST:
            raise FrameError(f"a message of {length} bytes")
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionResetError, BrokenPipeError):
        return None
