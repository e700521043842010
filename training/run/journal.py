"""The journal of a run: a TensorBoard log, a table of validations, sample crops, and lines on the console."""

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from torch import nn
from torch.utils.tensorboard import SummaryWriter

from acutance.training.data.pictures import DataError
from acutance.training.run.console import RunReport
from acutance.training.run.samples import Samples
from acutance.training.validation.scores import Score

TABLE = "validation.csv"
SOURCES = "sources.csv"
"""Gains of each picture and clip in PSNR and in what is seen at every validation: runs can be compared in pairs."""


class Journal:
    """Records the losses and validations of a run in its folder and on the console.

    Args:
        folder: The folder of the run.
        report: Prints on the console.
        samples: Writes sample crops at every validation; None for none.
        step: Step from which the run resumes; entries of later steps are removed.
    """

    def __init__(self, folder: Path, report: RunReport, samples: Samples | None, step: int = 0) -> None:
        self._folder, self._report, self._samples = folder, report, samples
        with self._guarded():
            _remove_after(folder / TABLE, step)
            _remove_after(folder / SOURCES, step)
            self._events = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)

    def losses(self, step: int, steps: int, rate: float, losses: Mapping[str, float]) -> None:
        """Record the mean losses since the last call, `total` among them, and the learning rate `rate`."""
        with self._guarded():
            for name, value in losses.items():
                self._events.add_scalar(f"loss/{name}", value, step)
            self._events.add_scalar("learning_rate", rate, step)
        self._report.losses(step, steps, losses)

    def validated(self, step: int, scores: dict[str, Score], score: float, best: bool, network: nn.Module) -> None:
        """Record a validation of `network`, which is in evaluation mode."""
        with self._guarded():
            _append(self._folder / TABLE, step, scores, score)
            _append_sources(self._folder / SOURCES, step, scores)
            self._events.add_scalar("validation/score", score, step)
            for name, of_one in scores.items():
                self._events.add_scalar(f"validation/{name}", of_one.after, step)
                self._events.add_scalar(f"harm/{name}", of_one.harm, step)
                if of_one.seen is not None:
                    self._events.add_scalar(f"seen/{name}", of_one.seen, step)
            self._events.flush()
            if self._samples is not None:
                self._samples.write(network, self._folder / "samples" / f"step-{step:07d}.png")
        self._report.validated(step, scores, score, best)

    def close(self) -> None:
        """Write pending entries and restore the terminal."""
        self._report.close()
        with self._guarded():
            self._events.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(
                f"{self._folder} cannot be written ({error}): free some space and --resume from the last checkpoint"
            ) from None


def _append(path: Path, step: int, scores: Mapping[str, Score], score: float) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if new:
            columns = [f"{name} {what}" for name in scores for what in ("before", "after", "harm", "seen")]
            writer.writerow(["step", "score", *columns])
        figures = [value for one in scores.values() for value in (one.before, one.after, one.harm, one.seen)]
        values = ["" if value is None else f"{value:.3f}" for value in figures]
        writer.writerow([step, f"{score:.4f}", *values])


def _append_sources(path: Path, step: int, scores: Mapping[str, Score]) -> None:
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["step", "degradation", "source", "gain", "seen"])
        for name, score in scores.items():
            writer.writerows([step, name, one.source, _four(one.gain), _four(one.seen)] for one in score.sources)


def _four(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _remove_after(path: Path, step: int) -> None:
    """Drop the rows of validations after `step`."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as file:
        title, *rows = list(csv.reader(file)) or [[]]
    kept = [row for row in rows if row and row[0].isdigit() and int(row[0]) <= step]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([title, *kept])
