"""What a run says: progress bars on a terminal, plain lines in a log."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from acutance.training.validation.scores import IDENTITY, Score

_LOG_EVERY = 30.0
"""Seconds between two lines of a log."""


@contextmanager
def counted(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function `progress(done, total)` that shows how far `what` is."""
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bars:
            bar = bars.add_task(what)
            yield lambda done, total: bars.update(bar, completed=done, total=total)
        return
    said = 0.0

    def say(done: int, total: int) -> None:
        nonlocal said
        now = time.monotonic()
        if done == total or now - said >= _LOG_EVERY:
            said = now
            console.print(f"{what}: {done} of {total}", highlight=False)

    yield say


class RunReport:
    """Shows a run: a bar with loss and pace on a terminal, a line every half minute in a log."""

    def __init__(self, console: Console, what: str, first_step: int = 0) -> None:
        self._console = console
        self._bars: Progress | None = None
        self._began, self._first = time.monotonic(), first_step
        self._said = self._began
        if console.is_terminal:
            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f} %  {task.fields[words]}"),
                TimeRemainingColumn(),
                console=console,
            )
            self._bar = self._bars.add_task(what, total=1.0, words="")
            self._bars.start()

    def losses(self, step: int, steps: int, losses: Mapping[str, float]) -> None:
        """Tell the mean losses of the last steps, `total` first."""
        now = time.monotonic()
        pace = (step - self._first) / max(now - self._began, 1e-9)
        parts = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
        words = f"step {step} of {steps}, {pace:.1f} steps/s; losses: {parts}"
        if self._bars is not None:
            self._bars.update(self._bar, completed=step / steps, words=words)
        elif now - self._said >= _LOG_EVERY or step == steps:
            self._said = now
            self._console.print(f"{step / steps:4.0%}  {words}", highlight=False, soft_wrap=True)

    def validated(self, step: int, scores: dict[str, Score], worth: float, best: bool) -> None:
        """Tell the scores of a validation."""
        parts = [
            f"{name} {s.after:.2f}" if name == IDENTITY else f"{name} {s.before:.2f}{s.after - s.before:+.2f}"
            for name, s in scores.items()
        ]
        mark = ", the best so far" if best else ""
        self._console.print(
            f"step {step}: worth {worth:+.3f}{mark}; PSNR dB: " + ", ".join(parts),
            highlight=False,
            soft_wrap=True,
        )

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bars is not None:
            self._bars.stop()
