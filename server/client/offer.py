"""The client side of `/offer`: JSON in the form of aiortc's examples, and the end of the session where it has a URL."""

import json
from typing import Any

from aiortc import RTCIceServer
from yarl import URL

from acutance.server.client.whip import Accepted, SignallingError, WhipClient


class OfferClient(WhipClient):
    """One session at a server's `/offer`. Use it as an asynchronous context manager: leaving it ends the session."""

    def __init__(self, url: str, token: str | None = None):
        """Take a server's address, or that of its ``/offer``."""
        super().__init__(url, token)
        if self._url.path in ("", "/"):
            self._url = self._url.with_path("/offer")

    async def ice_servers(self) -> tuple[RTCIceServer, ...]:
        """Return the STUN and TURN servers of ``/ice-servers`` beside it; empty where there is no such thing.

        Raises:
            SignallingError: nobody answers, or not without another token.
        """
        url = self._url.with_path("/ice-servers")
        status, headers, body, _ = await self._request("GET", url)
        if status in (401, 403):
            raise self._refusal(url, status, headers, body)
        listed = _object(body).get("iceServers", []) if status == 200 else []
        return tuple(RTCIceServer(each["urls"], each.get("username"), each.get("credential")) for each in listed)

    async def offer(self, sdp: str) -> Accepted:
        """Offer a session description with its candidates in it.

        Raises:
            SignallingError: nobody answers, or the offer is refused.
        """
        body = json.dumps({"sdp": sdp, "type": "offer"})
        status, headers, text, at = await self._post(body, {"Content-Type": "application/json"})
        reply = _object(text)
        if status != 200:
            raise self._refusal(at, status, headers, text)
        if reply.get("type") != "answer" or not isinstance(reply.get("sdp"), str):
            raise SignallingError(f"{at} answered {status}, but not with a session description", status)
        url = reply.get("url")
        self.accepted = Accepted(reply["sdp"], at.join(URL(url)) if url else None, None, ())
        return self.accepted


def _object(body: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
