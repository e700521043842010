"""The worker's end of the connection: answers requests from its sessions, and reports their state."""

import asyncio
import logging
import os
from collections.abc import Callable
from time import monotonic
from typing import Any, Protocol

from pydantic import BaseModel

from acutance.server.errors import RequestError
from acutance.server.signalling.requests import Request
from acutance.server.workers.processes.frames import read_frame, write_frame
from acutance.server.workers.processes.messages import Question, Refusal, Reported, Response, Stop, read_question
from acutance.server.workers.report import LoadReport, Report, SessionReport

log = logging.getLogger(__name__)

# Seconds between two looks at the sessions, and between two reports if none has changed.
_LOOK_S, _REPORT_S = 0.2, 1.0


class Answering(Protocol):
    """Answers requests, see `signalling.door.Door`."""

    async def ask[Reply](self, request: Request[Reply]) -> Reply:
        """Return the reply to a request; raises `RequestError`."""
        ...


class Reporter(Protocol):
    """Describes the sessions behind a connection."""

    @property
    def state(self) -> dict[str, Any]:
        """State of the sessions, see `health.state`."""
        ...

    def known(self) -> object:
        """Return what changes when a session begins, connects or ends."""
        ...

    def sessions(self) -> tuple[SessionReport, ...]:
        """Return a report on each session."""
        ...

    def load(self) -> LoadReport:
        """Return the load over the last second."""
        ...

    def limits(self) -> tuple[int | None, int | None]:
        """Return the maximum numbers of publishers and viewers; None if the accepting process has the limits."""
        ...


class Serving:
    """Serves one connection to the accepting process, until that process says so or ends."""

    def __init__(
        self,
        door: Answering,
        reporter: Reporter,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        clock: Callable[[], float] = monotonic,
    ):
        """Create it.

        Args:
            door: answers the requests; started already.
            reporter: describes the sessions.
            reader: of the connection.
            writer: of the connection.
            clock: in seconds.
        """
        self._door = door
        self._reporter = reporter
        self._reader, self._writer = reader, writer
        self._clock = clock
        self._load = reporter.load()
        self._measured_at = clock()
        self._reported: object = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until the accepting process sends `Stop`, or its end of the connection closes."""
        reporting = asyncio.create_task(self._report_regularly())
        try:
            while (message := await read_frame(self._reader)) is not None:
                question = read_question(message)
                if isinstance(question, Stop):
                    break
                task = asyncio.create_task(self._answer(question))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        finally:
            for task in (reporting, *self._tasks):
                task.cancel()
            await asyncio.gather(reporting, *self._tasks, return_exceptions=True)

    async def _answer(self, question: Question) -> None:
        number = question.number
        answer: Response | Refusal
        try:
            request = question.read()
            answer = Response.of(number, request, await self._door.ask(request))
        except RequestError as error:
            answer = Refusal.of(number, error)
        except Exception:
            log.exception("%s failed", question.request)
            answer = Refusal.of(
                number,
                RequestError(500, "internal", "The server failed to process this request; its log has the reason."),
            )
        # First, so that the accepting process knows a new session before its client does.
        self._report()
        self._send(answer)

    async def _report_regularly(self) -> None:
        while self._reporter.state["live"]:
            self._report()
            await asyncio.sleep(_LOOK_S)
        # Such as a GPU that was lost: another process is started instead. Reading ends with the connection.
        log.error("worker process %d ends: %s", os.getpid(), "; ".join(self._reporter.state["reasons"]))
        self._writer.close()

    def _report(self) -> None:
        """Report if a session has begun, connected or ended, or if a second has passed."""
        reporter, now = self._reporter, self._clock()
        known = reporter.known()
        if now - self._measured_at >= _REPORT_S:
            self._load, self._measured_at, self._reported = reporter.load(), now, None
        if known != self._reported:
            self._reported = known
            state, (max_sessions, max_viewers) = reporter.state, reporter.limits()
            self._send(
                Reported(
                    report=Report(
                        sessions=reporter.sessions(),
                        load=self._load,
                        ready=bool(state["ready"]),
                        draining=state["status"] == "draining",
                        max_sessions=max_sessions,
                        max_viewers=max_viewers,
                        pid=os.getpid(),
                    )
                )
            )

    def _send(self, message: BaseModel) -> None:
        write_frame(self._writer, message.model_dump_json().encode())


def send(writer: asyncio.StreamWriter, message: Any) -> None:
    """Send a message outside of `Serving`."""
    write_frame(writer, message.model_dump_json().encode())
