"""What a worker reports about its sessions and its load."""

from pydantic import BaseModel, ConfigDict

from acutance.server.security.quota import Client
from acutance.server.sessions.headroom import SessionLoad


class SessionReport(BaseModel):
    """A session of a worker.

    Attributes:
        id: identifier of the session, without the name of the worker.
        client: the client that it belongs to.
        connected: whether ICE and DTLS have completed.
        load: its load; None for a viewer.
        stream: name of the stream that it publishes; None for none.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    client: Client
    connected: bool
    load: SessionLoad | None = None
    stream: str | None = None


class LoadReport(BaseModel):
    """The load of a worker over the last second.

    Attributes:
        lag_ms: lag of the event loop in milliseconds, 99th percentile of the last 15 s.
        loop: share of the time in which the event loop was busy, 0 to 1.
        gpu: share of the time in which its students ran on a GPU, 0 to 1; 0 on a CPU.
        processors: number of processors in use.
    """

    model_config = ConfigDict(frozen=True)

    lag_ms: float = 0.0
    loop: float = 0.0
    gpu: float = 0.0
    processors: float = 0.0


class Report(BaseModel):
    """The state of a carrier.

    Attributes:
        sessions: all of its sessions.
        load: its load.
        ready: whether it takes new sessions.
        draining: whether it takes none because it is about to end.
        max_sessions: maximum number of its publishers; None if the accepting process has the limits.
        max_viewers: maximum number of its viewers; None as above.
        pid: its process identifier.
    """

    model_config = ConfigDict(frozen=True)

    sessions: tuple[SessionReport, ...] = ()
    load: LoadReport = LoadReport()
    ready: bool = True
    draining: bool = False
    max_sessions: int | None = None
    max_viewers: int | None = None
    pid: int = 0
