"""Accepted offers with strange parameters, of peers that really connect: the server uses them without an error."""

import asyncio
import gc
import logging
from collections.abc import Iterator
from random import Random
from time import perf_counter

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from hypothesis import given
from hypothesis import strategies as st

from acutance.server.errors import RequestError
from acutance.server.rtc.aiortc_private.transport import prepare_ice
from acutance.server.rtc.data_channel import LABEL
from acutance.server.rtc.session_description import parse_offer
from acutance.server.security.quota import Client
from acutance.server.sessions.host import Host
from acutance.server.sessions.publisher.publisher import Publisher
from tests.fuzz.corpus import keep
from tests.fuzz.doors import FaultError
from tests.fuzz.effort import share
from tests.fuzz.media.parameters import with_strange_parameters
from tests.fuzz.media.victim import new_host
from tests.fuzz.tally import note

pytestmark = pytest.mark.media

_CONNECTED_S, _IN_CALL_S = 3.0, 0.1


class _Meeting:
    """An event loop with a server, which peers of strange offers call one after the other."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.errors: list[str] = []
        self._log = _Errors(self.errors)
        logging.getLogger().addHandler(self._log)
        self.runner.get_loop().set_exception_handler(lambda loop, context: self.errors.append(str(context)))
        self._host = self.runner.run(self._started())
        # As in serve.py: the collections after each call visit only objects of calls.
        gc.collect()
        gc.freeze()

    async def _started(self) -> Host:
        host = new_host()
        host.start()
        return host

    def call(self, random: Random) -> None:
        """Make one call.

        Raises:
            FaultError: the server reported an error.
        """
        offer = self.runner.run(self._called(random))
        gc.collect()  # a task reports its error when it is released
        self.runner.run(asyncio.sleep(0))
        if self.errors:
            file = keep("offer", offer.encode())
            raise FaultError(f"the offer is in {file}: {self.errors.pop()}")

    async def _called(self, random: Random) -> str:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTransceiver("audio", direction="sendrecv")
        peer.addTransceiver("video", direction="sendrecv")
        channel = peer.createDataChannel(LABEL)
        channel.on("open", lambda: channel.send('{"type": "control", "strength": 0.5}'))
        await peer.setLocalDescription(await peer.createOffer())
        offer = with_strange_parameters(random, peer.localDescription.sdp)
        session = None
        try:
            session, answer = await self._answered(offer)
            prepare_ice(peer)
            await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await self._spoken(session)
        except RequestError:
            pass
        except Exception:  # of the peer: aiortc accepts an answer only to the offer that it made
            if session is None:
                raise
        finally:
            await peer.close()
            if session is not None:
                await session.close("the test is over")
        return offer

    async def _answered(self, offer: str) -> tuple[Publisher, str]:
        begun = perf_counter()
        try:
            return await self._host.publish(Client(), parse_offer(offer))
        finally:
            note("offers", perf_counter() - begun)

    async def _spoken(self, session: Publisher) -> None:
        deadline = asyncio.get_running_loop().time() + _CONNECTED_S
        while session.state == "connecting" and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(_IN_CALL_S)

    def close(self) -> None:
        """End everything."""
        self.runner.run(self._host.close())
        self.runner.close()
        gc.unfreeze()
        logging.getLogger().removeHandler(self._log)


class _Errors(logging.Handler):
    def __init__(self, seen: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        self._seen.append(self.format(record))


@pytest.fixture(scope="module")
def meeting() -> Iterator[_Meeting]:
    meeting = _Meeting()
    yield meeting
    meeting.close()


@share(0.01)
@given(seed=st.integers(0, 1 << 64))
def test_the_parameters_of_an_accepted_offer_do_no_harm(meeting: _Meeting, seed: int) -> None:
    meeting.call(Random(seed))
