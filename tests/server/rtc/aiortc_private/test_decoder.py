"""Contracts with aiortc's decoder threads."""

import asyncio
import inspect
from threading import Event, Thread

import aiortc.rtcrtpreceiver
import pytest
from aiortc import (
    RTCRtpReceiver,
    RTCRtpTransceiver,
)
from aiortc.jitterbuffer import JitterFrame

from acutance.server.rtc.aiortc_private.receiver import FrameFeed
from tests.server.rtc.aiortc_private.packets import KEY, vp8_packet


def test_encoded_frames_go_to_the_decoder_through_one_queue() -> None:
    source = inspect.getsource(RTCRtpReceiver)
    assert "self.__decoder_queue.put((codec, encoded_frame))" in source
    # The timestamp is already mapped: the decoded frame will have the same.
    assert source.index("encoded_frame.timestamp = ") < source.index("self.__decoder_queue.put((codec, encoded_frame))")


class _BlockedDecoder:
    """Decodes nothing until it is released; waits for a second at most."""

    def __init__(self) -> None:
        self.begun, self.release = Event(), Event()
        self.decoded = self.timeouts = 0

    def decode(self, frame: JitterFrame) -> list[object]:
        self.begun.set()
        self.timeouts += not self.release.wait(1)
        self.decoded += 1
        return []


async def test_the_end_of_a_call_does_not_wait_for_its_decoder_on_the_event_loop(
    receiver: RTCRtpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = _BlockedDecoder()
    monkeypatch.setattr(aiortc.rtcrtpreceiver, "get_decoder", lambda codec: decoder)
    ended: asyncio.Queue[None] = asyncio.Queue()
    FrameFeed(receiver, lambda *frame: None, lambda: None)
    queue = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    arguments = (asyncio.get_running_loop(), queue, ended, Event())
    thread = Thread(target=aiortc.rtcrtpreceiver.decoder_worker, args=arguments)
    thread.start()
    receiver._RTCRtpReceiver__decoder_thread = thread  # type: ignore[attr-defined]
    for number in range(8):
        await receiver._handle_rtp_packet(vp8_packet(number, 3000 * number, KEY), 0)
    await asyncio.to_thread(decoder.begun.wait)
    receiver._handle_disconnect()
    decoder.release.set()
    await receiver.stop()
    assert decoder.timeouts == 0, "the event loop waited"
    assert decoder.decoded == 1, "the frames behind it are dropped"
    assert not thread.is_alive()
    assert await ended.get() is None, "the track ends"


def test_the_receiver_ends_its_decoder_through_the_instance() -> None:
    source = inspect.getsource(RTCRtpReceiver)
    assert source.count("self.__stop_decoder()") == 3
    assert "await self.__receiver.stop()" in inspect.getsource(RTCRtpTransceiver.stop)
