"""SCTP packets of a peer neither block the server nor fill memory, whatever they contain."""

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator
from struct import pack
from typing import Any

import pytest
from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCDataChannelParameters,
    RTCPeerConnection,
    RTCSctpTransport,
)
from aiortc.rtcsctptransport import (
    SCTP_DATA_FIRST_FRAG,
    BaseParamsChunk,
    DataChunk,
    SackChunk,
    ShutdownAckChunk,
    serialize_packet,
)
from OpenSSL import SSL

from acutance.server.rtc.aiortc_private.sctp import decode_parameters, end_sctp_with_dtls, limit_sctp
from tests.work import bytecodes


@pytest.fixture
async def sctp() -> Any:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.createDataChannel("acutance")
    sctp: Any = peer.sctp
    sctp._last_received_tsn = 0

    async def nobody_listens() -> None:
        pass

    sctp._send_sack = nobody_listens
    limit_sctp(sctp)
    return sctp


def test_aiortc_decodes_parameters_with_the_replaced_function() -> None:
    assert BaseParamsChunk(body=pack("!HHLHHB", 7, 8, 99, 9, 5, 1)).params == [(7, pack("!L", 99)), (9, b"\x01")]
    assert "decode_params(body)" in inspect.getsource(BaseParamsChunk)
    for length in (0, 3, 9, 65_535):
        with pytest.raises(ValueError, match="invalid length"):
            decode_parameters(pack("!HHL", 7, length, 99))


def test_aiortc_calls_what_is_wrapped_through_the_instance() -> None:
    source = inspect.getsource(RTCSctpTransport)
    assert "await self._receive_chunk(chunk)" in source
    assert "for pos in range(gap[0], gap[1] + 1):" in source


@pytest.mark.parametrize("streams", [1, 60_000])
async def test_fragments_and_streams_without_end_do_not_fill_memory(sctp: Any, streams: int) -> None:
    for number in range(5000):
        chunk = DataChunk(SCTP_DATA_FIRST_FRAG)
        chunk.tsn, chunk.stream_id, chunk.stream_seq, chunk.protocol = number + 1, number % streams, 0, 51
        chunk.user_data = b"a"
        await sctp._handle_data(serialize_packet(5000, 5000, sctp._local_verification_tag, chunk))
    kept = [len(stream.reassembly) for stream in sctp._inbound_streams.values()]
    assert len(kept) <= 65
    assert sum(kept) <= 257


class _Transport:
    """In place of a DTLS transport that has been connected."""

    def __init__(self) -> None:
        self.state = "connected"
        self.failure: Exception | None = None
        self.sent: list[bytes] = []

    async def _send_data(self, data: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append(data)


@pytest.fixture
async def association(sctp: Any) -> AsyncIterator[Any]:
    """An association that has sent a message and a request to reset a stream; nothing was acknowledged."""
    sctp._RTCSctpTransport__transport = _Transport()
    sctp._remote_port, sctp._data_channel_id = 5000, 1
    sctp._rto = 0.01
    end_sctp_with_dtls(sctp)
    sctp._set_state(RTCSctpTransport.State.ESTABLISHED)
    channel = RTCDataChannel(sctp, RTCDataChannelParameters(id=0))
    sctp._data_channel_send(channel, b"a")
    await asyncio.sleep(0)
    sctp._data_channels[0] = channel
    channel._setReadyState("open")
    sctp._data_channel_close(channel)
    await asyncio.sleep(0)
    yield sctp
    sctp._set_state(RTCSctpTransport.State.CLOSED)


@pytest.fixture
async def errors() -> list[str]:
    """What the event loop reports: exceptions of tasks that nobody awaits."""
    found: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: found.append(str(context)))
    return found


def test_aiortc_starts_timers_and_sends_through_the_instance() -> None:
    source = inspect.getsource(RTCSctpTransport)
    for timer in ("_t1_expired", "_t2_expired", "_t3_expired", "_reconfig_timer_expired"):
        assert f"self.{timer})" in "".join(source.split()), "the loop calls it"
    assert "await self._send_chunk(chunk)" in source
    assert source.count("self.__transport._send_data(") == 1, "nothing else sends"


async def test_timers_send_again_while_the_connection_lasts(association: Any, errors: list[str]) -> None:
    sent = association.transport.sent
    before = len(sent)
    async with asyncio.timeout(5):
        while len(sent) < before + 3:  # noqa: ASYNC110 - by timers
            await asyncio.sleep(0.005)
    assert association._association_state is RTCSctpTransport.State.ESTABLISHED
    assert errors == []


async def test_an_association_ends_with_its_connection_without_an_error(association: Any, errors: list[str]) -> None:
    association.transport.state = "closed"
    association.transport.failure = ConnectionError("Cannot send encrypted data, not connected")
    async with asyncio.timeout(5):
        while association.state != "closed":  # noqa: ASYNC110 - by timers
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.05)
    gc.collect()
    assert errors == []
    assert association._t3_handle is association._reconfig_handle is None


@pytest.mark.parametrize("failure", [ConnectionError("not connected"), SSL.Error("protocol is shutdown")])
@pytest.mark.parametrize("chunk", ["_t1_chunk", "_t2_chunk"])
async def test_a_connection_that_ends_between_timer_and_task_is_no_error(
    association: Any, errors: list[str], chunk: str, failure: Exception
) -> None:
    setattr(association, chunk, ShutdownAckChunk())
    association.transport.failure = failure
    getattr(association, chunk.replace("chunk", "expired"))()
    association._t3_expired()
    association._reconfig_timer_expired()
    await asyncio.sleep(0)
    gc.collect()
    assert errors == []


async def test_a_sack_of_all_possible_packets_takes_bounded_time(sctp: Any) -> None:
    chunk = SackChunk()
    chunk.gaps = [(0, 65_535), (65_535, 0)] * 100
    work = sctp._handle_data(serialize_packet(5000, 5000, sctp._local_verification_tag, chunk))

    def run() -> None:
        with pytest.raises(StopIteration):
            work.send(None)

    assert bytecodes(run) < 20_000
