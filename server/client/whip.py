"""The client side of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): one offer, its answer, and the end.

No peer connection here: session descriptions in and out, so that whoever publishes or watches shares it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import aiohttp
from aiortc import RTCIceServer
from multidict import CIMultiDictProxy
from yarl import URL

SDP = "application/sdp"
_TIMEOUT = aiohttp.ClientTimeout(total=15)
_MOST_REDIRECTS = 10
# RFC 9725, section 4.5: 307 keeps the method; 308 does so for good. 301 and 302 would make a GET of it.
_REDIRECTS = (307, 308)
# RFC 8288, section 3, in the form of RFC 9725, section 4.6; no value of ours or theirs has a quote in it.
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:\"[^\"]*\"|[^\s;,\"]+))*)")
_PARAMETER = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))")
_LONGEST_MESSAGE = 300


class SignallingError(RuntimeError):
    """The other side did not take the offer; the message says which, why and what may help.

    Attributes:
        status: of the HTTP answer; None where there was none.
        retry_after: seconds after which the other side wants to be asked again; None where it did not say.
    """

    def __init__(self, message: str, status: int | None = None, retry_after: float | None = None):
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True)
class Accepted:
    """What the other side made of an offer.

    Attributes:
        sdp: its answer.
        url: of the session, absolute: whoever knows it can end the session. None where `/offer` names none.
        etag: of the ICE session, with its quotes; None where there is none.
        ice_servers: from the Link headers; for a peer connection that takes them after its offer, or for the next one.
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

    def __init__(self, url: str, token: str | None = None, allow: Callable[[URL], bool] | None = None):
        """Nothing is asked yet.

        Args:
            url: of the endpoint.
            token: bearer token for it.
            allow: whether a URL may be asked: the endpoint's, where it redirects to, and the session's; None for any.
        """
        self.accepted: Accepted | None = None
        self._url = _endpoint(url)
        self._allow = allow
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=_TIMEOUT, headers=self._headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._http is not None
        try:
            await self.delete()
        except SignallingError:
            pass  # it ends there by itself, when the media stop
        finally:
            await self._http.close()

    async def ice_servers(self) -> tuple[RTCIceServer, ...]:
        """Return the STUN and TURN servers that the endpoint names to OPTIONS, before there is an offer.

        aiortc needs them when it makes a peer connection. Empty where the endpoint does not say: only some do.

        Raises:
            SignallingError: nobody answers, or not without another token.
        """
        status, headers, body, _ = await self._request("OPTIONS", self._url)
        if status in (401, 403):
            raise self._refusal(self._url, status, headers, body)
        return parse_links(headers.getall("Link", [])) if status < 300 else ()

    async def offer(self, sdp: str) -> Accepted:
        """Offer a session description with its candidates in it.

        Raises:
            SignallingError: nobody answers, or the offer is refused.
        """
        status, headers, body, url = await self._post(sdp, {"Content-Type": SDP, "Accept": SDP})
        # 200 is not in the RFC, but GStreamer's server and others answer it.
        if status not in (200, 201):
            raise self._refusal(url, status, headers, body)
        if not body.lstrip().startswith("v=0"):
            raise SignallingError(f"{url} answered {status}, but not with a session description", status)
        location = headers.get("Location")
        if location is None:
            raise SignallingError(f"{url} answered {status} without a Location: there is no session to end", status)
        self.accepted = Accepted(
            body.lstrip(), url.join(URL(location)), headers.get("ETag"), parse_links(headers.getall("Link", []))
        )
        return self.accepted

    async def delete(self) -> None:
        """End the session; without one nothing is sent. One that has gone already counts as ended.

        Raises:
            SignallingError: nobody answers, or it is refused.
        """
        session, self.accepted = self.accepted, None
        if session is None or session.url is None:
            return
        status, headers, body, _ = await self._request("DELETE", session.url)
        if status >= 300 and status not in (404, 410):
            raise self._refusal(session.url, status, headers, body)

    async def _post(self, data: str, headers: dict[str, str]) -> tuple[int, CIMultiDictProxy[str], str, URL]:
        """Send an offer, to wherever it is redirected; return status, headers and body, and whose they are."""
        url = self._url
        for _ in range(_MOST_REDIRECTS):
            status, answered, body, url = await self._request("POST", url, data, headers)
            if status not in _REDIRECTS:
                return status, answered, body, url
            url = _redirected(url, answered.get("Location"))
        raise SignallingError(f"{self._url} redirects more than {_MOST_REDIRECTS} times")

    async def _request(
        self, method: str, url: URL, data: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, CIMultiDictProxy[str], str, URL]:
        assert self._http is not None, "used outside of its context"
        if self._allow is not None and not self._allow(url):
            raise SignallingError(f"{url.host}:{url.port} may not be asked (--forward-host)")
        try:
            async with self._http.request(method, url, data=data, headers=headers, allow_redirects=False) as response:
                return response.status, response.headers, await response.text(), response.url
        except (aiohttp.ClientError, UnicodeError, OSError) as error:
            raise SignallingError(f"no answer from {url}: {unreachable(error)}") from error

    @staticmethod
    def _refusal(url: URL, status: int, headers: CIMultiDictProxy[str], body: str) -> SignallingError:
        after = headers.get("Retry-After", "")
        again = float(after) if after.isdigit() else None
        if status == 406 and headers.get("Content-Type", "").startswith(SDP):
            return SignallingError(f"{url} wants to make the offer itself (406 of WHEP): that is not done here", status)
        if 300 <= status < 400:
            return SignallingError(f"{url} answered {status}: only 307 and 308 keep an offer an offer", status)
        words = refusal_in_words(status, body)
        return SignallingError(
            f"{url} refused with {words}{f' (again after {after} s)' if again else ''}", status, again
        )


