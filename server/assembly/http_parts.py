"""The parts of the HTTP server: authentication, origins, rate limit, certificate, rules of forwarding."""

from dataclasses import dataclass

from acutance.server.forward.rules import ForwardRules
from acutance.server.http.guard import Guard
from acutance.server.options.access import AccessOptions
from acutance.server.options.forwarding import ForwardOptions, read_hosts
from acutance.server.options.server import ServeOptions
from acutance.server.security.access import Access, is_loopback
from acutance.server.security.jwt_keys import JwtVerifier
from acutance.server.security.origins import OriginError, Origins
from acutance.server.security.rate_limit import RequestRate
from acutance.server.security.self_signed import self_signed
from acutance.server.security.tls import Certificate, PemFiles, TlsError
from acutance.server.security.tokens import TokenError, Tokens, read_token_file


class AssemblyError(ValueError):
    """The server cannot be built from these options; the message says which one is wrong and what to do."""


@dataclass(frozen=True)
class HttpParts:
    """The parts of the HTTP server that depend on the options.

    Attributes:
        guard: checks token, origin and rate of each request.
        certificate: for HTTPS; None for plain HTTP.
        forwarding: who may request forwarding, and to which hosts.
    """

    guard: Guard
    certificate: Certificate | None
    forwarding: ForwardRules


def http_parts(options: ServeOptions) -> HttpParts:
    """Build the parts of the HTTP server.

    Raises:
        AssemblyError: a token, an origin or a certificate cannot be used; or no authentication is configured, and other
            hosts can reach the server.
    """
    guard = Guard(
        access(options, options.host),
        origins(options, options.host),
        RequestRate(options.max_requests_per_minute),
        proxies=options.proxy_networks,
    )
    return HttpParts(guard, certificate(options), forward_rules(options, guard.access.required))


def access(options: AccessOptions, host: str) -> Access:
    """Build the authentication.

    Raises:
        AssemblyError: a token cannot be used; or no authentication is configured, and other hosts can reach ``host``.
    """
    try:
        listed = read_token_file(options.token_file) if options.token_file is not None else []
        tokens = Tokens([*(token.get_secret_value() for token in options.token), *listed])
    except TokenError as error:
        raise AssemblyError(str(error)) from error
    verifier = None
    if options.jwt_issuer is not None and options.jwt_audience is not None:
        verifier = JwtVerifier(options.jwt_issuer, options.jwt_audience, options.jwt_keys)
    access = Access(tokens, verifier)
    if not access.required and not options.open and not is_loopback(host):
        raise AssemblyError(
            f"--host {host} can be reached from other machines: give a --token (openssl rand -base64 24 makes one), "
            "a --jwt-issuer, or --open to let anyone use the server"
        )
    return access


def origins(options: AccessOptions, host: str) -> Origins:
    """Build the check of web origins.

    Raises:
        AssemblyError: one is not an origin.
    """
    for name, given in (("--origin", options.origin), ("--embed", options.embed)):
        try:
            Origins.of(given)
        except OriginError as error:
            raise AssemblyError(f"{name}: {error}") from error
    loopback_only = is_loopback(host) and not options.open and not options.requires_token
    return Origins.of(options.origin, loopback_only, options.embed)


def certificate(options: AccessOptions) -> Certificate | None:
    """Read or make the certificate for HTTPS; None for plain HTTP.

    Raises:
        AssemblyError: the files cannot be used.
    """
    try:
        if options.tls_cert is not None and options.tls_key is not None:
            return Certificate(PemFiles(options.tls_cert, options.tls_key))
        return self_signed(options.self_signed_folder) if options.self_signed else None
    except TlsError as error:
        raise AssemblyError(str(error)) from error


def forward_rules(options: ForwardOptions, authenticated: bool) -> ForwardRules:
    """Build the rules of forwarding by request.

    Args:
        options: the forwarding options.
        authenticated: whether clients need a token; if not, operators are not checked.
    """
    operators = frozenset(options.forward_operator) if authenticated else None
    return ForwardRules(read_hosts(options.forward_host), operators)
