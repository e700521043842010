"""Runs the enhancer of one session in threads; if it fails, the frame passes through. Students are tried beside it."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic

from av import VideoFrame

from acutance.model.hints import Hints
from acutance.server.frames.planes import FORMATS
from acutance.server.logs import LogOnce
from acutance.server.students.governor import Governor
from acutance.server.students.inference import Inference, OverdueError
from acutance.server.students.rungs import PASS, Rung, service_time
from acutance.server.video.enhancer import Enhanced, Enhancer, Prepared, Treatment

log = logging.getLogger(__name__)


class Enhancing:
    """Prepares the frames of a session in a thread of its own, and finishes them in the threads of the students.

    So a frame is prepared while the one before is finished, and one that needs no student waits for none.
    """

    def __init__(self, enhancer: Enhancer, inference: Inference, clock: Callable[[], float] = monotonic):
        """Start without a frame.

        Args:
            enhancer: of this session.
            inference: the threads of all students.
            clock: in seconds.
        """
        self._enhancer = enhancer
        self._inference = inference
        self._clock = clock
        # Frames that need no student must not wait for other sessions' students.
        self._preparing = ThreadPoolExecutor(1, thread_name_prefix="prepare")
        self._observing: Future[float | None] | None = None
        self._log_once = LogOnce(log)

    async def prepare(self, frame: VideoFrame, treatment: Treatment, hints: Hints) -> Prepared | Enhanced:
        """Treat a frame with `Enhancer.prepare`; if it fails, the frame passes through."""
        prepare = self._enhancer.prepare
        try:
            untouched = treatment.size == (frame.width, frame.height) and frame.format.name in FORMATS
            if untouched and self._enhancer.recall is None:
                # Nothing to compute: no thread is needed.
                return prepare(frame, treatment, hints)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._preparing, prepare, frame, treatment, hints)
        except Exception as error:  # whatever fails, the frame goes on
            return self._failed(frame, error)

    async def finish(self, prepared: Prepared) -> Enhanced:
        """Treat a frame with `Enhancer.finish`; if the student does not answer in time, the frame passes through."""
        student = prepared.treatment.runs
        assert student is not None
        try:
            return await self._inference.run(student, self._enhancer.finish, prepared)
        except OverdueError as error:
            return Enhanced(prepared.frame, str(error), recalled=prepared.recalled)
        except Exception as error:  # whatever fails, the frame goes on
            return self._failed(prepared.frame, error)

    async def time_rung(self, rung: Rung, frame: VideoFrame, hints: Hints, *, alone: bool = False) -> float | None:
        """Do what a rung does with a frame that is on its way, drop the result, and time it.

        Args:
            rung: one with a student, or a memory, or both.
            frame: at the size of the returned video.
            hints: of the frame.
            alone: the last run is long ago: run it twice, and take the time of the second one. The first one finds
                caches, and memory that the system had taken back, in a state that no run in use meets.

        Returns:
            See `service_time`; None if it failed, did not answer in time, or does not enhance such frames.
        """
        timed = Treatment(rung.student, remember=None, recalled=rung)
        student = timed.runs or rung.name
        try:
            if alone:
                await self._inference.run(student, self._service_time, frame, timed, hints, self._clock())
            return await self._inference.run(student, self._service_time, frame, timed, hints, self._clock())
        except Exception as error:  # no frame depends on it
            log.debug("a try of %s failed", rung.name, exc_info=error)
            return None

    def observe(self, frame: VideoFrame, treatment: Treatment, hints: Hints) -> float | None:
        """Show a forwarded frame to the enhancer, see `Enhancer.observe`; it is left out if the one before is not done.

        Returns:
            The sharpness of the one before; None if it is not known.
        """
        before = self._observing
        if before is not None and not before.done():
            return None
        self._observing = self._preparing.submit(self._enhancer.observe, frame, treatment, hints)
        return before.result() if before is not None and before.exception() is None else None

    def close(self) -> None:
        """Accept no further frame. The result of a running call is discarded."""
        self._preparing.shutdown(wait=False)

    def _service_time(self, frame: VideoFrame, treatment: Treatment, hints: Hints, asked: float) -> float | None:
        """Do both steps; return their `service_time`, and None if the frame passes through.

        What it has waited for a thread since ``asked`` counts as a part of the second step, as for other frames.
        """
        begun = self._clock()
        prepared = self._enhancer.prepare(frame, treatment, hints)
        between = self._clock()
        if isinstance(prepared, Enhanced) or self._enhancer.finish(prepared).passed_reason is not None:
            return None
        return service_time(between - begun, self._clock() - between + begun - asked)

    def _failed(self, frame: VideoFrame, error: Exception) -> Enhanced:
        self._log_once(logging.ERROR, type(error).__name__, "enhancing failed; frames pass through", error)
        return Enhanced(frame, f"enhancing failed: {type(error).__name__}")


class Shadow:
    """Runs a student beside the frames when the governor tries it; no frame waits for the result.

    At most one run at a time, of one session.
    """

    def __init__(self, enhancing: Enhancing):
        self._enhancing = enhancing
        self._run: asyncio.Task[None] | None = None
        self._prepared: tuple[str, int, int] | None = None

    def offer(self, governor: Governor, frame: VideoFrame, hints: Hints) -> None:
        """Run the student that the governor tries, if any, on a frame that has been passed on.

        Args:
            governor: of the session.
            frame: treated frame, at the size of the returned video; it is only read.
            hints: of the frame.
        """
        rung = governor.shadow
        if rung is not None and (self._run is None or self._run.done()):
            alone = governor.shadow_is_spaced
            self._run = asyncio.create_task(self._time(governor, rung, frame, hints, alone))

    def prepare(self, rung: Rung, frame: VideoFrame, hints: Hints) -> None:
        """Run a rung that will be needed when the connection becomes poor, once for each size of the frames.

        Its first run makes buffers, and OpenVINO compiles for the size: 0.1 s in which frames would be late.

        Args:
            rung: any; one that passes frames through is not run.
            frame: as `offer`.
            hints: of the frame.
        """
        key = (rung.name, frame.width, frame.height)
        if rung.name == PASS or key == self._prepared or (self._run is not None and not self._run.done()):
            return
        self._prepared = key
        self._run = asyncio.create_task(self._warm_up(rung, frame, hints))

    async def close(self) -> None:
        """End the run. A student that is computing continues in its thread, and its result is dropped."""
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)

    async def _time(self, governor: Governor, rung: Rung, frame: VideoFrame, hints: Hints, alone: bool) -> None:
        governor.shadow_ran(rung.name, await self._enhancing.time_rung(rung, frame, hints, alone=alone))

    async def _warm_up(self, rung: Rung, frame: VideoFrame, hints: Hints) -> None:
        await self._enhancing.time_rung(rung, frame, hints, alone=True)
