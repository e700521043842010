"""The connection to a worker, with bytes that a faulty worker could send."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from acutance.server.errors import RequestError
from acutance.server.signalling.requests import FindSession, ListStreams
from acutance.server.workers.carrier import CarrierLostError
from acutance.server.workers.processes import frames
from acutance.server.workers.processes.frames import read_frame, write_frame
from acutance.server.workers.processes.linked import StartError, WorkerCarrier
from acutance.server.workers.processes.messages import Failed, Refusal, Reported, Response
from acutance.server.workers.report import LoadReport, Report


class Far:
    """The worker's end of the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    def send(self, message: object) -> None:
        write_frame(self.writer, message.model_dump_json().encode())  # type: ignore[attr-defined]


@pytest.fixture
async def ends() -> AsyncIterator[tuple[WorkerCarrier, Far]]:
    ours, theirs = socket.socketpair()
    carrier = WorkerCarrier("w1", 1.0, *await asyncio.open_connection(sock=ours))
    far = Far(*await asyncio.open_connection(sock=theirs))
    running = asyncio.create_task(carrier.run())
    yield carrier, far
    far.writer.close()
    await running
    if carrier.started.done():
        carrier.started.exception()


async def _asked(far: Far) -> None:
    assert await read_frame(far.reader) is not None


async def test_replies_are_matched_to_requests_in_any_order(ends: tuple[WorkerCarrier, Far]) -> None:
    carrier, far = ends
    first = asyncio.create_task(carrier.ask(ListStreams(), 5))
    second = asyncio.create_task(carrier.ask(FindSession(id="x"), 5))
    await _asked(far)
    await _asked(far)
    far.send(Refusal.of(1, RequestError(404, "not_found", "none", {"Retry-After": "5"})))
    far.send(Response.of(0, ListStreams(), [{"name": "a"}]))
    assert await first == [{"name": "a"}]
    with pytest.raises(RequestError) as refused:
        await second
    assert (refused.value.status, refused.value.code, refused.value.headers) == (404, "not_found", {"Retry-After": "5"})


async def test_a_connection_whose_other_side_does_not_read_ends(
    ends: tuple[WorkerCarrier, Far], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "_MOST_WAITING", 1_000_000)
    carrier, far = ends
    far.reader._transport.pause_reading()  # type: ignore[attr-defined]
    for _ in range(100):
        write_frame(carrier._writer, bytes(100_000))
    await asyncio.wait_for(carrier.ended.wait(), 10)


async def test_a_reply_that_is_late_is_dropped(ends: tuple[WorkerCarrier, Far]) -> None:
    carrier, far = ends
    with pytest.raises(CarrierLostError, match="has not replied within"):
        await carrier.ask(ListStreams(), 0.01)
    far.send(Response.of(0, ListStreams(), []))
    far.send(Reported(report=Report(load=LoadReport(lag_ms=3))))
    async with asyncio.timeout(5):
        while not carrier.report.load.lag_ms:  # noqa: ASYNC110 - there is no event for a report
            await asyncio.sleep(0.01)
    assert carrier.responds


async def test_requests_fail_when_the_worker_ends(ends: tuple[WorkerCarrier, Far]) -> None:
    carrier, far = ends
    asking = asyncio.create_task(carrier.ask(ListStreams(), 60))
    await _asked(far)
    far.writer.close()
    with pytest.raises(CarrierLostError):
        await asking
    with pytest.raises(CarrierLostError):
        await carrier.ask(ListStreams(), 60)
    assert not carrier.responds
    with pytest.raises(CarrierLostError):
        await carrier.started


@pytest.mark.parametrize(
    "sent", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x04\xff\xfe\xfd\xfc", b"\x00\x00\x00\x09ab"]
)
async def test_unreadable_messages_end_the_connection(ends: tuple[WorkerCarrier, Far], sent: bytes) -> None:
    carrier, far = ends
    far.writer.write(sent)
    await far.writer.drain()
    if sent.endswith(b"ab"):
        far.writer.close()
    await asyncio.wait_for(carrier.ended.wait(), 5)


async def test_an_error_at_the_start_is_passed_on(ends: tuple[WorkerCarrier, Far]) -> None:
    carrier, far = ends
    far.send(Failed(message="there is no student 'x'"))
    with pytest.raises(StartError, match="there is no student 'x'"):
        await carrier.started


async def test_a_worker_without_reports_does_not_respond() -> None:
    now = 0.0
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    carrier = WorkerCarrier("w1", 1.0, reader, writer, clock=lambda: now)
    assert carrier.responds
    now = 5.0
    assert not carrier.responds
    writer.close()
    theirs.close()
