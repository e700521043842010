"""Forwards an enhanced stream to the WHIP ingest of another server (an SFU, a CDN), and reconnects when needed."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type
from tenacity.wait import wait_exponential_jitter
from yarl import URL

from acutance.server.client.whip import SignallingError, WhipClient
from acutance.server.encoding.fan_out import FanOut
from acutance.server.forward.publication import ForwardError, Publication
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.ice import Network
from acutance.server.security.urls import web_url, without_secrets

log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 2.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


@dataclass(frozen=True)
class Ingest:
    """A WHIP endpoint.

    Attributes:
        url: URL of the endpoint; ``{stream}`` in it stands for the name of the stream.
        token: bearer token for the origin of ``url``.
        allow: returns whether redirects to a URL on another host or port are followed; None to follow none.
    """

    url: str = field(repr=False)  # its path or query may contain a key
    token: str | None = field(default=None, repr=False)
    allow: Callable[[URL], bool] | None = None


class State(StrEnum):
    """State of a forward."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    WAITING = "waiting to try again"


class Forward:
    """Forwards one stream, as one more receiver of its enhanced rendition. Belongs to one event loop.

    Attributes:
        state: state of the connection to the ingest.
        id: identifier among the forwards of the stream.
        shown: URL of the ingest without secrets, for messages.
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

    async def run(self, audio: str) -> None:
        """Forward the stream until cancelled; ``audio`` is the codec of its audio, empty for a stream without audio."""
        while True:
            attempts = AsyncRetrying(
                # All exceptions: after an unexpected one the forward would stay in the state "connecting" for ever.
                retry=retry_if_exception_type(Exception),
                wait=wait_exponential_jitter(_FIRST_PAUSE_S, _LONGEST_PAUSE_S),
                sleep=self._sleep,
                before_sleep=self._log_failure,
            )
            async for attempt in attempts:
                with attempt:
                    await self._publish(audio)
            self.state = State.WAITING
            log.warning("forwarding to %s: the connection ended, trying again", self.shown)
            await self._sleep(_FIRST_PAUSE_S)

    async def _publish(self, audio: str) -> None:
        """Publish until the connection ends; raise an error if it cannot be established."""
        self.state = State.CONNECTING
        async with self._client() as client:
            publication = Publication(self._fan_out, self._network, self._limits, audio)
            try:
                await publication.begin(client)
                self.state = State.CONNECTED
                log.info("forwarding to %s", self.shown)
                await publication.ended.wait()
            finally:
                await asyncio.shield(publication.end())

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[WhipClient]:
        client = WhipClient(self._url, self._ingest.token, self._may_request)
        try:
            yield client
        finally:
            # The timeout of the client is longer than the end of a session may take.
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await client.close()

    def _log_failure(self, attempt: RetryCallState) -> None:
        self.state = State.WAITING
        error = attempt.outcome.exception() if attempt.outcome else None
        expected = isinstance(error, ForwardError | SignallingError)
        log.warning(
            "forwarding to %s failed, trying again: %s", self.shown, error, exc_info=None if expected else error
        )

    def _may_request(self, url: URL) -> bool:
        own = web_url(self._url)
        if ((url.host or "").lower(), url.port) == ((own.host or "").lower(), own.port):
            return True
        return self._ingest.allow is not None and self._ingest.allow(url)


def _shown(url: str) -> str:
    """Return the URL of an ingest without its secrets."""
    try:
        return str(without_secrets(web_url(url)))
    except ValueError:
        return "an invalid URL"
