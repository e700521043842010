"""Who may forward streams by request, and to which hosts: nobody, unless options allow it."""

from dataclasses import dataclass

from yarl import URL

from acutance.server.errors import RequestError
from acutance.server.security.tokens import Caller


@dataclass(frozen=True)
class ForwardRules:
    """The rules that `--forward-host` and `--forward-operator` set.

    A request names a URL that the server then calls. Without a list of hosts a client could reach everything that the
    server can reach, such as the metadata service of a cloud or a database beside the server.

    Attributes:
        hosts: name or address, and port, of each allowed host; port None for the default port of the URL's scheme.
        operators: names of tokens or subjects of JWTs that may forward; None where the server needs no tokens.
    """

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    operators: frozenset[str] | None = frozenset()

    def check(self, caller: Caller) -> None:
        """Return if the caller may forward streams.

        Raises:
            RequestError: 403, with the reason.
        """
        if not self.hosts:
            raise RequestError(
                403, "forward_off", "Streams are not forwarded by request here: start the server with --forward-host."
            )
        if self.operators is not None and caller.name not in self.operators:
            raise RequestError(
                403, "not_operator", f"{caller.name} may not forward streams: --forward-operator names who may."
            )

    def allow(self, url: URL) -> bool:
        """Return whether the server may call this URL."""
        name = (url.host or "").lower()
        return (name, url.port) in self.hosts or (url.is_default_port() and (name, None) in self.hosts)
