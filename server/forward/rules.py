"""Who may send a stream on, and to which hosts, by request: nobody and nowhere, unless options say so."""

from dataclasses import dataclass

from yarl import URL

from acutance.server.errors import RequestError
from acutance.server.security.tokens import Caller


@dataclass(frozen=True)
class ForwardRules:
    """What `--forward-host` and `--forward-operator` allow.

    A request names a URL that the server then calls: without a list of hosts it would reach whatever the server
    reaches, such as a cloud's metadata or a database beside it.

    Attributes:
        hosts: name or address, and port; None for that of the URL's scheme.
        operators: names of tokens or subjects of JWTs; None where the server asks nobody for one.
    """

    hosts: frozenset[tuple[str, int | None]] = frozenset()
    operators: frozenset[str] | None = frozenset()

    def check(self, caller: Caller) -> None:
        """Let an operator pass.

        Raises:
            RequestError: 403, why not.
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
        """Return whether the server may ask this URL."""
        name = (url.host or "").lower()
        return (name, url.port) in self.hosts or (url.is_default_port() and (name, None) in self.hosts)
