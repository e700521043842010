"""Decides whether another session is admitted: the only place that refuses one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from acutance.server.errors import RETRY_LATER, RequestError
from acutance.server.security.quota import Client, CountedSession, Quota
from acutance.server.sessions.headroom import Process, SessionLoad, refusal_reason


class Census(Protocol):
    """Counts the sessions of a server, of all its processes."""

    def publisher_loads(self) -> Sequence[SessionLoad]:
        """Return the load of each publisher."""
        ...

    @property
    def viewer_count(self) -> int:
        """Number of viewers."""
        ...

    def active_sessions(self) -> Sequence[CountedSession]:
        """Return the sessions as they count against the quotas of clients."""
        ...


class HostLoad(Protocol):
    """The load on the processors, see `telemetry.load.Load`; ``own`` is that of all processes of the server."""

    @property
    def without_students(self) -> float:
        """Processors in use without the students, other programs included."""
        ...

    @property
    def own(self) -> float:
        """Processors that the server uses."""
        ...

    @property
    def cpus(self) -> float:
        """Processors that the server may use."""
        ...


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

    def __init__(
        self, limits: AdmissionLimits, census: Census, load: HostLoad, process: Callable[[], Process] = Process
    ):
        """Create it.

        Args:
            limits: limits on the sessions that are admitted.
            census: counts the sessions.
            load: the load on the processors.
            process: returns the load of the process that would carry the next session.
        """
        self.limits = limits
        self.draining = False
        self._census = census
        self._load = load
        self._process = process

    def check_publisher(self, client: Client) -> None:
        """Check whether another publisher may begin.

        Raises:
            NotAdmittedError: it may not; the message says why.
        """
        self._check_client(client)
        limits, loads = self.limits, self._census.publisher_loads()
        if len(loads) >= limits.max_sessions:
            raise NotAdmittedError(
                f"All {limits.max_sessions} sessions of this server are in use: try again in a few seconds, "
                "or start it with a higher --max-sessions.",
                limits.redirect,
            )
        if not limits.check_load:
            return
        load = self._load
        why = refusal_reason(loads, load.without_students, load.own, load.cpus, self._process())
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
        if self._census.viewer_count >= most:
            raise NotAdmittedError(
                f"All {most} places for viewers on this server are in use: try again in a few seconds, "
                "or start it with a higher --max-viewers."
            )

    def _check_client(self, client: Client) -> None:
        if self.draining:
            raise NotAdmittedError(
                "This server is about to stop: try another one, or again in a minute.", code="draining"
            )
        why = self.limits.quota.refusal_reason(client, self._census.active_sessions())
        if why is not None:
            raise NotAdmittedError(f"No further session: {why}. Try again when one has ended.", code="quota")
