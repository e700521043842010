"""Options for forwarding streams to other servers."""

from collections.abc import Iterable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from acutance.server.options.network import check_url
from acutance.server.options.values import Words


class ForwardOptions(BaseModel):
    """Destinations of forwarded streams, and who may request forwarding."""

    forward_whip: Annotated[
        SecretStr | None,
        Field(
            description="URL of a WHIP endpoint to which every named stream is forwarded, enhanced; {stream} in it "
            "stands for the stream's name"
        ),
    ] = None
    forward_token: Annotated[SecretStr | None, Field(description="Bearer token for --forward-whip")] = None
    forward_host: Annotated[
        Words,
        Field(
            description="HOST or HOST:PORT to which clients may request forwarding; none: no requests are accepted; "
            "repeatable"
        ),
    ] = ()
    forward_operator: Annotated[
        Words,
        Field(description="Name of a token, or subject (sub) of a JWT, that may request forwarding; repeatable"),
    ] = ()

    @field_validator("forward_whip")
    @classmethod
    def _check_whip(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            check_url(url.get_secret_value())
        return url

    @field_validator("forward_host")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        read_hosts(hosts)
        return hosts

    @model_validator(mode="after")
    def _check_forwarding(self) -> "ForwardOptions":
        if self.forward_token is not None and self.forward_whip is None:
            raise ValueError("--forward-token needs --forward-whip")
        if self.forward_operator and not self.forward_host:
            raise ValueError("--forward-operator needs --forward-host, which lists the permitted hosts")
        return self


def read_hosts(hosts: Iterable[str]) -> frozenset[tuple[str, int | None]]:
    """Parse hosts of the form ``HOST`` or ``HOST:PORT``, with IPv6 addresses in brackets.

    Returns:
        Name and port of each; the port is None if none was given.

    Raises:
        ValueError: one has another form.
    """
    read = set()
    for host in hosts:
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname, parts.port
        except ValueError:
            name, port = None, None
        if name is None or parts.netloc != host or parts.username is not None:
            raise ValueError(f"{host!r} is not a host: write sfu.example.net or sfu.example.net:7080")
        read.add((name, port))
    return frozenset(read)
