"""Options for authentication, web origins and TLS."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, field_validator, model_validator

from acutance.server.options.values import SecretWords, Words


class AccessOptions(BaseModel):
    """Tokens, origins, TLS."""

    token: Annotated[
        SecretWords,
        Field(description="Token that lets a client in: SECRET, NAME:SECRET or NAME/SESSIONS:SECRET; repeatable"),
    ] = ()
    token_file: Annotated[Path | None, Field(description="File with further tokens, one per line")] = None
    jwt_issuer: Annotated[
        str | None, Field(description="Issuer (iss) of JSON Web Tokens to accept; needs --jwt-audience")
    ] = None
    jwt_audience: Annotated[str | None, Field(description="Audience (aud) that JSON Web Tokens must name")] = None
    jwt_keys: Annotated[
        str | None,
        Field(description="File or URL of the issuer's JSON Web Key Set; none: OpenID Connect Discovery finds it"),
    ] = None
    open: Annotated[bool, Field(description="Let anyone who can reach the port use the server without a token")] = False
    origin: Annotated[
        Words, Field(description="Origin of another web page that may use the server: https://example.org; repeatable")
    ] = ()
    embed: Annotated[
        Words,
        Field(description="Origin of a web page that may show /watch/NAME in a frame: https://example.org; repeatable"),
    ] = ()
    trusted_proxy: Annotated[
        Words,
        Field(
            description="Address or network of a reverse proxy, to trust its X-Forwarded-For header; repeatable",
        ),
    ] = ()
    tls_cert: Annotated[
        Path | None, Field(description="PEM file of the certificate chain; read again when it changes")
    ] = None
    tls_key: Annotated[Path | None, Field(description="PEM file of the certificate's private key")] = None
    self_signed: Annotated[
        bool, Field(description="Serve HTTPS with a self-signed certificate for the names and addresses of this host")
    ] = False
    self_signed_folder: Annotated[
        Path | None, Field(description="Folder that keeps the self-signed certificate; none: a new one at each start")
    ] = None

    @field_validator("trusted_proxy")
    @classmethod
    def _check_proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError as error:
                raise ValueError(f"{error}; write an address or a network such as 10.0.0.0/8") from error
        return proxies

    @model_validator(mode="after")
    def _check_access(self) -> "AccessOptions":
        if (self.jwt_issuer is None) != (self.jwt_audience is None):
            raise ValueError("--jwt-issuer and --jwt-audience are needed together")
        if self.jwt_keys is not None and self.jwt_issuer is None:
            raise ValueError("--jwt-keys needs --jwt-issuer and --jwt-audience")
        if self.open and self.requires_token:
            raise ValueError("--open cannot be combined with tokens: give only one of them")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("--tls-cert and --tls-key are needed together")
        if self.tls_cert is not None and self.self_signed:
            raise ValueError("--self-signed cannot be combined with --tls-cert: give only one of them")
        if self.self_signed_folder is not None and not self.self_signed:
            raise ValueError("--self-signed-folder needs --self-signed")
        return self

    @property
    def requires_token(self) -> bool:
        """Whether clients need a token."""
        return bool(self.token) or self.token_file is not None or self.jwt_issuer is not None

    @property
    def proxy_networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Networks of the trusted proxies."""
        return tuple(ipaddress.ip_network(proxy) for proxy in self.trusted_proxy)
