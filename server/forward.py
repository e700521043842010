"""A stream goes on, enhanced, to another server's WHIP ingest (an SFU, a CDN), and again when the line breaks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter

from server.aiortc_compat import prepare_ice, watch_feedback
from server.bitrate import RateControl
from server.broadcast import Broadcast
from server.connection import codecs_with_first
from server.description import negotiated_codec
from server.ice import Network
from server.lane import Subscription, Variant
from server.packet_track import PICTURE_DEPTH, SOUND_DEPTH, PacketTrack
from server.shared import Limits

log = logging.getLogger(__name__)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_REQUEST_S = 10.0
# When the publisher leaves, nothing waits longer for an ingest that does not answer.
_GOODBYE_S = 2.0
_LARGEST_ANSWER = 64 * 1024


class ForwardError(RuntimeError):
    """The ingest cannot be reached or does not take the stream; the message says why."""


@dataclass(frozen=True)
class Ingest:
    """A WHIP endpoint.

    Attributes:
        url: ``{stream}`` in it stands for the stream's name.
        token: bearer token for it.
    """

    url: str
    token: str | None = None


class State(StrEnum):
    """How a forward is doing."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting to try again"


class Forward:
    """Publishes one stream on, as one more receiver of its lane. Lives on one event loop.

    Attributes:
        state: how it is doing.
    """

    def __init__(
        self,
        name: str,
        ingest: Ingest,
        broadcast: Broadcast,
        network: Network,
        limits: Limits,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        self.state = State.CONNECTING
        self._url = ingest.url.replace("{stream}", name)
        self._headers = {} if ingest.token is None else {"Authorization": f"Bearer {ingest.token}"}
        self._broadcast = broadcast
        self._network = network
        self._limits = limits
        self._sleep = sleep
        # A query may hold a key.
        self._shown = "{0.scheme}://{0.netloc}{0.path}".format(urlsplit(self._url))

    async def run(self, sound: str) -> None:
        """Publish until cancelled; ``sound`` is the codec of the stream's, empty without any."""
        timeout = aiohttp.ClientTimeout(total=_REQUEST_S)
        async with aiohttp.ClientSession(timeout=timeout, headers=self._headers) as http:
            while True:
                attempts = AsyncRetrying(
                    retry=retry_if_exception_type((ForwardError, aiohttp.ClientError, TimeoutError)),
                    wait=wait_exponential_jitter(_FIRST_PAUSE_S, _LONGEST_PAUSE_S),
                    sleep=self._sleep,
                    before_sleep=self._say_why,
                )
                async for attempt in attempts:
                    with attempt:
                        self.state = State.CONNECTING
                        publication = _Publication(self._broadcast, self._network, self._limits, sound)
                        try:
                            await publication.begin(http, self._url)
                            self.state = State.CONNECTED
                            log.info("forwarding to %s", self._shown)
                            await publication.ended.wait()
                        finally:
                            await asyncio.shield(publication.end(http))
                self.state = State.WAITING
                log.warning("forwarding to %s: the connection ended, trying again", self._shown)
                await self._sleep(_FIRST_PAUSE_S)

    def _say_why(self, attempt: RetryCallState) -> None:
        self.state = State.WAITING
        error = attempt.outcome.exception() if attempt.outcome else None
        log.warning("forwarding to %s failed, trying again: %s", self._shown, error or type(error).__name__)


class _Publication:
    """One connection to the ingest."""

    def __init__(self, broadcast: Broadcast, network: Network, limits: Limits, sound: str):
        self.ended = asyncio.Event()
        self._broadcast = broadcast
        self._handshake_timeout = limits.handshake_timeout
        self._peer = RTCPeerConnection(network.configuration())
        self._peer.on("connectionstatechange", self._on_state)
        self._connected = asyncio.Event()
        self._picture = Subscription(PacketTrack("video", PICTURE_DEPTH), RateControl(limits.max_bitrate))
        self._sound = PacketTrack("audio", SOUND_DEPTH)
        self._location: str | None = None
        video = self._peer.addTransceiver(self._picture.track, direction="sendonly")
        video.setCodecPreferences(codecs_with_first("video", "H264"))
        rate = self._picture.rate
        watch_feedback(video.sender, lambda: self._picture.track.on_behind(), rate.on_remb, rate.on_loss)
        if sound:
            audio = self._peer.addTransceiver(self._sound, direction="sendonly")
            # Sound is passed on as it came: no other codec will do.
            audio.setCodecPreferences(codecs_with_first("audio", sound)[:1])

    async def begin(self, http: aiohttp.ClientSession, url: str) -> None:
        """Connect and begin to send.

        Raises:
            ForwardError, aiohttp.ClientError, TimeoutError: the ingest does not take it.
        """
        offer = await self._peer.createOffer()
        prepare_ice(self._peer)
        await self._peer.setLocalDescription(offer)
        answer = await self._post(http, url)
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            codec, sound = negotiated_codec(answer), negotiated_codec(answer, "audio")
        except Exception as error:  # aiortc lets every kind escape on an odd answer
            raise ForwardError(f"its answer cannot be read ({error!r})"[:200]) from error
        try:
            async with asyncio.timeout(self._handshake_timeout):
                await self._connected.wait()
        except TimeoutError:
            raise ForwardError(f"not connected within {self._handshake_timeout:g} s") from None
        if self.ended.is_set():
            raise ForwardError("the connection failed")
        self._broadcast.join(Variant.ENHANCED, codec, self._picture)
        self._broadcast.join_sound(sound, self._sound)

    async def end(self, http: aiohttp.ClientSession) -> None:
        """Stop sending and tell the ingest."""
        self._broadcast.leave(self._picture)
        self._broadcast.leave_sound(self._sound)
        if self._location is not None:
            try:
                await http.delete(self._location, timeout=aiohttp.ClientTimeout(total=_GOODBYE_S))
            except (aiohttp.ClientError, TimeoutError) as error:
                log.info("the ingest did not take the goodbye: %s", error or type(error).__name__)
        await self._peer.close()

    async def _post(self, http: aiohttp.ClientSession, url: str) -> str:
        headers = {"Content-Type": "application/sdp"}
        async with http.post(url, data=self._peer.localDescription.sdp, headers=headers) as response:
            body = await response.content.read(_LARGEST_ANSWER)
            if response.status != 201:
                raise ForwardError(f"it answers {response.status}: {body[:200].decode(errors='replace')!r}")
            location = response.headers.get("Location")
            if location is not None:
                self._location = urljoin(str(response.url), location)
            return body.decode(errors="replace")

    def _on_state(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            self._connected.set()
        elif state in ("failed", "closed"):
            self.ended.set()
            self._connected.set()
