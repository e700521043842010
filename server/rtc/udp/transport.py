"""A datagram transport that reads all waiting datagrams in one wake-up of the event loop.

asyncio's own transport reads one datagram for each pass of the event loop, into a buffer of 256 KiB. The packets of a
frame arrive together: with this transport they take one pass.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

# More than any datagram that is processed (datagram_filter.py): longer ones are cut, and dropped there.
_LARGEST = 2048
# Datagrams of one pass of the event loop: a keyframe of 1080p has up to 400. The rest waits for the next pass.
_BURST = 64
# Datagrams that wait for the socket; a second of 1080p at 8 Mbit/s has about 900. Further ones are dropped.
_MOST_WAITING = 1024


class UdpTransport(asyncio.DatagramTransport):
    """A UDP socket of an event loop, with asyncio's interface for an unconnected one.

    Attributes:
        dropped: number of datagrams that were not sent, because too many were waiting.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, protocol: asyncio.DatagramProtocol
    ) -> None:
        """Begin to receive; ``protocol.connection_made`` is called at once.

        Args:
            loop: the running event loop.
            sock: bound and non-blocking; the transport closes it.
            protocol: takes what arrives.
        """
        super().__init__({"socket": sock, "sockname": sock.getsockname()})
        self.dropped = 0
        self._loop = loop
        self._socket = sock
        self._protocol = protocol
        self._waiting: deque[tuple[bytes, Any]] = deque()
        self._closing = False
        protocol.connection_made(self)
        loop.add_reader(sock.fileno(), self._receive)

    def sendto(self, data: bytes | bytearray | memoryview, addr: Any = None) -> None:
        """Send a datagram, after those that wait because the buffer of the socket was full."""
        if self._closing:
            return
        if not self._waiting:
            try:
                self._socket.sendto(data, addr)
            except (BlockingIOError, InterruptedError):
                self._loop.add_writer(self._socket.fileno(), self._flush)
            except OSError as error:
                self._protocol.error_received(error)
                return
            else:
                return
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append((bytes(data), addr))
        else:
            self.dropped += 1

    def is_closing(self) -> bool:
        """Return whether `close` or `abort` was called."""
        return self._closing

    def close(self) -> None:
        """Send what waits, then close the socket."""
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._socket.fileno())
        if not self._waiting:
            self._loop.call_soon(self._end)

    def abort(self) -> None:
        """Close the socket without sending what waits."""
        if self._waiting:
            self._waiting.clear()
            self._loop.remove_writer(self._socket.fileno())
        self.close()

    def _receive(self) -> None:
        receive, take = self._socket.recvfrom, self._protocol.datagram_received
        for _ in range(_BURST):
            try:
                data, address = receive(_LARGEST)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._protocol.error_received(error)
                return
            take(data, address)
            if self._closing:
                return

    def _flush(self) -> None:
        """Send what waits; called when the socket can be written to."""
        while self._waiting:
            try:
                self._socket.sendto(*self._waiting[0])
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._protocol.error_received(error)
            self._waiting.popleft()
        self._loop.remove_writer(self._socket.fileno())
        if self._closing:
            self._end()

    def _end(self) -> None:
        self._socket.close()
        self._protocol.connection_lost(None)


def open_udp[P: asyncio.DatagramProtocol](
    loop: asyncio.AbstractEventLoop, protocol: Callable[[], P], address: tuple[str, int]
) -> tuple[UdpTransport, P]:
    """Bind a UDP socket to an address and receive on it.

    Args:
        loop: the running event loop.
        protocol: makes the protocol.
        address: an IPv4 or IPv6 address, and a port; 0 for any free one.

    Raises:
        OSError: the address cannot be bound.
    """
    family, _, _, _, found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0]
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind(found)
    except BaseException:
        sock.close()
        raise
    made = protocol()
    return UdpTransport(loop, sock, made), made
