"""Frames of several calls that come together are sharpened together; a frame that comes alone waits for nobody.

A GPU that sharpens one frame is mostly idle, and eight of one size take it little longer. Nobody collects in the
background: each caller waits in its own thread, and whichever sees that it is time runs the batch for all.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

type Shape = tuple[int, int]
"""Height and width of a padded plane."""

BATCHES = (8, 4, 2, 1)
"""A device prepares for each number of frames apart: these are enough, and few."""
WINDOW_S = 0.002
LANES = 2
"""Batches at once: one is copied while the other is computed."""


@dataclass(frozen=True)
class Waiting:
    """A frame that waits: its size, and since when, in seconds."""

    size: Shape
    since: float


def next_batch(
    waiting: Sequence[Waiting], running: int, now: float, lanes: int = LANES
) -> tuple[int, ...] | float | None:
    """Decide what to run now.

    Args:
        waiting: the frames that wait, oldest first.
        running: batches that are under way.
        now: in seconds, as `Waiting.since`.
        lanes: batches that may be under way at once.

    Returns:
        The indices of frames of one size to run as a batch; or the time at which to ask again; or None where only
        another frame, or a batch's end, can change anything.
    """
    if not waiting or running >= lanes:
        return None
    oldest = waiting[0]
    group = [index for index, one in enumerate(waiting) if one.size == oldest.size]
    batch = tuple(group[: next(count for count in BATCHES if count <= len(group))])
    # With nothing under way the device would only be idle; with a batch under way, others may come while it is.
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
    """Runs frames in batches, each caller's call lasting until its own frame is done."""

    def __init__(
        self,
        run: Callable[[Shape, list[T]], None],
        lanes: int = LANES,
        clock: Callable[[], float] = monotonic,
    ):
        """Begin with nothing waiting.

        Args:
            run: sharpens 1, 2, 4 or 8 frames of one size; as many calls at once as there are lanes.
            lanes: batches at once.
            clock: in seconds.
        """
        self._run = run
        self._lanes = lanes
        self._clock = clock
        self._waiting: list[_Entry[T]] = []
        self._running = 0
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Frames that wait for their batch."""
        return len(self._waiting)

    def submit(self, size: Shape, frame: T) -> None:
        """Have a frame run, in a batch with others of its size, and wait for it.

        Raises:
            Exception: whatever ``run`` raised, for each frame of the batch.
        """
        entry = _Entry(frame, Waiting(size, self._clock()))
        with self._changed:
            self._waiting.append(entry)
            self._changed.notify_all()
            while not entry.done:
                batch = next_batch([one.waiting for one in self._waiting], self._running, self._clock(), self._lanes)
                if isinstance(batch, tuple):
                    self._lead([self._waiting[index] for index in batch])
                else:
                    self._changed.wait(None if batch is None else max(0.0, batch - self._clock()))
        if entry.error is not None:
            raise entry.error

    def _lead(self, batch: list[_Entry[T]]) -> None:
        # Called with the lock held, which others get while the batch runs.
        self._waiting = [one for one in self._waiting if one not in batch]
        self._running += 1
        self._changed.release()
        error = None
        try:
            self._run(batch[0].waiting.size, [one.frame for one in batch])
        except Exception as raised:  # every caller of the batch has to know
            error = raised
        finally:
            self._changed.acquire()
            self._running -= 1
            for one in batch:
                one.done, one.error = True, error
            self._changed.notify_all()
