"""The evaluated frames of one picture or clip under one degradation, and the score of a network on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

import numpy as np

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

    def score(self, restore: Callable[[DegradedFrame], Luma]) -> SourceScore:
        """Score a network.

        Args:
            restore: Returns the restored luma of a degraded frame, uint8 `[H, W]`.

        Raises:
            ValueError: A restored frame has another size.
        """
        restored = [restore(frame.degraded) for frame in self.frames]
        every = 1 if self.kind == "psnr" else _PSNR_EVERY
        pairs = list(zip(restored, self.frames, strict=True))[::-every]
        return SourceScore(
            self.source,
            fmean(frame.psnr for _, frame in pairs),
            fmean(finite_psnr(luma, frame.truth) for luma, frame in pairs),
            fmean(frame.ssim for _, frame in pairs),
            fmean(ssim(luma, frame.truth) for luma, frame in pairs),
            None if self.kind == "psnr" else self._seen(restored) - self._seen_before,
        )

    @cached_property
    def _seen_before(self) -> float:
        return self._seen([frame.degraded.luma for frame in self.frames])

    def _seen(self, lumas: Sequence[Luma]) -> float:
        """VMAF-NEG or JOD of the frames with these planes of luma."""
        truth = [frame.truth for frame in self.frames]
        height, width = (side // 2 * 2 for side in truth[0].shape)
        if self.kind == "vmaf_neg":
            return vmaf(zip(lumas, truth, strict=True), (width, height), ["vmaf_neg"])["vmaf_neg"]
        test, reference = (np.stack([luma[:height, :width] for luma in planes]) for planes in (lumas, truth))
        # Students change luma alone: the videos are compared without colour.
        grey = np.full((len(truth), height // 2, width // 2), 128, np.uint8)
        return jod(Video(reference, grey, grey, FPS), Video(test, grey, grey, FPS))
