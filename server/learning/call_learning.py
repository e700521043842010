"""Learns one call: passes good frames to the process, and lets the call use the weights that it hands over."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from av import VideoFrame

from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import Hints
from acutance.model.learning.messages import Message
from acutance.model.planes import Size
from acutance.server.learning.learning import Learning
from acutance.server.learning.process import LearnerProcess
from acutance.server.learning.segments import Gatherer

log = logging.getLogger(__name__)

_LOOKS_EVERY_S = 1.0
_TRIES_AGAIN_S = 30.0
"""Seconds after which another process is started if one has failed."""
_SETTLED_S = 30.0
"""Seconds after which the students of another rung are learned instead: the governor may try one for a moment."""


class Learned(Protocol):
    """The call that is learned."""

    @property
    def rung(self) -> str:
        """Name of the rung that is in use."""

    @property
    def wanted(self) -> bool:
        """Whether the call may be learned now."""

    def adopt(self, rung: str, student: Sharpener | None) -> None:
        """Use a student on a rung from the next frame on; None for the general one."""


@dataclass(frozen=True)
class LearnedStudent:
    """A student that the call uses instead of a general one.

    Attributes:
        student: It, open.
        weights: Its ONNX file.
        since: When it was taken, in seconds on the session's clock.
        gain: Mean gain in dB on the frames kept aside.
        before: The same of the general student.
    """

    student: Sharpener
    weights: bytes
    since: float
    gain: float
    before: float


class CallLearning:
    """The learning of one call. For one event loop.

    Attributes:
        learned: what is used instead of general students, by the name of the student.
    """

    def __init__(
        self,
        learning: Learning,
        call: Learned,
        stream: str | None = None,
        gatherer: Gatherer | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Begin with the general students.

        Args:
            learning: what all calls share.
            call: the call.
            stream: name of the stream; None if it has none.
            gatherer: gathers segments; None for a new one.
            clock: in seconds.
        """
        self.learned: dict[str, LearnedStudent] = {}
        self._learning = learning
        self._call = call
        self._stream = stream
        self._gatherer = gatherer or Gatherer(clock=clock)
        self._clock = clock
        self._process: LearnerProcess | None = None
        self._rung: str | None = None
        self._size: Size | None = None
        self._forgotten = asyncio.Event()

    @property
    def seconds(self) -> float | None:
        """Seconds since the last weights were taken; None if general students are used."""
        since = max((one.since for one in self.learned.values()), default=None)
        return None if since is None else self._clock() - since

    def offer(self, frame: VideoFrame, hints: Hints, size: Size) -> None:
        """Take a decoded frame of the call.

        Args:
            frame: as decoded; only read.
            hints: of the frame.
            size: width and height of the returned video.
        """
        self._size = size
        process = self._process
        if process is None or not process.waits or self._learning.busy or not self._call.wanted:
            self._gatherer.restart()
            return
        message = self._gatherer.offer(frame, hints, size)
        if message is not None:
            process.send(message)

    def forget(self) -> None:
        """Use the general students again, and end the process with everything that it holds."""
        self._forgotten.set()
        self._use_general()

    async def run(self) -> None:
        """Learn until cancelled; calls take turns."""
        self._learning.began()
        try:
            while True:
                while not self._call.wanted:  # noqa: ASYNC110 - settings and governor have no event
                    await asyncio.sleep(_LOOKS_EVERY_S)
                async with self._learning.turn:
                    failed = await self._learn()
                if failed:
                    await asyncio.sleep(_TRIES_AGAIN_S)
        finally:
            self._learning.ended()
            if self._stream is not None and self._call.wanted:
                for name, one in self.learned.items():
                    self._learning.keep(self._stream, name, one.weights)

    async def _learn(self) -> bool:
        """Run one process, until the call is forgotten or uses another rung; return whether it has failed."""
        self._forgotten.clear()
        rung = self._learning.learned_rung(self._call.rung)
        if rung != self._rung:
            self._use_general()
        self._rung = rung
        try:
            process = await self._learning.start(rung)
        except OSError as error:
            log.warning("the learning process does not start: %s", error)
            return True
        self._gatherer.restart()
        tasks: list[asyncio.Task[Any]] = []
        try:
            await self._send_remembered(process, rung)
            self._process = process
            receiving = asyncio.create_task(self._receive(process, rung))
            tasks = [
                receiving,
                asyncio.create_task(self._yield_when_busy(process)),
                asyncio.create_task(self._until_another_rung(rung)),
                asyncio.create_task(self._forgotten.wait()),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return receiving.done()
        finally:
            self._process = None
            for task in tasks:
                task.cancel()
            await asyncio.shield(process.end())

    async def _send_remembered(self, process: LearnerProcess, rung: str) -> None:
        for name in self._learning.students(rung):
            weights = self.learned[name].weights if name in self.learned else None
            if weights is None and self._stream is not None:
                weights = await self._learning.kept(self._stream, name)
            if weights is not None:
                process.send(Message("remembered", {"student": name}, weights))

    async def _receive(self, process: LearnerProcess, rung: str) -> None:
        counts = self._learning.counts
        while (message := await process.receive()) is not None:
            name = str(message.fields.get("student", ""))[:80]
            if message.type == "weights":
                await self._take(message, rung, name)
            elif message.type == "refused":
                counts.refused += 1
                log.info("learning %s: nothing better, %s", name, str(message.fields.get("reason", ""))[:200])
            elif message.type == "withdrawn":
                counts.withdrawn += 1
                self.learned.pop(name, None)
                self._adopt(rung)
                log.info("learning %s: the general student is used again", name)
        log.warning("the learning process has ended")

    async def _take(self, message: Message, rung: str, name: str) -> None:
        try:
            if name not in self._learning.students(rung):
                raise ValueError(f"no student is called {name!r}")
            student = await self._learning.open(rung, name, message.payload, self._size)
        except Exception as error:  # errors of ONNX Runtime and OpenVINO share no base class
            self._learning.counts.refused += 1
            log.warning("learned weights cannot be used", exc_info=error)
            return
        if self._forgotten.is_set() or not self._call.wanted:
            return
        gain, before = message.number("gain"), message.number("before")
        self._learning.counts.taken += 1
        self.learned[name] = LearnedStudent(student, message.payload, self._clock(), gain, before)
        self._adopt(rung)
        log.info("learning %s: %+.2f dB on frames kept aside, the general student %+.2f dB", name, gain, before)

    async def _yield_when_busy(self, process: LearnerProcess) -> None:
        while True:
            process.pause(self._learning.busy or not self._call.wanted)
            await asyncio.sleep(_LOOKS_EVERY_S)

    async def _until_another_rung(self, rung: str) -> None:
        """Return once the call has used another rung for a while."""
        since: float | None = None
        while True:
            await asyncio.sleep(_LOOKS_EVERY_S)
            other = self._learning.learned_rung(self._call.rung) != rung
            since = (self._clock() if since is None else since) if other else None
            if since is not None and self._clock() - since >= _SETTLED_S:
                return

    def _adopt(self, rung: str) -> None:
        parts = {name: one.student for name, one in self.learned.items()}
        self._call.adopt(rung, self._learning.combined(rung, parts) if parts else None)

    def _use_general(self) -> None:
        self.learned.clear()
        if self._rung is not None:
            self._call.adopt(self._rung, None)
