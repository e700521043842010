"""Runs a student beside the frames of a call when the governor tries it; no frame waits for the result."""

import asyncio

from av import VideoFrame

from acutance.model.hints import Hints
from acutance.server.students.governor import Governor
from acutance.server.video.enhancing import Enhancing


class Shadow:
    """At most one run at a time, of one session."""

    def __init__(self, enhancing: Enhancing):
        self._enhancing = enhancing
        self._run: asyncio.Task[None] | None = None

    def offer(self, governor: Governor, frame: VideoFrame, hints: Hints) -> None:
        """Run the student that the governor tries, if any, on a frame that has been passed on.

        Args:
            governor: of the session.
            frame: treated frame, at the size of the returned video; it is only read.
            hints: of the frame.
        """
        student = governor.shadow
        if student is not None and (self._run is None or self._run.done()):
            self._run = asyncio.create_task(self._time(governor, student, frame, hints))

    async def close(self) -> None:
        """End the run. A student that is computing continues in its thread, and its result is dropped."""
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)

    async def _time(self, governor: Governor, student: str, frame: VideoFrame, hints: Hints) -> None:
        governor.shadow_ran(student, await self._enhancing.time_student(student, frame, hints))
