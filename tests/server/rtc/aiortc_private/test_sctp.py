"""SCTP packets of a peer neither block the server nor fill memory, whatever they contain."""

import inspect
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
    serialize_packet,
)

from acutance.server.rtc.aiortc_private.sctp import decode_parameters, limit_sctp
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


def test_parameters_are_decoded_by_the_function_of_ours() -> None:
    assert BaseParamsChunk(body=pack("!HHLHHB", 7, 8, 99, 9, 5, 1)).params == [(7, pack("!L", 99)), (9, b"\x01")]
    assert "decode_params(body)" in inspect.getsource(BaseParamsChunk)
    for length in (0, 3, 9, 65_535):
        with pytest.raises(ValueError, match="invalid length"):
            decode_parameters(pack("!HHL", 7, length, 99))


def test_aiortc_calls_what_is_wrapped_through_the_instance() -> None:
    source = inspect.getsource(RTCSctpTransport)
    assert "await self._receive_chunk(chunk)" in source
    assert "asyncio.ensure_future(self._data_channel_flush())" in source
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


async def test_a_flush_that_fails_because_the_connection_has_ended_is_no_error(sctp: Any) -> None:
    async def ended(*_: object) -> None:
        raise ConnectionError

    sctp._send = ended
    sctp._data_channel_queue.append((RTCDataChannel(sctp, RTCDataChannelParameters(id=0)), 51, b"a"))
    sctp._association_state = RTCSctpTransport.State.ESTABLISHED
    await sctp._data_channel_flush()


async def test_a_sack_of_all_packets_there_may_be_costs_nothing(sctp: Any) -> None:
    chunk = SackChunk()
    chunk.gaps = [(0, 65_535), (65_535, 0)] * 100
    work = sctp._handle_data(serialize_packet(5000, 5000, sctp._local_verification_tag, chunk))

    def run() -> None:
        with pytest.raises(StopIteration):
            work.send(None)

    assert bytecodes(run) < 20_000
