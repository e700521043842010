"""Options for the network path between peers and the server: STUN, TURN, NAT and ports."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from yarl import URL

from acutance.server.options.values import Words

# Address or name with an optional port, and for TURN an optional transport: the forms that aiortc and the Link header
# support.
_STUN = re.compile(r"stun:[\w.\[\]:-]+", re.ASCII)
_TURN = re.compile(r"turns?:[\w.\[\]:-]+(\?transport=(udp|tcp))?", re.ASCII)
_QUOTED = re.compile(r'[^",;\s]*')
_URL = re.compile(r"https?://[^\s]+")


class NetworkOptions(BaseModel):
    """STUN, TURN, the public address, ports, and the server to which publishers are redirected."""

    stun: Annotated[
        Words, Field(description="STUN server for this server and its peers: stun:HOST:PORT; repeatable")
    ] = ()
    turn: Annotated[
        Words,
        Field(
            description="TURN server for this server and its peers: turn:HOST:PORT?transport=udp (or turns:, or tcp); "
            "repeatable"
        ),
    ] = ()
    turn_secret: Annotated[
        SecretStr | None,
        Field(
            description="Secret shared with the TURN server (coturn: static-auth-secret), for credentials that expire"
        ),
    ] = None
    turn_username: Annotated[str | None, Field(description="Fixed TURN user name, if there is no --turn-secret")] = None
    turn_password: Annotated[
        SecretStr | None, Field(description="Fixed TURN password, if there is no --turn-secret")
    ] = None
    public_ip: Annotated[
        str | None,
        Field(description="Public IPv4 address of this host behind a 1:1 NAT, as cloud providers use it"),
    ] = None
    udp_ports: Annotated[
        str | None,
        Field(pattern=r"^\d+-\d+$", description="Range of UDP ports for media, FIRST-LAST; none: any free port"),
    ] = None
    redirect: Annotated[
        str | None,
        Field(description="URL of another server to which publishers are redirected (307) when this one is full"),
    ] = None

    @field_validator("stun")
    @classmethod
    def _check_stun(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return _matching(urls, _STUN, "stun:stun.example.net:3478")

    @field_validator("turn")
    @classmethod
    def _check_turn(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return _matching(urls, _TURN, "turn:turn.example.net:3478?transport=udp")

    @field_validator("turn_username")
    @classmethod
    def _check_username(cls, username: str | None) -> str | None:
        if username is not None:
            _check_quotable(username)
        return username

    @field_validator("turn_password")
    @classmethod
    def _check_password(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None:
            _check_quotable(password.get_secret_value())
        return password

    @field_validator("public_ip")
    @classmethod
    def _check_public_ip(cls, address: str | None) -> str | None:
        if address is not None and ip_address(address).version != 4:
            raise ValueError("must be an IPv4 address: IPv6 needs no NAT")
        return address

    @field_validator("redirect")
    @classmethod
    def _check_redirect(cls, url: str | None) -> str | None:
        if url is not None:
            check_url(url)
        return url

    @model_validator(mode="after")
    def _check_network(self) -> "NetworkOptions":
        if self.turn and self.turn_secret is None and (self.turn_username is None or self.turn_password is None):
            raise ValueError("--turn needs --turn-secret, or --turn-username and --turn-password")
        if self.udp_port_range is not None:
            first, last = self.udp_port_range
            if not 1024 <= first <= last <= 65535:
                raise ValueError("--udp-ports must be FIRST-LAST between 1024 and 65535, such as 50000-50199")
        return self

    @property
    def udp_port_range(self) -> tuple[int, int] | None:
        """First and last UDP port for media; None for any free port."""
        if self.udp_ports is None:
            return None
        first, last = (int(port) for port in self.udp_ports.split("-"))
        return first, last


def check_url(url: str) -> None:
    """Check that this is an HTTP or HTTPS URL with a host.

    Raises:
        ValueError: it is not.
    """
    try:
        host = URL(url).host
    except ValueError:
        host = None
    if not _URL.fullmatch(url) or not host:
        raise ValueError("must be an http:// or https:// URL with a host")


def _matching(urls: tuple[str, ...], form: re.Pattern[str], example: str) -> tuple[str, ...]:
    for url in urls:
        if not form.fullmatch(url):
            raise ValueError(f"must have the form {example}")
    return urls


def _check_quotable(text: str) -> None:
    # Clients split the Link header at these characters.
    if not _QUOTED.fullmatch(text):
        raise ValueError('must not contain blanks or any of " , ;')
