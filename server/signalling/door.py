"""The door to the sessions: HTTP asks here, and does not know which process has a session."""

from typing import Protocol

from acutance.server.errors import RequestError
from acutance.server.rtc.ice import Network
from acutance.server.signalling.requests import Request


class Door(Protocol):
    """Takes requests for sessions: for those of this process, or for those of other processes.

    Attributes:
        network: ICE servers for peers.
    """

    network: Network

    async def ask[Reply](self, request: Request[Reply]) -> Reply:
        """Return the reply to a request.

        Raises:
            RequestError: the request is refused.
        """
        ...

    async def start(self) -> None:
        """Begin to take requests; called once, on the event loop of the HTTP server."""

    def begin_draining(self) -> None:
        """Admit no session from now on."""

    def publisher_count(self) -> int:
        """Return the number of publishers."""

    async def wait_for_last_publisher(self) -> None:
        """Return when the last publisher has ended."""

    async def close(self) -> None:
        """End every session, and release what belongs to them."""


class NoSessionError(RequestError):
    """There is no session with this identifier."""

    def __init__(self) -> None:
        super().__init__(404, "not_found", "There is no session with this identifier: it has ended, or never began.")


class SessionGoneError(RequestError):
    """The process that carried the session has ended, and the session with it."""

    def __init__(self) -> None:
        super().__init__(
            410, "gone", "The process that carried this session has ended, and the session with it: begin a new one."
        )
