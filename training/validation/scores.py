"""Scores of a validation: gain or loss of each picture and clip, and one number to choose a checkpoint by."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

IDENTITY = "identity"
IDENTITY_GOAL = 45.0
"""PSNR in dB that an undegraded picture must keep; differences above it are invisible."""
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
        seen: Gain in VMAF-NEG or JOD; None if only PSNR and SSIM were measured.
        chroma_before: PSNR of the chroma of the degraded frames in dB, U and V together; None without chroma.
        chroma_after: PSNR of the chroma of the restored frames, as before.
    """

    source: str
    before: float
    after: float
    ssim_before: float
    ssim_after: float
    seen: float | None = None
    chroma_before: float | None = None
    chroma_after: float | None = None

    @property
    def gain(self) -> float:
        """PSNR gained in dB, negative if the network lowers it."""
        return self.after - self.before

    @property
    def chroma_gain(self) -> float | None:
        """PSNR gained in chroma in dB; None without chroma."""
        if self.chroma_before is None or self.chroma_after is None:
            return None
        return self.chroma_after - self.chroma_before

    def lost(self, identity: bool) -> float:
        """PSNR in dB that luma or chroma loses, whichever loses more, negative if both gain.

        An undegraded source loses only what is missing to 45 dB. Chroma that does not change is no loss and no gain.

        Args:
            identity: Whether the source is undegraded.
        """
        chroma = self.chroma_gain or 0.0
        if identity:
            missing = [self.after, *([self.chroma_after] if self.chroma_after is not None and chroma else [])]
            return max(IDENTITY_GOAL - min(missing), 0.0)
        return max(-self.gain, -chroma) if chroma else -self.gain

    @property
    def harmed(self) -> bool:
        """Whether PSNR or SSIM is lower than that of the degraded frames."""
        return -self.gain > _LEAST_LOSS["psnr"] or self.ssim_before - self.ssim_after > _LEAST_LOSS["ssim"]


@dataclass(frozen=True)
class Score:
    """A network under one degradation: the score of every picture and clip, at least one.

    Raises:
        ValueError: There is none.
    """

    sources: tuple[SourceScore, ...]

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError("a score needs at least one picture or clip")

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
    def seen(self) -> float | None:
        """Mean gain in VMAF-NEG or JOD; None if it was not measured."""
        gains = [one.seen for one in self.sources if one.seen is not None]
        return fmean(gains) if gains else None

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


@dataclass(frozen=True)
class HarmBound:
    """How much harm a network may do.

    Attributes:
        loss: PSNR in dB that a picture or clip may lose without counting as harmed.
        share: Share of pairs of source and degradation that may be harmed.
    """

    loss: float
    share: float

    def harmed(self, scores: Mapping[str, Score]) -> int:
        """Number of pairs of source and degradation that are harmed."""
        return sum(loss > self.loss for loss in losses(scores).values())

    def excess(self, scores: Mapping[str, Score]) -> float:
        """Mean PSNR in dB that is lost beyond `loss`, over all pairs; 0 if no more than the share `share` is harmed."""
        lost = losses(scores)
        if self.harmed(scores) <= self.share * len(lost):
            return 0.0
        return fmean(max(loss - self.loss, 0.0) for loss in lost.values())


def losses(scores: Mapping[str, Score]) -> dict[tuple[str, str], float]:
    """PSNR in dB that each pair of degradation and source loses, negative if it gains: see `SourceScore.lost`.

    Args:
        scores: Scores by the name of the degradation.
    """
    return {(name, one.source): one.lost(name == IDENTITY) for name, score in scores.items() for one in score.sources}


def checkpoint_score(scores: Mapping[str, Score], bound: HarmBound) -> float:
    """The score to choose a checkpoint by, 0 for a network that changes nothing.

    It is the mean gain (in VMAF-NEG or JOD, or else in dB) over degradations, pictures and clips, except `identity`,
    which cannot gain. If the harm exceeds the bound, it is minus the excess, or minus the loss if that is worse:
    whatever gains within the bound is better.

    Args:
        scores: Scores by the name of the degradation.
        bound: How much harm is accepted.
    """
    gain = mean_gain(scores)
    excess = bound.excess(scores)
    return min(gain, -excess) if excess else gain


def mean_gain(scores: Mapping[str, Score]) -> float:
    """Mean gain in VMAF-NEG or JOD, or else in dB, over all degradations but `identity`; 0 without any."""
    gains = [score.gain if score.seen is None else score.seen for name, score in scores.items() if name != IDENTITY]
    return fmean(gains) if gains else 0.0


def mean_chroma_gain(scores: Mapping[str, Score]) -> float:
    """Mean gain in PSNR of chroma in dB over all degradations but `identity`; 0 without any."""
    found = [one.chroma_gain for name, score in scores.items() if name != IDENTITY for one in score.sources]
    gains = [gain for gain in found if gain is not None]
    return fmean(gains) if gains else 0.0
