"""Progress of a run on the console: bars on a terminal, plain lines in a log."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from acutance.training.validation.scores import IDENTITY, Score

_LOG_EVERY = 30.0
"""Seconds between two lines of a log."""


@contextmanager
def progress_bar(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function `progress(done, total)` that shows the progress of `what`."""
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bars:
            bar = bars.add_task(what)
            yield lambda done, total: bars.update(bar, completed=done, total=total)
        return
    last = 0.0

    def log(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last >= _LOG_EVERY:
            last = now
            console.print(f"{what}: {done} of {total}", highlight=False)

    yield log


class RunReport:
    """Prints the progress of a run: a bar with losses and steps/s on a terminal, a line every half minute in a log."""

    def __init__(self, console: Console, what: str, first_step: int = 0) -> None:
        self._console = console
        self._bars: Progress | None = None
        self._began, self._first = time.monotonic(), first_step
        self._logged = self._began
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
        """Print the mean losses since the last call, `total` first."""
        now = time.monotonic()
        pace = (step - self._first) / max(now - self._began, 1e-9)
        parts = ", ".join(f"{name} {value:.4f}" for name, value in losses.items())
        words = f"step {step} of {steps}, {pace:.1f} steps/s; losses: {parts}"
        if self._bars is not None:
            self._bars.update(self._bar, completed=step / steps, words=words)
        elif now - self._logged >= _LOG_EVERY or step == steps:
            self._logged = now
            self._console.print(f"{step / steps:4.0%}  {words}", highlight=False, soft_wrap=True)

    def validated(self, step: int, scores: dict[str, Score], score: float, best: bool) -> None:
        """Print the scores of a validation.

        For each degradation: PSNR of the input, its gain, and in brackets the gain in VMAF-NEG or JOD; then the number
        of sources that lost quality.
        """
        parts = [
            f"{name} {s.after:.2f}"
            if name == IDENTITY
            else f"{name} {s.before:.2f}{s.gain:+.2f}" + ("" if s.seen is None else f" ({s.seen:+.2f})")
            for name, s in scores.items()
        ]
        mark = ", the best so far" if best else ""
        harmed = sum(len(one.harmed) for one in scores.values())
        coded = [one.worst for name, one in scores.items() if name != IDENTITY]
        worst = min(coded, key=lambda one: one.gain, default=None)
        least = f"; least gain {worst.gain:+.2f} ({worst.source})" if worst else ""
        self._console.print(
            f"step {step}: score {score:+.3f}{mark}; PSNR dB: " + ", ".join(parts) + f"; harmed: {harmed}{least}",
            highlight=False,
            soft_wrap=True,
        )

    def close(self) -> None:
        """Restore the terminal."""
        if self._bars is not None:
            self._bars.stop()
