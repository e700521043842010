"""Measures the load of a worker."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, thread_time

from acutance.model.engine.providers import TRAITS
from acutance.server.sessions.host import Host
from acutance.server.sessions.registry import Registry
from acutance.server.workers.report import LoadReport, SessionReport


@dataclass
class Figures:
    """Measures the load of this process between two readings. Belongs to the event loop of the host.

    Attributes:
        host: the sessions.
        clock: in seconds.
        loop_clock: processor time of the thread of the event loop, in seconds.
    """

    host: Host
    clock: Callable[[], float] = monotonic
    loop_clock: Callable[[], float] = thread_time
    _at: float = field(init=False)
    _loop: float = field(init=False)
    _inference: float = 0.0

    def __post_init__(self) -> None:
        self._at, self._loop = self.clock(), self.loop_clock()
        self.host.context.stage_observers.append(self._observe)

    def read(self) -> LoadReport:
        """Return the load since the last call."""
        now, loop, context = self.clock(), self.loop_clock(), self.host.context
        seconds = max(now - self._at, 1e-3)
        best = context.ladder.best
        on_gpu = TRAITS[best.provider].staged
        report = LoadReport(
            lag_ms=context.loop_lag.p99_ms(),
            loop=min((loop - self._loop) / seconds, 1.0),
            gpu=min(self._inference / seconds / best.at_once, 1.0) if on_gpu else 0.0,
            processors=context.load.own,
        )
        self._at, self._loop, self._inference = now, loop, 0.0
        return report

    def _observe(self, stage: str, seconds: float) -> None:
        if stage == "enhance":
            self._inference += seconds


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
