"""The worker's end of the connection: answers requests from its sessions, and reports their state."""

import asyncio
import logging
import os
from collections.abc import Callable
from time import monotonic
from typing import Any

from pydantic import BaseModel

from acutance.server.errors import RequestError
from acutance.server.http.health import state
from acutance.server.http.local_door import LocalDoor
from acutance.server.workers.processes.figures import load_report, session_reports
from acutance.server.workers.processes.frames import read_frame, write_frame
from acutance.server.workers.processes.messages import Question, Refusal, Reported, Response, Stop, read_question
from acutance.server.workers.report import Report

log = logging.getLogger(__name__)

# Seconds between two looks at the sessions, and between two reports if none has changed.
_LOOK_S, _REPORT_S = 0.2, 1.0


class Serving:
    """Serves one connection to the accepting process, until that process says so or ends."""

    def __init__(
        self,
        door: LocalDoor,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        clock: Callable[[], float] = monotonic,
    ):
        """Create it.

        Args:
            door: the sessions of this process; started already.
            reader: of the connection.
            writer: of the connection.
            clock: in seconds.
        """
        self._door = door
        self._reader, self._writer = reader, writer
        self._clock = clock
        self._load = load_report(door.host)
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
        number, request = question.number, question.read()
        answer: Response | Refusal
        try:
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
        while state(self._door.host)["live"]:
            self._report()
            await asyncio.sleep(_LOOK_S)
        # Such as a GPU that was lost: another process is started instead. Reading ends with the connection.
        log.error("worker process %d ends: %s", os.getpid(), "; ".join(state(self._door.host)["reasons"]))
        self._writer.close()

    def _report(self) -> None:
        """Report if a session has begun, connected or ended, or if a second has passed."""
        registry = self._door.host.registry
        now, known = self._clock(), {(each.id, each.state) for each in registry}
        if now - self._measured_at >= _REPORT_S:
            self._load, self._measured_at, self._reported = load_report(self._door.host), now, None
        if known != self._reported:
            self._reported = known
            ready = bool(state(self._door.host)["ready"])
            report = Report(sessions=session_reports(registry), load=self._load, ready=ready, pid=os.getpid())
            self._send(Reported(report=report))

    def _send(self, message: BaseModel) -> None:
        write_frame(self._writer, message.model_dump_json().encode())


def send(writer: asyncio.StreamWriter, message: Any) -> None:
    """Send a message outside of `Serving`."""
    write_frame(writer, message.model_dump_json().encode())
