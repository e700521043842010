"""Runs programs beside the door, and starts them again when they end."""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

log = logging.getLogger(__name__)

_PAUSE_S = 2.0
_END_S = 20.0
# Of a line: announcements of a thousand nodes have some 300 kB.
_LONGEST_LINE = 4 * 1024 * 1024


class Program:
    """A Python module that runs as a process of its own until `close`. Belongs to one event loop."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        on_line: Callable[[str], object] = lambda line: None,
    ):
        """Create it; it runs from `start` on.

        Args:
            module: name of the module.
            arguments: of its command line.
            environment: of the process.
            on_line: called with each line that it prints.
        """
        self._command = (sys.executable, "-m", module, *arguments)
        self._environment = dict(environment)
        self._on_line = on_line
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to run it."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._run_once()
            except (OSError, ValueError) as error:  # it cannot be started, or prints a line beyond all limits
                log.error("%s: %s", self._command[2], error)
            await asyncio.sleep(_PAUSE_S)

    async def _run_once(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            limit=_LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the door, which ends its programs
        )
        assert process.stdout is not None
        assert process.stderr is not None
        why = asyncio.create_task(_last_line(process.stderr))
        try:
            async for line in process.stdout:
                self._on_line(line.decode(errors="replace"))
            code = await process.wait()
            log.info("%s has ended with code %d, and is started again: %s", self._command[2], code, await why)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            why.cancel()
            await asyncio.gather(why, process.wait(), return_exceptions=True)


async def _last_line(stream: asyncio.StreamReader) -> str:
    last = ""
    async for line in stream:
        last = line.decode(errors="replace").strip() or last
    return last


class Daemon:
    """A program that says when it is ready, and runs until it is ended. Belongs to one event loop."""

    def __init__(self, process: asyncio.subprocess.Process):
        """Create it; `start` is the way to do so."""
        self._process = process
        self._printed: deque[str] = deque(maxlen=20)
        self._reading: asyncio.Task[bool] | None = None

    @classmethod
    async def start(cls, command: Sequence[str], environment: Mapping[str, str], sign: str) -> "Daemon":
        """Start a program that ends when its standard input does, and return when it has printed a sign.

        Raises:
            ChildProcessError: it has ended before; the message has the end of what it printed.
        """
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=_LONGEST_LINE,
            env={**environment, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        daemon = cls(process)
        try:
            ready = await daemon._read(sign)
        except BaseException:
            await daemon.end()
            raise
        if not ready:
            await process.wait()
            raise ChildProcessError("\n".join(each for each in daemon._printed if each))
        # It would stop when nobody reads what it prints.
        daemon._reading = asyncio.create_task(daemon._read(None))
        return daemon

    async def _read(self, sign: str | None) -> bool:
        """Read what it prints until it has printed the sign, or has ended; return whether it has printed it."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self._printed.append(line.decode(errors="replace").rstrip())
            if sign is not None and sign in self._printed[-1]:
                return True
        return False

    async def ended(self) -> int:
        """Return its exit code when it has ended."""
        return await self._process.wait()

    async def end(self, seconds: float = _END_S) -> None:
        """End the program: SIGTERM, and SIGKILL after this time."""
        process = self._process
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(seconds):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reading is not None:
            await self._reading
