"""Options that say who may use the server, and over what."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_settings import NoDecode

from acutance.server.security.access import Access, is_loopback
from acutance.server.security.jwt_keys import JwtVerifier
from acutance.server.security.origins import Origins
from acutance.server.security.tls import Certificate, self_signed
from acutance.server.security.tokens import Tokens, read_token_file


def _words(value: object) -> object:
    """Split what stands in an environment variable; flags and files bring lists."""
    if isinstance(value, str):
        return value.replace(",", " ").split()
    if isinstance(value, list):
        return [word for one in value for word in (str(one).replace(",", " ").split())]
    return value


type Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class OptionsError(ValueError):
    """Options that do not go together; the message says which and what to do."""


class AccessOptions(BaseModel):
    """Tokens, origins, TLS."""

    token: Annotated[
        Words, Field(repr=False, description="who may: SECRET, NAME:SECRET or NAME/SESSIONS:SECRET; repeatable")
    ] = ()
    token_file: Annotated[Path | None, Field(description="more of them, one a line")] = None
    jwt_issuer: Annotated[
        str | None, Field(description="whose JSON Web Tokens are taken too; needs --jwt-audience")
    ] = None
    jwt_audience: Annotated[str | None, Field(description="for whom they must be")] = None
    jwt_keys: Annotated[
        str | None, Field(description="file or URL of the issuer's key set; none: by OpenID Connect discovery")
    ] = None
    open: Annotated[bool, Field(description="let everybody who reaches the port use the server")] = False
    origin: Annotated[
        Words, Field(description="other pages that may use it, such as https://example.org; repeatable")
    ] = ()
    trusted_proxy: Annotated[
        Words, Field(description="address or network whose X-Forwarded-For is believed; repeatable")
    ] = ()
    tls_cert: Annotated[
        Path | None, Field(description="PEM file of the certificate chain; followed when it changes")
    ] = None
    tls_key: Annotated[Path | None, Field(description="PEM file of its key")] = None
    self_signed: Annotated[bool, Field(description="serve HTTPS with a certificate made for this machine")] = False
    self_signed_folder: Annotated[
        Path | None, Field(description="where that certificate is kept; none: a new one at each start")
    ] = None

    def access(self, host: str) -> Access:
        """Return who may.

        Raises:
            OptionsError: nobody was said to, and ``host`` can be reached from elsewhere; or half of a pair is missing.
            TokenError: a token cannot be used.
        """
        tokens = Tokens([*self.token, *(read_token_file(self.token_file) if self.token_file else ())])
        if (self.jwt_issuer is None) != (self.jwt_audience is None):
            raise OptionsError("--jwt-issuer and --jwt-audience are needed together")
        if self.jwt_keys is not None and self.jwt_issuer is None:
            raise OptionsError("--jwt-keys needs --jwt-issuer and --jwt-audience")
        verifier = None
        if self.jwt_issuer is not None and self.jwt_audience is not None:
            verifier = JwtVerifier(self.jwt_issuer, self.jwt_audience, self.jwt_keys)
        access = Access(tokens, verifier)
        if access.required and self.open:
            raise OptionsError("--open lets everybody in, tokens do not: give one of them")
        if not access.required and not self.open and not is_loopback(host):
            raise OptionsError(
                f"--host {host} can be reached from elsewhere: give a --token (openssl rand -base64 24 makes one), "
                "a --jwt-issuer, or --open if everybody may use the server"
            )
        return access

    def origins(self, host: str) -> Origins:
        """Return which pages may.

        Raises:
            OriginError: one is no origin.
        """
        closed = bool(self.token or self.token_file or self.jwt_issuer)
        return Origins.of(self.origin, loopback_only=is_loopback(host) and not self.open and not closed)

    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """Return the networks of trusted proxies.

        Raises:
            OptionsError: one is no address or network.
        """
        try:
            return tuple(ipaddress.ip_network(proxy) for proxy in self.trusted_proxy)
        except ValueError as error:
            raise OptionsError(f"--trusted-proxy: {error}; write an address or a network as 10.0.0.0/8") from error

    def certificate(self) -> Certificate | None:
        """Return what HTTPS is served with; None for plain HTTP.

        Raises:
            OptionsError: half of a pair is missing, or two ways are given.
            TlsError: the files cannot be used.
        """
        if (self.tls_cert is None) != (self.tls_key is None):
            raise OptionsError("--tls-cert and --tls-key are needed together")
        if self.self_signed_folder is not None and not self.self_signed:
            raise OptionsError("--self-signed-folder needs --self-signed")
        if self.tls_cert is not None and self.tls_key is not None:
            if self.self_signed:
                raise OptionsError("--self-signed makes a certificate, --tls-cert brings one: give one of them")
            return Certificate.of(self.tls_cert, self.tls_key)
        return self_signed(self.self_signed_folder) if self.self_signed else None
