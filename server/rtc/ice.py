"""ICE servers from the options, for the server and its peers. Only configured servers are contacted."""

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from time import time
from typing import Any

from aiortc import RTCConfiguration, RTCIceCandidate, RTCIceServer
from aiortc.sdp import SessionDescription

# Lifetime of TURN credentials. coturn checks them only when an allocation is made or refreshed.
_CREDENTIALS_S = 6 * 3600
_USER = "acutance"
_MAX_FOUNDATION = 32


@dataclass(frozen=True)
class Network:
    """Network settings of the peer connections.

    Attributes:
        stun: URLs of the form ``stun:host:port``.
        turn: URLs of the form ``turn:host:port?transport=udp``.
        turn_secret: secret shared with the TURN server, for credentials that expire; None for fixed credentials.
        turn_username, turn_password: fixed credentials.
        public_ip: public address of this host if it is behind a NAT, else None.
        udp_ports: first and last UDP port for media; None for any.
    """

    stun: Sequence[str] = ()
    turn: Sequence[str] = ()
    turn_secret: str | None = field(default=None, repr=False)
    turn_username: str | None = None
    turn_password: str | None = field(default=None, repr=False)
    public_ip: str | None = None
    udp_ports: tuple[int, int] | None = None

    def ice_servers(self, now: float | None = None) -> list[dict[str, Any]]:
        """Return the servers as ``RTCIceServer`` objects (W3C WebRTC, section 4.2.4); ``now`` is seconds since 1970."""
        servers: list[dict[str, Any]] = [{"urls": url} for url in self.stun]
        username, password = self.turn_username, self.turn_password
        if self.turn_secret is not None:
            username, password = credentials(self.turn_secret, time() if now is None else now)
        servers += [{"urls": url, "username": username, "credential": password} for url in self.turn]
        return servers

    def links(self, now: float | None = None) -> list[str]:
        """Return the value of a ``Link`` header for each ICE server (RFC 9725, section 4.6).

        One server per header, URL first, attributes in the specification's order: deployed parsers understand nothing
        else.
        """
        return [_link(server) for server in self.ice_servers(now)]

    def configuration(self) -> RTCConfiguration:
        """Return the configuration of a peer connection. An empty list keeps aiortc from using Google's STUN server."""
        servers = [
            RTCIceServer(server["urls"], server.get("username"), server.get("credential"))
            for server in self.ice_servers()
        ]
        return RTCConfiguration(iceServers=servers)

    def add_public_address(self, answer: SessionDescription) -> None:
        """Add candidates with the public address, if there is one, to a session description of the server.

        Before each private IPv4 host candidate, it inserts one with the public address and the same port. The NAT must
        map each port to the same port of this host (1:1, as in clouds). The private candidates stay, for peers on the
        same network; they are second because some clients use only the first host candidate.
        """
        if self.public_ip is None:
            return
        for media in answer.media:
            media.ice_candidates = [
                each
                for candidate in media.ice_candidates
                for each in (*_public_candidates(candidate, self.public_ip), candidate)
            ]


def credentials(secret: str, now: float) -> tuple[str, str]:
    """Return user name and password that a TURN server with this shared secret accepts for the next six hours.

    draft-uberti-behave-turn-rest-00, section 2.2: the name is the expiry time and a user, the password is
    base64(HMAC-SHA1(secret, name)). coturn: ``use-auth-secret`` with ``static-auth-secret``.
    """
    username = f"{int(now) + _CREDENTIALS_S}:{_USER}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def _public_candidates(candidate: RTCIceCandidate, public: str) -> list[RTCIceCandidate]:
    if candidate.type != "host" or not _is_private_ipv4(candidate.ip):
        return []
    # Each address needs its own foundation (RFC 8445, section 5.1.1.3), of at most 32 characters (RFC 8839, section
    # 5.1); aioice's have 32.
    return [replace(candidate, ip=public, foundation=f"9{candidate.foundation}"[:_MAX_FOUNDATION])]


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
