"""What a worker reports about its host of sessions."""

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
