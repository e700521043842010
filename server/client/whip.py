"""The client side of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): an offer, its answer, and the end of the session.

It takes and returns session descriptions and uses no peer connection, so that every publisher and viewer can use it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from aiortc import RTCIceServer
from yarl import URL

from acutance.server.client.links import parse_links
from acutance.server.client.refusal import refusal_text, retry_after
from acutance.server.security.bounded_fetch import FetchedResponse, FetchError, fetch
from acutance.server.security.credentials import Credentials
from acutance.server.security.urls import web_url, without_secrets

SDP = "application/sdp"
_SECONDS = 15.0
# Bytes. Session descriptions have some kilobytes; with 32 video codecs and 100 candidates, less than 30.
_LARGEST_ANSWER = 256 * 1024
_MOST_REDIRECTS = 10
# RFC 9725, section 4.5: 307 and 308 (permanent) keep the method; 301 and 302 may turn it into a GET.
_REDIRECTS = (307, 308)


class SignallingError(RuntimeError):
    """The endpoint did not answer, or refused; the message names the URL, the reason and a remedy.

    Attributes:
        status: HTTP status code of the answer; None without an answer.
        retry_after: seconds until the request may be repeated, from ``Retry-After``; None without it.
    """

    def __init__(self, message: str, status: int | None = None, retry_after: float | None = None):
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Accepted:
    """The endpoint's answer to an offer.

    Attributes:
        sdp: session description of the answer.
        url: absolute URL of the session; DELETE ends the session. None if `/offer` returned none.
        etag: of the ICE session, with its quotes; None if the endpoint sent none.
        ice_servers: from the Link headers, for peer connections that accept them after the offer, or for the next one.
    """

    sdp: str
    url: URL | None
    etag: str | None
    ice_servers: tuple[RTCIceServer, ...]


class WhipClient:
    """One session at a WHIP or WHEP endpoint. Use it as an asynchronous context manager: leaving it ends the session.

    Attributes:
        accepted: the session; None before `offer` and after `delete`.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        allow: Callable[[URL], bool] | None = None,
        seconds: float = _SECONDS,
    ):
        """Check the URL; nothing is sent yet.

        Args:
            url: of the endpoint.
            token: bearer token; it is sent to the origin of ``url`` only, not to other origins after a redirect.
            allow: returns whether a URL may be requested: of the endpoint, a redirect or the session; None for any.
            seconds: limit of each operation, redirects included.

        Raises:
            SignallingError: ``url`` is no http or https URL.
        """
        self.accepted: Accepted | None = None
        try:
            endpoint = web_url(url)
        except ValueError:
            raise SignallingError(
                f"{url!r} is no URL: it must begin with http:// or https:// and name a host"
            ) from None
        self._credentials = Credentials.for_endpoint(endpoint, token)
        self._url = endpoint.with_user(None)
        self._allow = allow
        self._seconds = seconds

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End the session, ignoring errors: an endpoint that does not answer ends it when the media stop."""
        with suppress(SignallingError):
            await self.delete()

    async def ice_servers(self) -> tuple[RTCIceServer, ...]:
        """Return the STUN and TURN servers in the endpoint's answer to OPTIONS; empty if it has none, as is common.

        aiortc needs them when it creates a peer connection, before the offer.

        Raises:
            SignallingError: no answer, or the token is refused.
        """
        answer = await self._request("OPTIONS", self._url)
        if answer.status in (401, 403):
            raise self._refusal(self._url, answer)
        return parse_links(answer.headers.getall("Link", [])) if answer.status < 300 else ()

    async def offer(self, sdp: str) -> Accepted:
        """Offer a session description with its candidates in it.

        Raises:
            SignallingError: no answer, the offer is refused, or the answer is not usable.
        """
        answer, url = await self._post(sdp, {"Content-Type": SDP, "Accept": SDP})
        shown, body = without_secrets(url), answer.text.lstrip()
        # 200 is not in the RFC, but GStreamer's server and others send it.
        if answer.status not in (200, 201):
            raise self._refusal(url, answer)
        if not body.startswith("v=0"):
            raise SignallingError(f"{shown} answered {answer.status} without a session description", answer.status)
        location = answer.headers.get("Location")
        if location is None:
            raise SignallingError(
                f"{shown} answered {answer.status} without a Location: the session could not be ended", answer.status
            )
        links = parse_links(answer.headers.getall("Link", []))
        self.accepted = Accepted(body, _referred(url, location), answer.headers.get("ETag"), links)
        return self.accepted

    async def delete(self) -> None:
        """End the session, if there is one. A session that no longer exists counts as ended.

        Raises:
            SignallingError: no answer, or a refusal.
        """
        session, self.accepted = self.accepted, None
        if session is None or session.url is None:
            return
        answer = await self._request("DELETE", session.url)
        if answer.status >= 300 and answer.status not in (404, 410):
            raise self._refusal(session.url, answer)

    async def _post(self, data: str, headers: dict[str, str]) -> tuple[FetchedResponse, URL]:
        """Send an offer to the endpoint and follow redirects; return the answer and its URL."""
        url = self._url
        try:
            async with asyncio.timeout(self._seconds):
                for _ in range(_MOST_REDIRECTS):
                    answer = await self._request("POST", url, data, headers)
                    if answer.status not in _REDIRECTS:
                        return answer, url
                    url = _redirected(url, answer.headers.get("Location"))
        except TimeoutError:
            raise SignallingError(f"no answer from {without_secrets(url)}: timed out") from None
        raise SignallingError(f"{without_secrets(self._url)} redirects more than {_MOST_REDIRECTS} times")

    async def _request(
        self, method: str, url: URL, data: str | None = None, headers: dict[str, str] | None = None
    ) -> FetchedResponse:
        if self._allow is not None and not self._allow(url):
            raise SignallingError(f"{url.host}:{url.port} is not allowed (--forward-host)")
        try:
            return await fetch(
                method,
                url,
                largest=_LARGEST_ANSWER,
                seconds=self._seconds,
                data=data,
                headers={**(headers or {}), **self._credentials.headers(url)},
            )
        except FetchError as error:
            raise SignallingError(str(error)) from error

    def _refusal(self, url: URL, answer: FetchedResponse) -> SignallingError:
        status, shown = answer.status, without_secrets(url)
        if status == 406 and answer.headers.get("Content-Type", "").startswith(SDP):
            return SignallingError(
                f"{shown} wants to make the offer itself (406 of WHEP), which is not supported", status
            )
        if 300 <= status < 400:
            return SignallingError(f"{shown} answered {status}: only the redirects 307 and 308 are followed", status)
        text = refusal_text(status, answer.text)
        if status in (401, 403) and self._credentials.authorization and not self._credentials.are_for(url):
            own = without_secrets(self._credentials.origin.origin())
            text += f" (the token is sent to {own} only: give the URL that it redirects to)"
        after = retry_after(answer.headers.get("Retry-After", ""))
        return SignallingError(
            f"{shown} refused with {text}{f' (again after {after:g} s)' if after is not None else ''}", status, after
        )


def _redirected(at: URL, location: str | None) -> URL:
    shown = without_secrets(at)
    if location is None:
        raise SignallingError(f"{shown} redirects without a Location")
    url = _referred(at, location)
    if at.scheme == "https" and url.scheme != "https":
        raise SignallingError(f"{shown} redirects to {without_secrets(url)}: the offer would go there unprotected")
    return url


def _referred(at: URL, location: str) -> URL:
    """Return the absolute URL of a ``Location`` header; user and password in it are left out."""
    try:
        return web_url(location, at).with_user(None)
    except ValueError as error:
        raise SignallingError(f"{without_secrets(at)} sent a Location that is no web address: {error}") from None
