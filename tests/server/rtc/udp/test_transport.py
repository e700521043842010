"""Our datagram transport between real sockets, on the event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from acutance.server.rtc.udp import transport as udp
from acutance.server.rtc.udp.transport import UdpTransport, open_udp
from tests.server.peers import until


class Recorder(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.addresses: set[Any] = set()
        self.errors: list[Exception] = []
        self.made: asyncio.BaseTransport | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.append(data)
        self.addresses.add(addr)

    def error_received(self, exc: Exception) -> None:
        self.errors.append(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


End = tuple[UdpTransport, Recorder]


@pytest.fixture
async def ends() -> AsyncIterator[tuple[End, End]]:
    loop = asyncio.get_running_loop()
    pair = tuple(open_udp(loop, Recorder, ("127.0.0.1", 0)) for _ in range(2))
    yield pair  # type: ignore[misc]
    for transport, _ in pair:
        transport.close()
    await until(lambda: all(protocol.lost for _, protocol in pair))


async def test_a_burst_arrives_in_its_order(ends: tuple[End, End]) -> None:
    (sender, _), (receiver, received) = ends
    sent = [bytes([number]) * size for number, size in enumerate([1200] * 20 + [300, 40, 1200, 1200, 5])]
    for each in sent:
        sender.sendto(each, receiver.get_extra_info("sockname"))
    await until(lambda: len(received.received) == len(sent))
    assert received.received == sent
    assert received.addresses == {sender.get_extra_info("sockname")}


async def test_all_that_waits_is_read_in_one_pass(ends: tuple[End, End]) -> None:
    (_, _), (receiver, received) = ends
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(100):
            sender.sendto(bytes([number]), receiver.get_extra_info("sockname"))
        receiver._receive()
        assert len(received.received) == 64, "then other callbacks have their turn"
        receiver._receive()
        assert received.received == [bytes([number]) for number in range(100)]


async def test_a_datagram_that_is_too_long_is_cut_and_not_lost_for_the_next(ends: tuple[End, End]) -> None:
    (sender, _), (receiver, received) = ends
    for each in (b"a" * 9000, b"b"):
        sender.sendto(each, receiver.get_extra_info("sockname"))
    await until(lambda: len(received.received) == 2)
    assert [len(each) for each in received.received] == [2048, 1]


class FullSocket:
    """A socket whose `sendto` raises an error until told otherwise."""

    def __init__(self, sock: socket.socket, error: OSError):
        self._socket = sock
        self.error: OSError | None = error
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendto(self, data: bytes, address: Any) -> int:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self._socket.sendto(data, address)


async def test_datagrams_wait_while_the_socket_is_full_and_excess_is_dropped(ends: tuple[End, End]) -> None:
    (sender, _), (receiver, received) = ends
    full = FullSocket(sender._socket, BlockingIOError())
    sender._socket = full  # type: ignore[assignment]
    for number in range(udp._MOST_WAITING + 10):
        sender.sendto(b"%d" % number, receiver.get_extra_info("sockname"))
    assert sender.dropped == 10
    assert not received.received
    full.error = None
    await until(lambda: len(received.received) >= 100)
    assert received.received[:3] == [b"0", b"1", b"2"]


async def test_an_error_of_one_datagram_is_reported_and_the_next_ones_are_sent(ends: tuple[End, End]) -> None:
    (sender, protocol), (receiver, received) = ends
    sender.sendto(b"to nowhere", ("127.0.0.1", 0))
    sender.sendto(b"to somebody", receiver.get_extra_info("sockname"))
    await until(lambda: received.received)
    assert received.received == [b"to somebody"]
    assert len(protocol.errors) == 1


async def test_what_waits_is_sent_before_the_socket_is_closed() -> None:
    loop = asyncio.get_running_loop()
    sender, protocol = open_udp(loop, Recorder, ("127.0.0.1", 0))
    receiver, received = open_udp(loop, Recorder, ("127.0.0.1", 0))
    full = FullSocket(sender._socket, BlockingIOError())
    sender._socket = full  # type: ignore[assignment]
    sender.sendto(b"last", receiver.get_extra_info("sockname"))
    sender.close()
    full.error = None
    sender.close()
    sender.sendto(b"too late", receiver.get_extra_info("sockname"))
    assert sender.is_closing()
    await until(lambda: protocol.lost and received.received)
    assert received.received == [b"last"]
    receiver.abort()
    await until(lambda: received.lost)


async def test_an_address_in_use_is_an_error() -> None:
    loop = asyncio.get_running_loop()
    transport, protocol = open_udp(loop, Recorder, ("127.0.0.1", 0))
    with pytest.raises(OSError, match="in use"):
        open_udp(loop, Recorder, transport.get_extra_info("sockname"))
    transport.close()
    await until(lambda: protocol.lost)
