"""The evaluated frames of one picture or clip under one degradation, and the score of a network on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

import numpy as np

from acutance.model.planes import GREY, Chroma
from acutance.training.data.planes import Luma
from acutance.training.degradation.codec import FPS
from acutance.training.degradation.degrade import DegradedFrame
from acutance.training.judge.jod import jod
from acutance.training.judge.video import Video
from acutance.training.metrics.libvmaf import vmaf
from acutance.training.metrics.psnr_ssim import finite_psnr, ssim
from acutance.training.recipes.sections import ScoreKind
from acutance.training.validation.frames import ValidationFrame
from acutance.training.validation.scores import SourceScore

_PSNR_EVERY = 4
"""Distance between the frames of a stretch with PSNR and SSIM: neighbouring frames have nearly equal figures, and SSIM
takes longer than a small student."""


@dataclass(frozen=True)
class Stretch:
    """The evaluated frames of one source, at least one: consecutive ones, unless `kind` is `psnr`.

    Attributes:
        source: Name of the item.
        frames: The frames, in the order of time.
        kind: The measure of the gain, see `ValidationSection.score`.
    """

    source: str
    frames: tuple[ValidationFrame, ...]
    kind: ScoreKind

    def score(self, restore: Callable[[DegradedFrame], DegradedFrame]) -> SourceScore:
        """Score a network.

        Args:
            restore: Returns a degraded frame with restored luma, and chroma if the network has colour.

        Raises:
            ValueError: A restored frame has another size.
        """
        restored = [restore(frame.degraded) for frame in self.frames]
        every = 1 if self.kind == "psnr" else _PSNR_EVERY
        pairs = list(zip(restored, self.frames, strict=True))[::-every]
        return SourceScore(
            self.source,
            fmean(frame.psnr for _, frame in pairs),
            fmean(finite_psnr(one.luma, frame.truth) for one, frame in pairs),
            fmean(frame.ssim for _, frame in pairs),
            fmean(ssim(one.luma, frame.truth) for one, frame in pairs),
            None if self.kind == "psnr" else self._seen(restored) - self._seen_before,
            *_chroma(pairs),
        )

    @cached_property
    def _seen_before(self) -> float:
        return self._seen([frame.degraded for frame in self.frames])

    def _seen(self, shown: Sequence[DegradedFrame]) -> float:
        """VMAF-NEG or JOD of the frames as they are shown; JOD with colour, if they have any."""
        truth = [frame.truth for frame in self.frames]
        height, width = (side // 2 * 2 for side in truth[0].shape)
        if self.kind == "vmaf_neg":
            lumas = [one.luma for one in shown]
            return vmaf(zip(lumas, truth, strict=True), (width, height), ["vmaf_neg"])["vmaf_neg"]
        tests = [(one.luma, one.chroma) for one in shown]
        true = [(frame.truth, frame.true_chroma) for frame in self.frames]
        return jod(_video(true, (height, width)), _video(tests, (height, width)))


def _video(frames: Sequence[tuple[Luma, Chroma | None]], size: tuple[int, int]) -> Video:
    height, width = size
    grey = np.full((height // 2, width // 2), GREY, np.uint8)
    planes = [(luma, *((grey, grey) if chroma is None else (chroma.u, chroma.v))) for luma, chroma in frames]
    y, u, v = (np.stack(of_one_kind) for of_one_kind in zip(*planes, strict=True))
    return Video(y[:, :height, :width], u[:, : height // 2, : width // 2], v[:, : height // 2, : width // 2], FPS)


def _chroma(pairs: Sequence[tuple[DegradedFrame, ValidationFrame]]) -> tuple[float | None, float | None]:
    """Mean PSNR of chroma before and after; None without chroma."""
    figures = [(frame.chroma_psnr, frame.psnr_of_chroma(one.chroma)) for one, frame in pairs]
    before, after = ([figure for figure in column if figure is not None] for column in zip(*figures, strict=True))
    return (fmean(before), fmean(after)) if before and after else (None, None)
