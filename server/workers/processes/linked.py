"""The accepting process's end of a connection to what carries sessions, such as a worker."""

import asyncio
import logging
from collections.abc import Callable
from itertools import count
from time import monotonic
from typing import Any, cast, override

from pydantic import ValidationError

from acutance.server.signalling.requests import Request
from acutance.server.workers.carrier import CarrierLostError
from acutance.server.workers.processes.frames import FrameError, read_frame, write_frame
from acutance.server.workers.processes.measured import Measured
from acutance.server.workers.processes.messages import (
    Failed,
    FromWorker,
    Question,
    Ready,
    Refusal,
    Reported,
    Response,
    Stop,
    read_answer,
)
from acutance.server.workers.report import Report

log = logging.getLogger(__name__)

# A worker reports each second. A busy host delays that a little; a stopped process or a blocked event loop is silent.
_LATE_S = 3.0


class LinkedCarrier:
    """What carries sessions at the other end of a connection. Belongs to one event loop.

    Attributes:
        name: of the carrier.
        report: its last report.
        share: number of processors that are its part of the host.
        gpu: its GPU, which others may share; None for none.
        ended: set when the connection has ended.
        reported_at: time of the last report on the monotonic clock, in seconds.
    """

    def __init__(
        self,
        name: str,
        share: float,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_report: Callable[[Any], object] = lambda carrier: None,
        clock: Callable[[], float] = monotonic,
    ):
        """Create it; call `run` next.

        Args:
            name: of the carrier.
            share: number of processors that are its part of the host.
            reader: of the connection.
            writer: of the connection.
            on_report: called after each report.
            clock: in seconds.
        """
        self.name = name
        self.share = share
        self.gpu: str | None = None
        self.report = Report()
        self.ended = asyncio.Event()
        self.reported_at = clock()
        self._reader, self._writer = reader, writer
        self._on_report = on_report
        self._clock = clock
        self._numbers = count()
        self._waiting: dict[int, tuple[Request[Any], asyncio.Future[Any]]] = {}

    @property
    def responds(self) -> bool:
        """Whether it has reported a moment ago."""
        return not self.ended.is_set() and self.silent_s < _LATE_S

    @property
    def silent_s(self) -> float:
        """Seconds since its last report."""
        return self._clock() - self.reported_at

    async def run(self) -> None:
        """Receive messages until the connection ends."""
        try:
            while (message := await read_frame(self._reader)) is not None:
                self._receive(read_answer(message))
        except (FrameError, ValidationError, OSError) as error:
            log.error("%s: its messages cannot be read (%s)", self.name, str(error).splitlines()[0])
        finally:
            self._writer.close()
            self.ended.set()
            for _, future in self._waiting.values():
                if not future.done():
                    future.set_exception(CarrierLostError(f"{self.name} has ended"))

    async def ask[Reply](self, request: Request[Reply], seconds: float) -> Reply:
        """Return the reply to a request, see `Carrier.ask`."""
        if self.ended.is_set():
            raise CarrierLostError(f"{self.name} has ended")
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = request, future
        try:
            write_frame(self._writer, Question.of(number, request).model_dump_json().encode())
            async with asyncio.timeout(seconds):
                return cast(Reply, await future)
        except TimeoutError:
            raise CarrierLostError(f"{self.name} has not replied within {seconds:g} s") from None
        finally:
            del self._waiting[number]

    def close(self) -> None:
        """End the connection; `run` returns."""
        self._writer.close()

    def _receive(self, message: FromWorker) -> None:
        match message:
            case Reported():
                self.report, self.reported_at = message.report, self._clock()
                self._on_report(self)
            case Response() | Refusal():
                # The request may have timed out.
                request, future = self._waiting.get(message.number, (None, None))
                if request is None or future is None or future.done():
                    return
                if isinstance(message, Response):
                    future.set_result(message.read(request))
                else:
                    future.set_exception(message.read())


class WorkerCarrier(LinkedCarrier):
    """A worker at the other end of a connection.

    Attributes:
        started: set to its measurements when it takes requests, or to the exception that prevents it.
    """

    def __init__(
        self,
        name: str,
        share: float,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_report: Callable[[Any], object] = lambda carrier: None,
        clock: Callable[[], float] = monotonic,
    ):
        """Create it, see `LinkedCarrier`."""
        super().__init__(name, share, reader, writer, on_report, clock)
        self.started: asyncio.Future[Measured] = asyncio.get_running_loop().create_future()

    @override
    async def run(self) -> None:
        """Receive messages until the connection ends."""
        try:
            await super().run()
        finally:
            if not self.started.done():
                self.started.set_exception(CarrierLostError(f"the worker {self.name} has ended at its start"))

    def send(self, message: bytes) -> None:
        """Send a message that has no reply: the setup."""
        write_frame(self._writer, message)

    def stop(self) -> None:
        """Tell the worker to end its sessions and itself."""
        write_frame(self._writer, Stop().model_dump_json().encode())

    @override
    def _receive(self, message: FromWorker) -> None:
        match message:
            case Ready():
                self.reported_at = self._clock()
                if not self.started.done():
                    self.started.set_result(Measured.model_validate_json(message.measured))
            case Failed():
                if not self.started.done():
                    self.started.set_exception(StartError(message.message))
            case _:
                super()._receive(message)


class StartError(Exception):
    """A worker cannot start; the message says why and what to do."""
