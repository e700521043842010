"""Runs each peer or group of peers in its own process, so that clients do not compete for one core.

The benchmark sends questions and the process answers, each as one pickled object over a pipe.
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
        pipe: becomes readable when an answer arrives, for `multiprocessing.connection.wait`.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any):
        """Start the process.

        Args:
            target: called in the process with the pipe and ``arguments``; it must call `serve` at its end.
            arguments: picklable.
        """
        self.pipe, theirs = _SPAWN.Pipe()
        # daemon: it ends together with this process.
        self._process = _SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, question: Any) -> Any:
        """Send a question, wait for its answer and return it; raises the errors of `receive`."""
        self.send(question)
        return self.receive()

    def send(self, question: Any) -> None:
        """Send a question."""
        self.pipe.send(question)

    def receive(self) -> Any:
        """Wait for the answer to the last question and return it.

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
    """Answer questions, in the process, until it is terminated; a `PeerError` or `SignallingError` is sent as well."""
    # Ctrl-C reaches this process too, but only its parent may end it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def run() -> None:
        while True:
            question = await asyncio.to_thread(pipe.recv)
            try:
                pipe.send(await answer(question))
            except (PeerError, SignallingError) as error:
                pipe.send(PeerError(str(error)))

    asyncio.run(run())
