"""Decides whether another session is admitted: the only place that refuses one."""

from dataclasses import dataclass, field

from acutance.server.errors import RETRY_LATER, RequestError
from acutance.server.security.quota import Client, Quota
from acutance.server.sessions.headroom import refusal_reason
from acutance.server.sessions.registry import Registry
from acutance.server.telemetry.load import Load


class NotAdmittedError(RequestError):
    """Another session is not admitted; the message says why.

    Attributes:
        elsewhere: the URL of another server that may admit the session; None if none is configured.
    """

    def __init__(self, message: str, elsewhere: str | None = None, code: str = "full"):
        super().__init__(503, code, message, RETRY_LATER)
        self.elsewhere = elsewhere


@dataclass(frozen=True)
class AdmissionLimits:
    """Limits on the sessions that a server admits.

    Attributes:
        max_sessions: maximum number of publishers.
        max_viewers: maximum number of viewers, of all streams together.
        check_load: whether a publisher is refused if the processors have too little capacity for it.
        quota: limits of each client.
        redirect: the URL of another server for refused publishers; None to refuse them without a redirect.
    """

    max_sessions: int = 4
    max_viewers: int = 50
    check_load: bool = True
    quota: Quota = field(default_factory=Quota)
    redirect: str | None = None


class Admission:
    """Checks each new session against the limits, the load, and whether the server is about to stop.

    Attributes:
        limits: limits on the sessions that are admitted.
        draining: whether new sessions are refused because the server is about to stop.
    """

    def __init__(self, limits: AdmissionLimits, registry: Registry, load: Load):
        self.limits = limits
        self.draining = False
        self._registry = registry
        self._load = load

    def check_publisher(self, client: Client) -> None:
        """Check whether another publisher may begin.

        Raises:
            NotAdmittedError: it may not; the message says why.
        """
        self._check_client(client)
        limits, publishers = self.limits, self._registry.publishers
        if len(publishers) >= limits.max_sessions:
            raise NotAdmittedError(
                f"All {limits.max_sessions} sessions of this server are in use: try again in a few seconds, "
                "or start it with a higher --max-sessions.",
                limits.redirect,
            )
        if not limits.check_load:
            return
        load = self._load
        why = refusal_reason([publisher.load() for publisher in publishers], load.without_students, load.own, load.cpus)
        if why is not None:
            raise NotAdmittedError(
                f"This server cannot carry another session without slowing down the others ({why}): "
                "try again in a few seconds.",
                limits.redirect,
            )

    def check_viewer(self, client: Client) -> None:
        """Check whether another viewer may begin.

        Raises:
            NotAdmittedError: it may not; the message says why.
        """
        self._check_client(client)
        most = self.limits.max_viewers
        if self._registry.viewer_count >= most:
            raise NotAdmittedError(
                f"All {most} places for viewers on this server are in use: try again in a few seconds, "
                "or start it with a higher --max-viewers."
            )

    def _check_client(self, client: Client) -> None:
        if self.draining:
            raise NotAdmittedError(
                "This server is about to stop: try another one, or again in a minute.", code="draining"
            )
        why = self.limits.quota.refusal_reason(client, self._registry.active_sessions())
        if why is not None:
            raise NotAdmittedError(f"No further session: {why}. Try again when one has ended.", code="quota")
