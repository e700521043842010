"""What all calls share that are learned: the students, whose turn it is, the load, and what is kept between calls."""

import asyncio
import logging
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import Specialists
from acutance.model.hints import REDUCTIONS, Hints
from acutance.model.planes import Size
from acutance.server.learning.kept_weights import KeptWeights, KeptWeightsError
from acutance.server.learning.process import LearnerProcess, command
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.load import Load

log = logging.getLogger(__name__)

_BUSY, _IDLE = 0.75, 0.6
"""Shares of the processors in use by programs of normal priority: from the first on, learning pauses, below the second
it goes on."""
_ALL_BUSY = 0.9
"""The same if the processor that learning itself uses counts, too; it goes on when that one is free."""


@dataclass
class LearningCounts:
    """What has become of adaptations since the start of the server.

    Attributes:
        taken: weights that a call has taken.
        refused: rounds that gave nothing better, and weights that did not open.
        withdrawn: weights that were taken, and were no longer better on newer frames.
    """

    taken: int = 0
    refused: int = 0
    withdrawn: int = 0


class Learning:
    """Starts the processes, one at a time, and opens what they hand over. For one event loop.

    Attributes:
        turn: whoever holds it may run a process.
        counts: what has become of adaptations.
        active: number of calls that are learned or wait for their turn.
    """

    def __init__(
        self,
        python: str,
        ladder: Ladder,
        load: Load,
        open_student: Callable[[Path, Sharpener], Sharpener],
        kept: KeptWeights | None = None,
        start: Callable[[str, list[Path]], list[str]] = command,
    ) -> None:
        """Begin without a call.

        Args:
            python: interpreter of the environment for training.
            ladder: the general students.
            load: of the host.
            open_student: opens an ONNX file as an open student was opened; blocks.
            kept: the weights of named streams; None to keep none.
            start: returns the command for an interpreter and the files of students.
        """
        self.turn = asyncio.Lock()
        self.counts = LearningCounts()
        self.active = 0
        self._python = python
        self._ladder = ladder
        self._load = load
        self._open_student = open_student
        self._kept = kept
        self._command = start
        self._paused = False

    @property
    def busy(self) -> bool:
        """Whether the processors are needed for something else."""
        most, least = _BUSY, _IDLE
        if self._load.counts_all:
            most, least = _ALL_BUSY, max(_ALL_BUSY - 1 / self._load.cpus, 0.0)
        self._paused = self._load.busy > (least if self._paused else most)
        return self._paused

    def began(self) -> None:
        """Count a call that is learned."""
        self.active += 1

    def ended(self) -> None:
        """Count the end of such a call."""
        self.active -= 1

    def learned_rung(self, rung: str) -> str:
        """Return the rung that is learned while `rung` is in use: this one, or the cheapest one that is a student."""
        return rung if rung in self._ladder.engines else list(self._ladder.engines)[-1]

    def students(self, rung: str) -> list[str]:
        """Return the names of the students of a rung: one, or one for each of full and reduced frames."""
        return [file.stem for file in self._files(rung)]

    async def start(self, rung: str) -> LearnerProcess:
        """Start a process that learns the students of a rung.

        Raises:
            OSError: it cannot be started.
        """
        return await LearnerProcess.start(self._command(self._python, self._files(rung)))

    async def open(self, rung: str, student: str, weights: bytes, size: Size | None) -> Sharpener:
        """Open weights in a thread, and let them sharpen one frame, so that the first frame of the call is not late.

        Args:
            rung: its rung.
            student: its name.
            weights: an ONNX file.
            size: width and height of the frames; None if it is not known.

        Raises:
            EngineError: they are no student.
        """
        return await asyncio.to_thread(self._opened, self._ladder.engines[rung], student, weights, size)

    def combined(self, rung: str, learned: Mapping[str, Sharpener]) -> Sharpener:
        """Return the student of a rung with those parts replaced that were learned."""
        general = self._ladder.engines[rung]
        names = self.students(rung)
        if not isinstance(general, Specialists):
            return learned.get(names[0], general)
        parts = zip(names, (general.general, general.enlarged), strict=True)
        return Specialists(*(learned.get(name, part) for name, part in parts))

    async def kept(self, stream: str, student: str) -> bytes | None:
        """Return the weights that an earlier call of this stream has left; None without any."""
        if self._kept is None:
            return None
        try:
            return await asyncio.to_thread(self._kept.load, stream, student)
        except KeptWeightsError as error:
            log.warning("%s", error)
            return None

    def keep(self, stream: str, student: str, weights: bytes) -> None:
        """Keep the weights of a call, if its stream is one of those that are remembered; returns before it is done."""
        if self._kept is not None:
            asyncio.get_running_loop().run_in_executor(None, self._save, self._kept, stream, student, weights)

    def delete(self, stream: str) -> bool:
        """Delete the weights of a stream; return whether there were any."""
        return self._kept is not None and self._kept.delete(stream)

    def _files(self, rung: str) -> list[Path]:
        general = self._ladder.engines[rung]
        parts = (general.general, general.enlarged) if isinstance(general, Specialists) else (general,)
        return [part.student.file for part in parts]

    def _save(self, kept: KeptWeights, stream: str, student: str, weights: bytes) -> None:
        try:
            kept.save(stream, student, weights)
        except KeptWeightsError as error:
            log.warning("%s", error)

    def _opened(self, general: Sharpener, student: str, weights: bytes, size: Size | None) -> Sharpener:
        folder = tempfile.TemporaryDirectory(prefix="acutance-")
        file = Path(folder.name) / f"{student}.onnx"
        file.write_bytes(weights)
        opened = self._open_student(file, general)
        # Failover may open the file again.
        weakref.finalize(opened, folder.cleanup)
        width, height = size or (64, 64)
        opened.sharpen(np.zeros((height, width), np.uint8), hints=Hints(reduction=REDUCTIONS[1]))
        return opened
