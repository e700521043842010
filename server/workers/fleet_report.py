"""What a server with workers reports about all of its sessions."""

from dataclasses import dataclass
from typing import Any

from acutance.server.sessions.admission import Admission, HostLoad
from acutance.server.signalling.session_ids import labelled
from acutance.server.workers.report import LoadReport, SessionReport
from acutance.server.workers.roster import Roster


@dataclass(frozen=True)
class FleetReporter:
    """Reports on the sessions of all workers, see `processes.serving.Reporter`.

    Attributes:
        roster: the workers.
        admission: the limits of the machine.
        host_load: the load of the machine.
    """

    roster: Roster
    admission: Admission
    host_load: HostLoad

    @property
    def state(self) -> dict[str, Any]:
        """State of the sessions, see `health.state`."""
        ready = bool(self.roster.by_load())
        status = "draining" if self.admission.draining else "ok" if ready else "stalled"
        reasons = [] if ready else ["no worker process takes sessions"]
        return {"status": status, "live": True, "ready": status == "ok", "reasons": reasons}

    def known(self) -> object:
        """Return what changes when a session begins, connects or ends."""
        return {(each.id, each.connected) for each in self.sessions()}

    def sessions(self) -> tuple[SessionReport, ...]:
        """Return a report on each session, with the name of its worker in its identifier."""
        return tuple(
            each.model_copy(update={"id": labelled(carrier.name, each.id)})
            for carrier in self.roster.carriers.values()
            for each in carrier.report.sessions
        )

    def load(self) -> LoadReport:
        """Return the load of the worker that would get the next session, with the processors that all use."""
        best = next(iter(self.roster.by_load()), None)
        load = best.report.load if best is not None else LoadReport()
        return load.model_copy(update={"processors": self.host_load.own})

    def limits(self) -> tuple[int | None, int | None]:
        """Return the maximum numbers of publishers and viewers."""
        return self.admission.limits.max_sessions, self.admission.limits.max_viewers
