"""Scores of a validation: gain or loss of each picture and clip, and one number to choose a checkpoint by."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from acutance.training.data.planes import Luma
from acutance.training.degradation.degrade import DegradedFrame
from acutance.training.metrics.psnr_ssim import finite_psnr, ssim
from acutance.training.validation.frames import ValidationFrame

IDENTITY = "identity"
IDENTITY_GOAL = 45.0
"""PSNR in dB that an undegraded picture must keep; differences above it are invisible."""
LOSS_WEIGHT = 3.0
"""Weight of a lost dB against a gained one: keeping good pictures unchanged has priority."""
_LEAST_LOSS = {"psnr": 0.005, "ssim": 0.00005}
"""Half a unit of the last digit in tables; smaller losses do not count as harm."""


@dataclass(frozen=True)
class SourceScore:
    """A picture or clip under one degradation: means over its frames.

    Attributes:
        source: Name of the item.
        before: PSNR of the degraded frames in dB, at most 99.
        after: PSNR of the restored frames in dB, at most 99.
        ssim_before: SSIM of the degraded frames.
        ssim_after: SSIM of the restored frames.
    """

    source: str
    before: float
    after: float
    ssim_before: float
    ssim_after: float

    @property
    def gain(self) -> float:
        """PSNR gained in dB, negative if the network lowers it."""
        return self.after - self.before

    @property
    def harmed(self) -> bool:
        """Whether PSNR or SSIM is lower than that of the degraded frames."""
        return -self.gain > _LEAST_LOSS["psnr"] or self.ssim_before - self.ssim_after > _LEAST_LOSS["ssim"]


@dataclass(frozen=True)
class Score:
    """A network under one degradation: the score of every picture and clip, at least one."""

    sources: tuple[SourceScore, ...]

    @property
    def before(self) -> float:
        """Mean PSNR of the degraded sources in dB."""
        return fmean(one.before for one in self.sources)

    @property
    def after(self) -> float:
        """Mean PSNR of the restored sources in dB."""
        return fmean(one.after for one in self.sources)

    @property
    def gain(self) -> float:
        """Mean PSNR gained in dB."""
        return fmean(one.gain for one in self.sources)

    @property
    def harm(self) -> float:
        """Mean PSNR lost in dB; sources that gain count 0, so that gains do not cancel losses."""
        return fmean(max(-one.gain, 0.0) for one in self.sources)

    @property
    def harmed(self) -> tuple[str, ...]:
        """Names of the sources that lose PSNR or SSIM."""
        return tuple(one.source for one in self.sources if one.harmed)

    @property
    def worst(self) -> SourceScore:
        """The source that gains the least."""
        return min(self.sources, key=lambda one: one.gain)


def score(frames: Sequence[ValidationFrame], restore: Callable[[DegradedFrame], Luma]) -> Score:
    """Score a network on frames of one degradation.

    Args:
        frames: Frames of one or more sources.
        restore: Returns the restored luma of a degraded frame, uint8 `[H, W]`.

    Raises:
        ValueError: There is no frame, or a restored frame has another size.
    """
    if not frames:
        raise ValueError("a score needs at least one frame")
    figures: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for frame in frames:
        restored = restore(frame.degraded)
        figures[frame.source].append(
            (
                frame.psnr,
                finite_psnr(restored, frame.truth),
                frame.ssim,
                ssim(restored, frame.truth),
            )
        )
    means = {source: [fmean(column) for column in zip(*rows, strict=True)] for source, rows in figures.items()}
    return Score(tuple(SourceScore(source, *mean) for source, mean in means.items()))


def checkpoint_score(scores: Mapping[str, Score]) -> float:
    """The score to choose a checkpoint by: the mean weighted gain in dB over degradations, pictures and clips.

    A loss of a picture or clip has three times the weight of a gain, so that gains on others do not cancel it.
    Undegraded pictures (`identity`) cannot gain; a PSNR below 45 dB counts as a loss of the difference.

    Args:
        scores: Scores by the name of the degradation.
    """
    return fmean(fmean(_weighted(name, one) for one in scored.sources) for name, scored in scores.items())


def _weighted(degradation: str, one: SourceScore) -> float:
    gain = min(one.after - IDENTITY_GOAL, 0.0) if degradation == IDENTITY else one.gain
    return gain if gain >= 0 else LOSS_WEIGHT * gain
