"""The process that fits a student to a call, in the environment that has the packages for training."""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from acutance.model.learning.messages import Message, ProtocolError, read_async
from acutance.server.security import child_environment

log = logging.getLogger(__name__)

MODULE = "acutance.training.adaptation.live"
_LONGEST_LINE = 64 * 1024
_ENDS_WITHIN_S = 2.0


def command(python: str, students: list[Path]) -> list[str]:
    """Return the command that starts the process.

    Args:
        python: The interpreter, of an environment with `acutance[train]`.
        students: Files of the general students.
    """
    return [python, "-m", MODULE, "--from", *map(str, students)]


def environment(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of the process: those of the server without its options, which may hold secrets."""
    kept = child_environment.without(outer, [child_environment.OPTIONS])
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | threads | {"PYTHONUNBUFFERED": "1"}


class LearnerProcess:
    """A running process. For one event loop."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._input, self._output = process.stdin, process.stdout
        self._paused = False

    @classmethod
    async def start(cls, command: Sequence[str]) -> "LearnerProcess":
        """Start it.

        Raises:
            OSError: it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL if not log.isEnabledFor(logging.DEBUG) else None,
            env=environment(os.environ),
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the server, which ends this process
        )
        return cls(process)

    @property
    def waits(self) -> bool:
        """Whether it has read everything that was sent."""
        return self._input.transport.get_write_buffer_size() == 0

    def send(self, message: Message) -> None:
        """Send a message; what the process does not read waits here, so look at `waits` before frames."""
        self._input.write(message.encoded())

    def pause(self, paused: bool) -> None:
        """Let it compute nothing until it may again; calls without a change are ignored."""
        if paused != self._paused:
            self._paused = paused
            self.send(Message("pause" if paused else "resume"))

    async def receive(self) -> Message | None:
        """Wait for its next message; None if it has ended, or sent something else."""
        try:
            return await read_async(self._output)
        except (ProtocolError, OSError) as error:
            log.warning("the learning process sent no message: %s", error)
            return None

    async def end(self) -> None:
        """End it, and wait until it has ended."""
        with suppress(OSError):
            self._input.close()
        try:
            async with asyncio.timeout(_ENDS_WITHIN_S):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            await self._process.wait()
