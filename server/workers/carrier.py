"""What carries sessions outside of the accepting process: its interface, and its errors."""

from typing import Protocol

from acutance.server.errors import RETRY_LATER, RequestError
from acutance.server.signalling.requests import Request
from acutance.server.workers.report import Report


class Carrier(Protocol):
    """Carries sessions: a worker process of this machine, or whatever else answers requests and reports its state.

    Attributes:
        name: of letters and digits; part of the identifiers of its sessions, and never used again after its end.
        report: its last report.
        share: number of processors that are its part of the host.
        gpu: its GPU, which carriers with the same name share; None for none, or one of its own.
    """

    name: str
    report: Report
    share: float
    gpu: str | None

    @property
    def responds(self) -> bool:
        """Whether it has reported a moment ago; if not, it is stopped, or its event loop is."""
        ...

    async def ask[Reply](self, request: Request[Reply], seconds: float) -> Reply:
        """Return the reply to a request.

        Args:
            request: the request; identifiers of sessions in it are the carrier's own.
            seconds: maximum time.

        Raises:
            RequestError: the carrier refuses it.
            CarrierLostError: there is no reply: the carrier has ended, or takes too long.
        """
        ...


class CarrierLostError(Exception):
    """A carrier has ended or does not reply."""


class NoCarrierError(RequestError):
    """No carrier can take the session or answer the request now."""

    def __init__(self) -> None:
        super().__init__(
            503, "no_worker", "No process of this server can take this request now: try again later.", RETRY_LATER
        )
