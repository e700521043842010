"""Rules for forwarding by request: which clients may request it, and to which hosts. The default forbids it."""

from dataclasses import dataclass

from yarl import URL

from acutance.server.errors import RequestError
from acutance.server.security.tokens import Caller


@dataclass(frozen=True)
class ForwardRules:
    """The rules that `--forward-host` and `--forward-operator` set.

    A request contains a URL to which the server then connects. Without a list of hosts a client could reach every
    service that the server can reach, such as a cloud's metadata service or a local database (SSRF).

    Attributes:
        hosts: name or address, and port, of each allowed host; port None for the default port of the URL's scheme.
        operators: names of tokens or subjects of JWTs that may forward; None if the server needs no tokens.
    """

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    operators: frozenset[str] | None = frozenset()

    def check(self, caller: Caller) -> None:
        """Check that the caller may forward streams.

        Raises:
            RequestError: 403; the message says why.
        """
        if not self.hosts:
            raise RequestError(
                403, "forward_off", "Streams are not forwarded by request here: start the server with --forward-host."
            )
        if self.operators is not None and caller.name not in self.operators:
            raise RequestError(
                403, "not_operator", f"{caller.name} may not forward streams: only those in --forward-operator may."
            )

    def allow(self, url: URL) -> bool:
        """Return whether the server may connect to this URL."""
        name = (url.host or "").lower()
        return (name, url.port) in self.hosts or (url.is_default_port() and (name, None) in self.hosts)
