"""Batches the frames of several calls. A frame that arrives alone does not wait.

One frame uses little of a GPU, and eight frames of one size take little longer. There is no collecting thread: each
caller waits in its own thread, and the first one that finds a batch due runs it for all.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

type Shape = tuple[int, int]
"""Height and width of a padded plane."""

BATCHES = (8, 4, 2, 1)
"""Possible numbers of frames in a batch: few, because a device needs buffers and a graph for each."""
WINDOW_S = 0.002
"""Seconds that a frame waits for others while a batch is running."""
AT_ONCE = 2
"""Maximum number of simultaneous batches: one is copied while the other is computed."""


@dataclass(frozen=True)
class Waiting:
    """A waiting frame: the shape of its plane, and the time of its arrival, in seconds."""

    size: Shape
    since: float


def next_batch(
    waiting: Sequence[Waiting], running: int, now: float, at_once: int = AT_ONCE
) -> tuple[int, ...] | float | None:
    """Decide what to run now.

    Args:
        waiting: the waiting frames, oldest first.
        running: the number of running batches.
        now: current time in seconds, on the clock of `Waiting.since`.
        at_once: maximum number of simultaneous batches.

    Returns:
        The indices of frames of one size to run as a batch; or the time at which to ask again; or None if nothing is
        due before another frame arrives or a batch ends.
    """
    if not waiting or running >= at_once:
        return None
    oldest = waiting[0]
    group = [index for index, one in enumerate(waiting) if one.size == oldest.size]
    batch = tuple(group[: next(count for count in BATCHES if count <= len(group))])
    # Without a running batch the device is idle, so run at once; else more frames may arrive while one runs.
    if running == 0 or len(batch) == BATCHES[0] or now >= oldest.since + WINDOW_S:
        return batch
    return oldest.since + WINDOW_S


@dataclass(eq=False)
class _Entry[T]:
    frame: T
    waiting: Waiting
    done: bool = False
    error: Exception | None = None


class Collector[T]:
    """Runs frames in batches; each call of `submit` blocks until its own frame is done."""

    def __init__(
        self,
        run: Callable[[Shape, list[T]], None],
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = monotonic,
    ):
        """Create it without waiting frames.

        Args:
            run: sharpens 1, 2, 4 or 8 frames of one size; called from up to ``at_once`` threads at once.
            at_once: maximum number of simultaneous batches.
            clock: monotonic time in seconds.
        """
        self._run = run
        self._at_once = at_once
        self._clock = clock
        self._waiting: list[_Entry[T]] = []
        self._running = 0
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """The number of frames that wait for their batch."""
        return len(self._waiting)

    def submit(self, size: Shape, frame: T) -> None:
        """Run a frame in a batch with others of its size, and wait for it.

        Args:
            size: the shape of its padded plane.
            frame: passed to ``run``.

        Raises:
            Exception: the error of ``run``, for each frame of the batch.
        """
        entry = _Entry(frame, Waiting(size, self._clock()))
        with self._changed:
            self._waiting.append(entry)
            self._changed.notify_all()
            while not entry.done:
                batch = next_batch([one.waiting for one in self._waiting], self._running, self._clock(), self._at_once)
                if isinstance(batch, tuple):
                    self._lead([self._waiting[index] for index in batch])
                else:
                    self._changed.wait(None if batch is None else max(0.0, batch - self._clock()))
        if entry.error is not None:
            raise entry.error

    def _lead(self, batch: list[_Entry[T]]) -> None:
        # Called with the lock held; it is released while the batch runs.
        self._waiting = [one for one in self._waiting if one not in batch]
        self._running += 1
        self._changed.release()
        error = None
        try:
            self._run(batch[0].waiting.size, [one.frame for one in batch])
        except Exception as raised:  # raised again for every caller of the batch
            error = raised
        finally:
            self._changed.acquire()
            self._running -= 1
            for one in batch:
                one.done, one.error = True, error
            self._changed.notify_all()
