"""Fits one student to a running call in rounds, and keeps the result if it is better on frames kept aside.

A round makes some more pairs, fits the student that is in use, and compares three students on the segments kept aside:
the general one, the one in use, and the new one. So a student that no longer fits the call is withdrawn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from acutance.model.hints import COUNT
from acutance.model.nets.student import Student
from acutance.training.adaptation.call_frames import CallFrames
from acutance.training.adaptation.fitting import fit
from acutance.training.data.dataset import Item
from acutance.training.data.pictures import DataError
from acutance.training.pairs.pairs import Pairs
from acutance.training.pairs.patches import Patches, Task, blind_patches
from acutance.training.recipes.recipe import Recipe
from acutance.training.run.validation import Validation
from acutance.training.validation.scores import Score

MARGIN, WORST, WORST_PLACE = 0.03, 0.03, 0.1
"""In dB: least mean gain by which a student is better than another one; most that it may lose in the mean of a
degradation, and at one segment, which shows a fifth of a frame of 720p. Each student is compared with the general one
too, so that losses do not add up over rounds."""


@dataclass(frozen=True)
class Budget:
    """What learning a call may take.

    Attributes:
        learned: Most segments to learn from that are held.
        aside: Most segments kept aside that are held.
        least: Segments to learn from before the first round.
        clips: Clips that a round degrades.
        pairs: Most pairs that are held for a student, of several rounds.
        steps: Training steps of a round.
    """

    learned: int = 12
    aside: int = 4
    least: int = 4
    clips: int = 20
    pairs: int = 1024
    steps: int = 500


@dataclass(frozen=True)
class Outcome:
    """What a round has shown.

    Attributes:
        kind: `weights`: there is a better student; `refused`: there is none; `withdrawn`: the one in use is no longer
            better than the general one.
        student: The student to use from now on; None for the general one.
        gain: Mean gain in dB of that student.
        before: Mean gain of the general student.
        reason: Why there is no better student, in words.
    """

    kind: Literal["weights", "refused", "withdrawn"]
    student: Student | None
    gain: float
    before: float
    reason: str = ""


class StudentLearner:
    """Fits one student to a call. For one thread.

    Args:
        general: The student to start from; it takes no plate.
        recipe: How it is fitted and compared.
        frames: The segments of the call.
        budget: Limits.
        hold: Called often while it computes; may wait.

    Attributes:
        present: The student in use; None for the general one.
    """

    def __init__(
        self,
        general: Student,
        recipe: Recipe,
        frames: CallFrames,
        budget: Budget,
        hold: Callable[[], None] = lambda: None,
    ) -> None:
        self.present: Student | None = None
        self._general, self._recipe, self._frames, self._budget = general, recipe, frames, budget
        self._hold = hold
        self._validations: dict[str, Validation] = {}
        self._patches: Patches = np.empty((0, 2, recipe.pairs.patch, recipe.pairs.patch), np.uint8)
        self._codes: NDArray[np.uint8] = np.empty((0, COUNT), np.uint8)
        half = recipe.pairs.patch // 2
        self._chroma = np.empty((0, 2, 2, half, half), np.uint8) if recipe.colour else None
        self._remembered: Student | None = None
        self._rounds = 0

    def remember(self, student: Student) -> None:
        """Take a student that an earlier call left; the next round compares it. One of another shape is ignored."""
        if student.shape == self._general.shape:
            self._remembered = student

    def round(self) -> Outcome:
        """Compare, fit, compare.

        Raises:
            DataError: A codec failed, or frames are too small to cut pairs from.
        """
        self._validate()
        general = self._scores(self._general)
        before = _mean(general)
        if self.present is not None and not better(self._scores(self.present), general, margin=0.0):
            self.present = None
            return Outcome("withdrawn", None, before, before)
        incumbent = best = self.present or self._general
        scores: Mapping[str, Score] = self._scores(incumbent)
        if self._remembered is not None:
            best, scores = self._better_of(best, scores, self._remembered, general)
            self._remembered = None
        self._make_pairs()
        pairs = Pairs(self._patches, self._codes, "", Path(), self._chroma)
        self._rounds += 1
        fitted = fit(best, self._recipe, pairs, self._budget.steps, self._rounds, self._hold)
        if all(bool(torch.isfinite(one).all()) for one in fitted.state_dict().values()):
            best, scores = self._better_of(best, scores, fitted, general)
        if best is incumbent:
            return Outcome("refused", self.present, _mean(scores), before, "it is not better on the frames kept aside")
        self.present = best
        return Outcome("weights", best, _mean(scores), before)

    def _better_of(
        self, best: Student, scores: Mapping[str, Score], other: Student, general: Mapping[str, Score]
    ) -> tuple[Student, Mapping[str, Score]]:
        theirs = self._scores(other)
        wins = better(theirs, scores) and better(theirs, general)
        return (other, theirs) if wins else (best, scores)

    def _validate(self) -> None:
        """Degrade the segments kept aside, each once."""
        known = self._validations
        self._validations = {}
        for item in self._frames.split("val"):
            self._hold()
            self._validations[item.name] = known.get(item.name) or Validation(
                _One(self._frames, item), self._recipe.validation
            )

    def _scores(self, student: Student) -> dict[str, Score]:
        """Return the scores on all segments kept aside, by degradation."""
        by_segment = []
        for validation in self._validations.values():
            self._hold()
            by_segment.append(validation.evaluate(student))
        return {name: Score(tuple(s for one in by_segment for s in one[name].sources)) for name in by_segment[0]}

    def _make_pairs(self) -> None:
        rng = np.random.default_rng((self._recipe.seed, self._rounds))
        section = self._recipe.pairs
        segments = [item for item in self._frames.split("train") if min(item.width, item.height) >= section.patch]
        if not segments:
            raise DataError(f"the frames are too small: pairs have {section.patch} px")
        for index in range(self._budget.clips):
            self._hold()
            item, seed = segments[int(rng.integers(len(segments)))], (int(rng.integers(2**31)), index)
            task = Task(index, Path(), item, seed, section, self._recipe.mixture.mixture, colour=self._recipe.colour)
            made = blind_patches(self._frames, task)
            self._patches = np.concatenate([self._patches, made.patches])[-self._budget.pairs :]
            self._codes = np.concatenate([self._codes, made.hints])[-self._budget.pairs :]
            if self._chroma is not None and made.chroma is not None:
                self._chroma = np.concatenate([self._chroma, made.chroma])[-self._budget.pairs :]


class _One:
    """A source with one segment to keep aside."""

    def __init__(self, frames: CallFrames, item: Item) -> None:
        self.luma, self.planes, self._item = frames.luma, frames.planes, item

    def split(self, which: str) -> list[Item]:
        return [self._item]


def better(one: Mapping[str, Score], other: Mapping[str, Score], *, margin: float = MARGIN) -> bool:
    """Whether scores are better than others of the same segments: by `margin` in the mean, and nowhere clearly worse.

    Args:
        one: Scores by degradation.
        other: The scores to compare them with.
        margin: Least difference of the mean gains in dB.
    """
    apart = [
        [mine.gain - theirs.gain for mine, theirs in zip(score.sources, other[name].sources, strict=True)]
        for name, score in one.items()
    ]
    means = [fmean(gains) for gains in apart]
    return fmean(means) >= margin and min(means) >= -WORST and min(map(min, apart)) >= -WORST_PLACE


def _mean(scores: Mapping[str, Score]) -> float:
    return fmean(score.gain for score in scores.values())
