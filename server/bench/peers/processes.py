"""A process of its own for each peer or group of peers: the clients must not compete with each other for one core.

The benchmark asks, the process answers: one pickled object each, over a pipe.
"""

import asyncio
import multiprocessing
import signal
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

from acutance.server.bench.peers.round_trip import PeerError
from acutance.server.client.whip import SignallingError

# Not forked: a fork of a process with threads (FFmpeg's) may deadlock.
_SPAWN = multiprocessing.get_context("spawn")
_END_S = 5.0


class Process:
    """A process that answers questions, one at a time.

    Attributes:
        pipe: readable when an answer is there, for `multiprocessing.connection.wait`.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any):
        """Start it.

        Args:
            target: called in the process with the pipe and ``arguments``; it ends in `serve`.
            arguments: pickled.
        """
        self.pipe, theirs = _SPAWN.Pipe()
        # daemon: it ends with this process, however this one ends.
        self._process = _SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, question: Any) -> Any:
        """Send a question and wait for its answer; errors as in `receive`."""
        self.send(question)
        return self.receive()

    def send(self, question: Any) -> None:
        """Send a question."""
        self.pipe.send(question)

    def receive(self) -> Any:
        """Wait for the answer to the last question.

        Raises:
            PeerError: the question could not be answered, or the process has ended.
        """
        try:
            answer = self.pipe.recv()
        except EOFError:
            self._process.join(_END_S)
            raise PeerError(
                f"a peer's process ended with code {self._process.exitcode}: see its message above"
            ) from None
        if isinstance(answer, PeerError):
            raise answer
        return answer

    def end(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()
        self.pipe.close()


def serve(pipe: Connection, answer: Callable[[Any], Awaitable[object]]) -> None:
    """In the process: answer questions until it is ended; a `PeerError` or `SignallingError` is an answer, too."""
    # Ctrl-C reaches this process, too; the process that started it ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def run() -> None:
        while True:
            question = await asyncio.to_thread(pipe.recv)
            try:
                pipe.send(await answer(question))
            except (PeerError, SignallingError) as error:
                pipe.send(PeerError(str(error)))

    asyncio.run(run())
