"""The client side of `/offer`: JSON as in aiortc's examples, and a DELETE of the session if it has a URL."""

import json

from aiortc import RTCIceServer

from acutance.server.client.messages import parse_message
from acutance.server.client.whip import Accepted, SignallingError, WhipClient
from acutance.server.security.urls import web_url, without_secrets


class OfferClient(WhipClient):
    """One session at a server's `/offer`. Use it as an asynchronous context manager: leaving it ends the session."""

    def __init__(self, url: str, token: str | None = None):
        """Take the URL of a server, or of its ``/offer``; see `WhipClient`."""
        super().__init__(url, token)
        if self._url.path in ("", "/"):
            self._url = self._url.with_path("/offer")

    async def ice_servers(self) -> tuple[RTCIceServer, ...]:
        """Return the STUN and TURN servers from the server's ``/ice-servers``; empty if there is no such resource.

        Raises:
            SignallingError: no answer, the token is refused, or the list cannot be parsed.
        """
        url = self._url.with_path("/ice-servers")
        answer = await self._request("GET", url)
        if answer.status in (401, 403):
            raise self._refusal(url, answer)
        if answer.status != 200:
            return ()
        try:
            servers = parse_message(answer.text).get("iceServers", [])
            return tuple(RTCIceServer(each["urls"], each.get("username"), each.get("credential")) for each in servers)
        except (AttributeError, KeyError, TypeError):
            raise SignallingError(f"{without_secrets(url)} sent iceServers that are no list of servers", 200) from None

    async def offer(self, sdp: str) -> Accepted:
        """Offer a session description with its candidates in it.

        Raises:
            SignallingError: no answer, the offer is refused, or the answer is not usable.
        """
        body = json.dumps({"sdp": sdp, "type": "offer"})
        answer, at = await self._post(body, {"Content-Type": "application/json"})
        shown, reply = without_secrets(at), parse_message(answer.text)
        if answer.status != 200:
            raise self._refusal(at, answer)
        if reply.get("type") != "answer" or not isinstance(reply.get("sdp"), str):
            raise SignallingError(f"{shown} answered {answer.status} without a session description", answer.status)
        try:
            url = web_url(reply["url"], at).with_user(None) if reply.get("url") else None
        except (TypeError, ValueError) as error:
            raise SignallingError(f"{shown} named a session with no web address: {error}", answer.status) from None
        self.accepted = Accepted(reply["sdp"], url, None, ())
        return self.accepted
