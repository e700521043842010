"""Messages on a real peer's data channel: each is answered, applied or refused, and the call continues."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import Future
from threading import Thread
from time import perf_counter
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from hypothesis import given
from hypothesis import strategies as st

from acutance.server.rtc.data_channel import LABEL
from tests.fuzz import mutation
from tests.fuzz.corpus import inputs, keep
from tests.fuzz.doors import FaultError
from tests.fuzz.effort import share
from tests.fuzz.http.http_connection import HttpConnection
from tests.fuzz.served import Served
from tests.fuzz.tally import LONGEST_S, note

pytestmark = pytest.mark.media

_CONNECTED_S = 20.0
_FIELDS = ("type", "student", "strength", "enhance", "output_height", "max_bitrate")


class Caller:
    """A call without video, on its own event loop and thread."""

    def __init__(self, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()
        self._http = HttpConnection(port)
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._peer, self._channel, self.url = self._do(self._call())

    def _do[T](self, work: Any) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(_CONNECTED_S)

    async def _call(self) -> tuple[RTCPeerConnection, RTCDataChannel, str]:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTransceiver("video", direction="sendrecv")
        channel = peer.createDataChannel(LABEL)
        opened = asyncio.Event()
        channel.on("open", opened.set)
        channel.on("message", self._heard)
        await peer.setLocalDescription(await peer.createOffer())
        body = json.dumps({"sdp": peer.localDescription.sdp, "type": "offer"}).encode()
        answer = await asyncio.to_thread(self._http.request, "POST /offer", b"POST", b"/offer", (), body)
        answered = answer.json()
        await peer.setRemoteDescription(RTCSessionDescription(answered["sdp"], answered["type"]))
        await opened.wait()
        return peer, channel, answered["url"]

    def _heard(self, message: str) -> None:
        reply = json.loads(message)
        if reply["type"] in ("applied", "forgotten", "refused"):
            self._answers.put_nowait(reply)

    def answers(self, messages: list[str | bytes]) -> list[dict[str, Any]]:
        """Return the server's replies to each of these messages."""
        return self._do(self._answered(messages))  # type: ignore[no-any-return]

    async def _answered(self, messages: list[str | bytes]) -> list[dict[str, Any]]:
        for message in messages:
            self._channel.send(message)
        async with asyncio.timeout(LONGEST_S + 4):
            return [await self._answers.get() for _ in messages]

    def hang_up(self) -> None:
        self._do(self._peer.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._http.request("end", b"DELETE", self.url.encode())
        self._http.close()


@pytest.fixture(scope="module")
def caller(server: Served) -> Iterator[Caller]:
    faults = server.usage().faults
    caller = Caller(server.port)
    yield caller
    caller.hang_up()
    assert server.quiet().faults == faults


def _said(caller: Caller, messages: list[str | bytes]) -> list[dict[str, Any]]:
    begun = perf_counter()
    try:
        answers = caller.answers(messages)
    except TimeoutError as error:
        sent = b"\n".join(one.encode("utf-8", "replace") if isinstance(one, str) else one for one in messages)
        raise FaultError(f"a message has no answer; they are in {keep('control', sent)}") from error
    seconds = perf_counter() - begun
    assert seconds <= LONGEST_S
    for _ in messages:
        note("data channel", seconds / len(messages))
    return answers


def test_a_setting_is_applied(caller: Caller) -> None:
    (answer,) = _said(caller, ['{"type": "control", "strength": 0.25}'])
    assert (answer["type"], answer["strength"]) == ("applied", 0.25)


def test_the_corpus_of_messages(caller: Caller) -> None:
    messages = inputs("control").values()
    _said(caller, [*messages, *(message.decode("utf-8", "replace") for message in messages)])


_MESSAGES = (
    mutation.mutated(list(inputs("control").values())).filter(lambda message: len(message) < 60_000)
    | st.builds(mutation.as_json, mutation.objects(*_FIELDS))
    | st.binary(max_size=2000)
)


@share(0.006)
@given(st.lists(_MESSAGES, min_size=1, max_size=8))
def test_messages(caller: Caller, messages: list[bytes]) -> None:
    # Text and bytes are two kinds of messages (RFC 8831, section 6.6); empty ones are sent as one byte.
    texts = [message.decode("utf-8", "replace") for message in messages]
    for answer in _said(caller, [*messages, *texts]):
        assert answer["type"] in ("applied", "forgotten") or 10 <= len(answer["message"]) <= 600
