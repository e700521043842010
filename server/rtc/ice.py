"""ICE servers by configuration, and what peers are told of them. Nothing is contacted that was not configured."""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from time import time
from typing import Any

from aiortc import RTCConfiguration, RTCIceServer
from aiortc.sdp import candidate_from_sdp

# A call that is set up late in it still finds its relay; coturn asks only when the allocation is made or refreshed.
_CREDENTIALS_S = 6 * 3600
_USER = "acutance"


@dataclass(frozen=True)
class Network:
    """How peers reach the server and the server reaches them.

    Attributes:
        stun: ``stun:host:port`` each.
        turn: ``turn:host:port?transport=udp`` each.
        turn_secret: shared with the TURN server, which makes credentials that expire; None for fixed ones.
        turn_username, turn_password: the fixed ones.
        public_ip: the address under which peers see this machine, where a NAT stands between.
        udp_ports: the first and the last port for media; None for any.
    """

    stun: Sequence[str] = ()
    turn: Sequence[str] = ()
    turn_secret: str | None = None
    turn_username: str | None = None
    turn_password: str | None = None
    public_ip: str | None = None
    udp_ports: tuple[int, int] | None = None

    def ice_servers(self, now: float | None = None) -> list[dict[str, Any]]:
        """Return an ``RTCIceServer`` (W3C WebRTC, section 4.2.4) each; ``now`` is in seconds since 1970."""
        servers: list[dict[str, Any]] = [{"urls": url} for url in self.stun]
        username, password = self.turn_username, self.turn_password
        if self.turn_secret is not None:
            username, password = credentials(self.turn_secret, time() if now is None else now)
        servers += [{"urls": url, "username": username, "credential": password} for url in self.turn]
        return servers

    def links(self, now: float | None = None) -> list[str]:
        """Return a ``Link`` header's value for each ICE server (RFC 9725, section 4.6).

        One server a header, the URL first and the attributes in the specification's order: parsers in the field
        understand nothing else.
        """
        return [_link(server) for server in self.ice_servers(now)]

    def configuration(self) -> RTCConfiguration:
        """Return what a peer connection of ours uses. An empty list keeps aiortc from asking Google's STUN server."""
        servers = [
            RTCIceServer(server["urls"], server.get("username"), server.get("credential"))
            for server in self.ice_servers()
        ]
        return RTCConfiguration(iceServers=servers)

    def described(self, answer: str) -> str:
        """Return a session description of ours with the public address before each private one, if there is one.

        Private ones stay, for peers on the same network. Some clients take the first host candidate and no other.
        """
        return answer if self.public_ip is None else with_public_address(answer, self.public_ip)


def credentials(secret: str, now: float) -> tuple[str, str]:
    """Return user name and password that a TURN server with this shared secret takes for the next six hours.

    draft-uberti-behave-turn-rest-00, section 2.2: the name is the time of expiry and a user, the password
    base64(HMAC-SHA1(secret, name)). coturn: ``use-auth-secret`` with ``static-auth-secret``.
    """
    username = f"{int(now) + _CREDENTIALS_S}:{_USER}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def with_public_address(sdp: str, public: str) -> str:
    """Return a session description with a candidate of this address put before each private host candidate of IPv4.

    For a NAT that maps every port to the same port of this machine (1:1, as clouds do).
    """
    lines = []
    for line in sdp.splitlines():
        if line.startswith("a=candidate:"):
            candidate = candidate_from_sdp(line.removeprefix("a=candidate:"))
            if candidate.type == "host" and _is_private_ipv4(candidate.ip):
                lines.append(line.replace(f" {candidate.ip} ", f" {public} ", 1).replace(":", ":9", 1))
        lines.append(line)
    return "\r\n".join(lines) + "\r\n"


def _link(server: dict[str, Any]) -> str:
    link = f'<{server["urls"]}>; rel="ice-server"'
    if server.get("username") is not None:
        link += f'; username="{server["username"]}"; credential="{server["credential"]}"; credential-type="password"'
    return link


def _is_private_ipv4(address: str) -> bool:
    try:
        read = ipaddress.ip_address(address)
    except ValueError:  # a .local name
        return False
    return read.version == 4 and read.is_private
