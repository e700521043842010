"""A good call in its own process, so that only the server can disturb it."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from time import monotonic

from tests.model.streams import encoded
from tests.soak.callers import Call
from tests.soak.cameras import Stream

RATE = 30


def small_stream() -> Stream:
    """Return H.264 that costs the server little: 160x96 at 30 frames/s."""
    return Stream(encoded("h264", quantiser=26, count=RATE), RATE)


@dataclass
class Neighbour:
    """The good call.

    Attributes:
        returned: number of whole frames that had returned at the last measurement.
    """

    _pipe: Connection
    returned: int = 0
    _at: float = 0.0

    def frame_rate(self) -> float:
        """Return the rate of returned frames since the last call, in frames/s."""
        self._pipe.send(True)
        assert self._pipe.poll(10), "the good call does not answer"
        returned, at = self._pipe.recv()
        rate = (returned - self.returned) / (at - self._at)
        self.returned, self._at = returned, at
        return float(rate)


@contextmanager
def good_call(port: int) -> Iterator[Neighbour]:
    """Hold a call to the server on this port until the block ends."""
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(its, port), daemon=True)
    process.start()
    try:
        assert ours.poll(60), "the good call did not begin"
        ours.recv()
        yield Neighbour(ours)
    finally:
        # If the process were only killed, its session would last until aioice notices the silence, about 30 s.
        ours.send(False)
        process.join(10)
        process.kill()


def _run(pipe: Connection, port: int) -> None:
    asyncio.run(_call(pipe, port))


async def _call(pipe: Connection, port: int) -> None:
    call = Call(f"http://127.0.0.1:{port}", small_stream())
    await call.connect()
    over = asyncio.Event()

    def answer() -> None:
        if pipe.recv():
            pipe.send((call.returned, monotonic()))
        else:
            over.set()

    asyncio.get_running_loop().add_reader(pipe.fileno(), answer)
    pipe.send(None)
    await over.wait()
    await call.close()