def parse_links(lines: list[str]) -> tuple[RTCIceServer, ...]:
    """Return the ICE servers of ``Link`` headers (RFC 9725, section 4.6); links of other kinds are left out."""
    servers = []
    for target, rest in (match.groups() for line in lines for match in _LINK.finditer(line)):
        parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        if parameters.get("rel") == "ice-server" and target.partition(":")[0] in ("stun", "stuns", "turn", "turns"):
            servers.append(RTCIceServer(target, parameters.get("username"), parameters.get("credential")))
    return tuple(servers)


def refusal_in_words(status: int, body: str) -> str:
    """Return why a request was refused: the message of its JSON (ours, or RFC 9457's), else its text, else the status.

    Args:
        status: of the HTTP answer.
        body: of it.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if isinstance(fields, dict):
        said = next((fields[name] for name in ("message", "detail", "title", "error") if fields.get(name)), "")
    else:
        said = "" if body.lstrip().startswith("<") else body
    hint = {
        401: "give the right --token",
        403: "give the right --token",
        404: "nothing is there",
        405: "it is no such endpoint",
        409: "the name is taken",
        503: "it is full",
    }.get(status, "")
    words = " ".join(str(said).split())[:_LONGEST_MESSAGE]
    return f"{status}: {words or hint}" if words or hint else str(status)


def unreachable(error: BaseException) -> str:
    """Return a failed HTTP request in words."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect ({error.os_error.strerror or error.os_error})"
    return str(error) or type(error).__name__


def _endpoint(url: str) -> URL:
    try:
        parsed = URL(url)
    except ValueError:
        parsed = URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise SignallingError(f"{url!r} is no URL: it must begin with http:// or https:// and name a host")
    return parsed


def _redirected(at: URL, location: str | None) -> URL:
    if location is None:
        raise SignallingError(f"{at} redirects to nowhere")
    url = at.join(URL(location))
    if url.scheme != "https" and (at.scheme == "https" or url.scheme != "http"):
        raise SignallingError(f"{at} redirects to {url}: the token would go there unprotected")
    return url
