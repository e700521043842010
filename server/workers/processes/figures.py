"""What a worker reports about its host of sessions."""

from dataclasses import dataclass
from typing import Any

from acutance.server.http.health import state
from acutance.server.sessions.host import Host
from acutance.server.sessions.registry import Registry
from acutance.server.workers.report import LoadReport, SessionReport


def load_report(host: Host) -> LoadReport:
    """Return the load of this process over the last second."""
    load = host.context.load
    return LoadReport(lag_ms=host.context.loop_lag.p99_ms(), loop=load.loop, gpu=load.gpu, processors=load.own)


def session_reports(registry: Registry) -> tuple[SessionReport, ...]:
    """Return a report on each session."""
    publishers = [
        SessionReport(
            id=each.id,
            client=each.client,
            connected=each.state != "connecting",
            load=each.load(),
            stream=registry.streams.name_of(each),
        )
        for each in registry.publishers
    ]
    viewers = [
        SessionReport(id=each.id, client=each.client, connected=each.state != "connecting") for each in registry.viewers
    ]
    return (*publishers, *viewers)


@dataclass(frozen=True)
class HostReporter:
    """Reports on the sessions of a host in this process, see `serving.Reporter`."""

    host: Host

    @property
    def state(self) -> dict[str, Any]:
        """State of the sessions, see `health.state`."""
        return state(self.host)

    def known(self) -> object:
        """Return what changes when a session begins, connects or ends."""
        return {(each.id, each.state) for each in self.host.registry}

    def sessions(self) -> tuple[SessionReport, ...]:
        """Return a report on each session."""
        return session_reports(self.host.registry)

    def load(self) -> LoadReport:
        """Return the load over the last second."""
        return load_report(self.host)

    def limits(self) -> tuple[int | None, int | None]:
        """Return none: the accepting process has the limits."""
        return None, None
