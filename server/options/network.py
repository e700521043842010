"""Options of how peers and the server reach each other."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

from acutance.server.forward.forward import Ingest
from acutance.server.forward.rules import ForwardRules, read_hosts
from acutance.server.options.access import OptionsError, Words
from acutance.server.rtc.ice import Network

_URL = re.compile(r"https?://[^\s]+")
# An address or a name, with a port perhaps; for TURN a transport. What aiortc and the Link header can carry.
_STUN = re.compile(r"stun:[\w.\[\]:-]+", re.ASCII)
_TURN = re.compile(r"turns?:[\w.\[\]:-]+(\?transport=(udp|tcp))?", re.ASCII)
_QUOTED = re.compile(r'[^",;\s]*')


class NetworkOptions(BaseSettings):
    """STUN, TURN, the public address, ports, and where streams go on to."""

    stun: Annotated[
        list[str], Field(description="stun:host:port, asked for the address as seen from outside, by peers too")
    ] = []
    turn: Annotated[
        list[str], Field(description="turn:host:port?transport=udp, relays where no direct way is, for peers too")
    ] = []
    turn_secret: Annotated[
        str | None, Field(description="shared with the TURN server (coturn's static-auth-secret): credentials expire")
    ] = None
    turn_username: Annotated[str | None, Field(description="fixed, where there is no shared secret")] = None
    turn_password: Annotated[str | None, Field(description="fixed, where there is no shared secret")] = None
    public_ip: Annotated[
        str | None, Field(description="address of this machine as peers see it, behind a 1:1 NAT such as a cloud's")
    ] = None
    udp_ports: Annotated[
        str | None, Field(pattern=r"^\d+-\d+$", description="FIRST-LAST, the ports for media; none: any free one")
    ] = None
    redirect: Annotated[
        str | None, Field(description="URL of a server to which peers are sent (307) that do not fit here")
    ] = None
    max_viewers: Annotated[int, Field(ge=0, le=10_000, description="who only watches, of all streams together")] = 50
    forward_whip: Annotated[
        str | None,
        Field(description="URL of a WHIP ingest that every named stream goes on to, enhanced; {stream} is its name"),
    ] = None
    forward_token: Annotated[str | None, Field(description="bearer token for that ingest")] = None
    forward_host: Annotated[
        Words, Field(description="HOST or HOST:PORT to which a request may send a stream on; none: nowhere; repeatable")
    ] = ()
    forward_operator: Annotated[
        Words, Field(description="name of a token, or subject of a JWT, whose requests may do that; repeatable")
    ] = ()

    @field_validator("stun")
    @classmethod
    def _check_stun(cls, urls: list[str]) -> list[str]:
        return _matching(urls, _STUN, "stun:stun.example.net:3478")

    @field_validator("turn")
    @classmethod
    def _check_turn(cls, urls: list[str]) -> list[str]:
        return _matching(urls, _TURN, "turn:turn.example.net:3478?transport=udp")

    @field_validator("turn_username", "turn_password")
    @classmethod
    def _check_credential(cls, text: str | None) -> str | None:
        # Clients split the Link header at these.
        if text is not None and not _QUOTED.fullmatch(text):
            raise ValueError('must have no blank and none of " , ;')
        return text

    @field_validator("public_ip")
    @classmethod
    def _check_public_ip(cls, address: str | None) -> str | None:
        if address is not None and ip_address(address).version != 4:
            raise ValueError("must be an IPv4 address: IPv6 needs no NAT")
        return address

    @field_validator("redirect", "forward_whip")
    @classmethod
    def _check_url(cls, url: str | None) -> str | None:
        if url is not None and not _URL.fullmatch(url):
            raise ValueError("must be an http:// or https:// URL")
        return url

    @field_validator("forward_host")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        read_hosts(hosts)
        return hosts

    @model_validator(mode="after")
    def _check_together(self) -> "NetworkOptions":
        if self.turn and self.turn_secret is None and (self.turn_username is None or self.turn_password is None):
            raise ValueError("--turn needs --turn-secret, or --turn-username and --turn-password")
        if self.forward_token is not None and self.forward_whip is None:
            raise ValueError("--forward-token is for --forward-whip")
        if self.forward_operator and not self.forward_host:
            raise ValueError("--forward-operator needs --forward-host: the hosts that may be named")
        self._port_range()
        return self

    @property
    def ingest(self) -> Ingest | None:
        """Where every named stream goes on to."""
        return None if self.forward_whip is None else Ingest(self.forward_whip, self.forward_token)

    def forwarding(self, closed: bool, open_to_all: bool) -> ForwardRules:
        """Return who may send streams on by request, and whereto.

        Args:
            closed: whether the server asks for tokens.
            open_to_all: whether everybody who reaches it may use it.

        Raises:
            OptionsError: nobody could, or everybody.
        """
        if self.forward_host and open_to_all:
            raise OptionsError("--forward-host with --open: everybody could send streams on; use tokens")
        if self.forward_host and closed and not self.forward_operator:
            raise OptionsError("--forward-host where tokens are needed: say with --forward-operator NAME whose may")
        operators = frozenset(self.forward_operator) if closed else None
        return ForwardRules(read_hosts(self.forward_host), operators)

    def _port_range(self) -> tuple[int, int] | None:
        if self.udp_ports is None:
            return None
        first, last = (int(port) for port in self.udp_ports.split("-"))
        if not 1024 <= first <= last <= 65535:
            raise ValueError("--udp-ports must be FIRST-LAST between 1024 and 65535, such as 50000-50199")
        return first, last

    @property
    def network(self) -> Network:
        """How peers and the server reach each other."""
        return Network(
            tuple(self.stun),
            tuple(self.turn),
            self.turn_secret,
            self.turn_username,
            self.turn_password,
            self.public_ip,
            self._port_range(),
        )


def _matching(urls: list[str], form: re.Pattern[str], example: str) -> list[str]:
    for url in urls:
        if not form.fullmatch(url):
            raise ValueError(f"{url!r} is not of the form {example}")
    return urls
