"""A stream goes on, enhanced, to another server's WHIP ingest (an SFU, a CDN), and again when the line breaks."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import SessionDescription
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter
from yarl import URL

from acutance.server.client.whip import SignallingError, WhipClient
from acutance.server.encoding.fan_out import FanOut
from acutance.server.encoding.outbound_media import OutboundMedia
from acutance.server.encoding.rendition import Variant
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.aiortc_private.transport import prepare_ice
from acutance.server.rtc.ice import Network
from acutance.server.rtc.session_description import negotiated_codec
from acutance.server.security.foreign import web_url, without_secrets

log = logging.getLogger(__name__)

_GOODBYE_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


class ForwardError(RuntimeError):
    """The ingest cannot be reached or does not take the stream; the message says why."""


@dataclass(frozen=True)
class Ingest:
    """A WHIP endpoint.

    Attributes:
        url: ``{stream}`` in it stands for the stream's name.
        token: bearer token for the origin of ``url``.
        allow: whether a URL at another host or port may be asked, to which the endpoint redirects or refers; None for
            no other.
    """

    url: str
    token: str | None = None
    allow: Callable[[URL], bool] | None = None


class State(StrEnum):
    """How a forward is doing."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting to try again"


class Forward:
    """Publishes one stream on, as one more receiver of its rendition. Lives on one event loop.

    Attributes:
        state: how it is doing.
        id: of it among its stream's.
        shown: its URL for people.
    """

    def __init__(
        self,
        name: str,
        ingest: Ingest,
        fan_out: FanOut,
        network: Network,
        limits: Limits,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        self.state = State.CONNECTING
        self._url = ingest.url.replace("{stream}", name)
        self.id = secrets.token_urlsafe(8)
        self._ingest = ingest
        self._fan_out = fan_out
        self._network = network
        self._limits = limits
        self._sleep = sleep
        self.shown = _shown(self._url)

    async def run(self, sound: str) -> None:
        """Publish until cancelled; ``sound`` is the codec of the stream's, empty without any."""
        while True:
            attempts = AsyncRetrying(
                # Any: a forward that ended by an error nobody foresaw would be shown as connecting for good.
                retry=retry_if_exception_type(Exception),
                wait=wait_exponential_jitter(_FIRST_PAUSE_S, _LONGEST_PAUSE_S),
                sleep=self._sleep,
                before_sleep=self._say_why,
            )
            async for attempt in attempts:
                with attempt:
                    await self._publish(sound)
            self.state = State.WAITING
            log.warning("forwarding to %s: the connection ended, trying again", self.shown)
            await self._sleep(_FIRST_PAUSE_S)

    async def _publish(self, sound: str) -> None:
        """Publish until the connection ends; one that never was is an error."""
        self.state = State.CONNECTING
        async with self._client() as client:
            publication = _Publication(self._fan_out, self._network, self._limits, sound)
            try:
                await publication.begin(client)
                self.state = State.CONNECTED
                log.info("forwarding to %s", self.shown)
                await publication.ended.wait()
            finally:
                await asyncio.shield(publication.end())

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[WhipClient]:
        client = WhipClient(self._url, self._ingest.token, self._may_ask)
        try:
            yield client
        finally:
            # Its own patience with an ingest that is silent is longer than a publisher's who leaves.
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_S):
                    await client.close()

    def _say_why(self, attempt: RetryCallState) -> None:
        self.state = State.WAITING
        error = attempt.outcome.exception() if attempt.outcome else None
        expected = isinstance(error, ForwardError | SignallingError)
        log.warning(
            "forwarding to %s failed, trying again: %s", self.shown, error, exc_info=None if expected else error
        )

    def _may_ask(self, url: URL) -> bool:
        own = web_url(self._url)
        if ((url.host or "").lower(), url.port) == ((own.host or "").lower(), own.port):
            return True
        return self._ingest.allow is not None and self._ingest.allow(url)


def _shown(url: str) -> str:
    """Return an ingest's URL for people: a query and a password may be secret."""
    try:
        return str(without_secrets(web_url(url)))
    except ValueError:
        return "an address that is no URL"


class _Publication:
    """One connection to the ingest."""

    def __init__(self, fan_out: FanOut, network: Network, limits: Limits, sound: str):
        self.ended = asyncio.Event()
        self._handshake_timeout = limits.handshake_timeout
        self._peer = RTCPeerConnection(network.configuration())
        self._peer.on("connectionstatechange", self._on_state)
        self._connected = asyncio.Event()
        self._media = OutboundMedia(fan_out, limits.max_bitrate, lambda reason: self.ended.set())
        self._media.add_video(self._peer)
        if sound:
            self._media.add_sound(self._peer, sound, only=True)

    async def begin(self, client: WhipClient) -> None:
        """Connect and begin to send.

        Raises:
            ForwardError, SignallingError: the ingest does not take it.
        """
        offer = await self._peer.createOffer()
        prepare_ice(self._peer)
        await self._peer.setLocalDescription(offer)
        answer = (await client.offer(self._peer.localDescription.sdp)).sdp
        try:
            await self._peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            answered = SessionDescription.parse(answer)
            codec, sound = negotiated_codec(answered), negotiated_codec(answered, "audio")
        except Exception as error:  # aiortc lets every kind escape on an odd answer
            raise ForwardError(f"its answer cannot be read ({error!r})"[:200]) from error
        try:
            async with asyncio.timeout(self._handshake_timeout):
                await self._connected.wait()
        except TimeoutError:
            raise ForwardError(f"not connected within {self._handshake_timeout:g} s") from None
        if self.ended.is_set():
            raise ForwardError("the connection failed")
        self._media.join(Variant.ENHANCED, codec, sound)

    async def end(self) -> None:
        """Stop sending."""
        self._media.leave()
        await self._peer.close()

    def _on_state(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            self._connected.set()
        elif state in ("failed", "closed"):
            self.ended.set()
            self._connected.set()
