"""Runs the enhancer of one session in threads; if it fails, the frame passes through."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from av import VideoFrame

from acutance.model.hints import Hints
from acutance.server.frames.planes import FORMATS
from acutance.server.logs import LogOnce
from acutance.server.students.inference import Inference, OverdueError
from acutance.server.video.enhancer import Enhanced, Enhancer, Treatment

log = logging.getLogger(__name__)


class Enhancing:
    """Enhances frames in the threads of the students, and passes frames through in a thread of its own."""

    def __init__(self, enhancer: Enhancer, inference: Inference):
        self._enhancer = enhancer
        self._inference = inference
        # Frames that need no student must not wait for other sessions' students.
        self._passing = ThreadPoolExecutor(1, thread_name_prefix="pass")
        self._log_once = LogOnce(log)

    async def enhance(self, frame: VideoFrame, treatment: Treatment, hints: Hints) -> Enhanced:
        """Treat a frame with `Enhancer.enhance`; if the student does not answer in time, the frame passes through."""
        try:
            return await self._enhance(frame, treatment, hints)
        except Exception as error:  # whatever fails, the frame goes on
            self._log_once(logging.ERROR, type(error).__name__, "enhancing failed; frames pass through", error)
            return Enhanced(frame, f"enhancing failed: {type(error).__name__}")

    def close(self) -> None:
        """Accept no further frame. The result of a running call is discarded."""
        self._passing.shutdown(wait=False)

    async def _enhance(self, frame: VideoFrame, treatment: Treatment, hints: Hints) -> Enhanced:
        enhance = self._enhancer.enhance
        if treatment.student is not None:
            try:
                return await self._inference.run(treatment.student, enhance, frame, treatment, hints)
            except OverdueError as error:
                treatment = replace(treatment, student=None, pass_reason=str(error))
        if treatment.size == (frame.width, frame.height) and frame.format.name in FORMATS:
            # Nothing to compute: no thread is needed.
            return enhance(frame, treatment, hints)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._passing, enhance, frame, treatment, hints)
