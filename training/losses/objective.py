"""The objective of a run: the weighted sum of the losses of its recipe."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from acutance.training.losses.bands import bands
from acutance.training.losses.distillation import affinity, teacher_features
from acutance.training.losses.jod import lost_jod
from acutance.training.losses.ms_ssim import lost_ms_ssim
from acutance.training.losses.perceptual import Backbone
from acutance.training.losses.pixel import TRUTH_LOSSES, frequency, harm, outdated
from acutance.training.losses.ranks import ALONE, Ranks
from acutance.training.pairs.batches import Batch, without_border
from acutance.training.recipes.sections import LossesSection
from acutance.training.teachers.teachers import LoadedTeacher

_CHROMA_SCALE = 3.0
"""Factor of chroma in its losses. It varies less than luma: its PSNR is higher, where the losses of luma flatten."""


@dataclass(frozen=True)
class Restored:
    """Output of a network: luma, float `[B, 1, H, W]` in 0..1, and U and V, `[B, 2, H / 2, W / 2]`, with colour."""

    luma: Tensor
    chroma: Tensor | None = None


@dataclass(frozen=True)
class _Step:
    """Inputs of the terms.

    Attributes:
        output: Output of the network, without the border that is left out.
        chroma: Corrected chroma, without that border; None for a network without colour.
        inside: The batch without that border.
        features: Features of the network, of the whole crops.
        batch: The whole crops.
        done: Finished share of the run, 0 to 1.
    """

    output: Tensor
    chroma: Tensor | None
    inside: Batch
    features: Tensor
    batch: Batch
    done: float


class Objective:
    """The weighted sum of the losses that a recipe gives a weight.

    Padding reaches a few percent of the pixels of a frame, but most of a small crop. Losses therefore leave out the
    border of a crop; with `edges` they include it, because a network that was never trained there harms the edges of
    frames.

    Args:
        losses: The losses and their weights.
        border: Pixels at each edge of a crop that the network's padding reaches, see `StudentShape.border`.
        teacher: Needed by `teacher_features` and `affinity`.
        backbone: Needed by `perceptual`.
        ranks: The processes that share every batch.

    Attributes:
        names: Names of the terms, in the order in which they are returned.
    """

    def __init__(
        self,
        losses: LossesSection,
        border: int,
        teacher: LoadedTeacher | None = None,
        backbone: Backbone | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        self._losses, self._border, self._ranks = losses, border, ranks
        self._teacher, self._backbone = teacher, backbone
        terms: dict[str, Callable[[_Step], Tensor]] = {
            "truth": lambda step: TRUTH_LOSSES[losses.truth.kind](step.output, step.inside.truth, step.done),
            "harm": lambda step: harm(step.output, step.inside.truth, step.inside.degraded, step.done),
            "chroma": self._chroma,
            "chroma_harm": self._chroma_harm,
            "outdated": self._outdated,
            "teacher_output": self._teacher_output,
            "teacher_features": self._teacher_features,
            "affinity": self._affinity,
            "perceptual": self._perceptual,
            "bands": lambda step: bands(step.output, step.inside.truth, step.done),
            "ms_ssim": lambda step: self._sampled(lost_ms_ssim, step, losses.ms_ssim.pictures),
            "jod": lambda step: self._sampled(lost_jod, step, losses.jod.pictures),
            "frequency": lambda step: frequency(step.output, step.inside.truth),
        }
        self._terms = {name: term for name, term in terms.items() if getattr(losses, name).weight}
        self.names = tuple(self._terms)

    def __call__(
        self, output: Restored, features: Tensor, batch: Batch, done: float, *, edges: bool = False
    ) -> tuple[Tensor, list[Tensor]]:
        """Compute the losses of a step.

        Args:
            output: Output of the network.
            features: Input of its last convolution, float `[B, C, h, w]`.
            batch: The crops: degraded, truth, hints and labels.
            done: Finished share of the run, 0 to 1.
            edges: Whether losses include the pixels that padding reaches.

        Returns:
            The sum to minimise, and each term without its weight.
        """
        border = 0 if edges else self._border
        chroma = None if output.chroma is None else without_border(output.chroma, border // 2)
        step = _Step(without_border(output.luma, border), chroma, batch.inside(border), features, batch, done)
        parts = [term(step) for term in self._terms.values()]
        weighted = [self._weight(name, done) * part for name, part in zip(self.names, parts, strict=True)]
        total = weighted[0]
        for part in weighted[1:]:
            total = total + part
        return total, [part.detach() for part in parts]

    def _weight(self, name: str, done: float) -> float:
        weight = float(getattr(self._losses, name).weight)
        until = self._losses.teacher_output.until
        if name == "teacher_output" and until is not None:
            weight *= max(1 - done / until, 0.0)
        return weight

    def _chroma(self, step: _Step) -> Tensor:
        output, truth, _ = _chroma_of(step)
        return TRUTH_LOSSES[self._losses.truth.kind](output, truth, step.done)

    def _chroma_harm(self, step: _Step) -> Tensor:
        return harm(*_chroma_of(step), step.done)

    def _outdated(self, step: _Step) -> Tensor:
        assert step.inside.plate is not None
        remembered = step.inside.plate[:, :1]
        return outdated(step.output, step.inside.truth, step.inside.degraded, remembered, step.done)

    def _teacher_output(self, step: _Step) -> Tensor:
        assert step.inside.label is not None
        kind = self._losses.teacher_output.kind
        return TRUTH_LOSSES[kind](step.output, step.inside.label, step.done)

    def _teacher_features(self, step: _Step) -> Tensor:
        assert self._teacher is not None
        return teacher_features(self._teacher.network, step.output, step.inside.truth, self._ranks)

    def _affinity(self, step: _Step) -> Tensor:
        assert self._teacher is not None
        wanted = self._teacher.network.features(step.batch.degraded, step.batch.hints).detach()
        border, side = max(self._border, self._teacher.border), step.batch.degraded.shape[-1]
        # The grid of features is coarser than that of pixels.
        mine, theirs = (without_border(x, -(-border * x.shape[-1] // side)) for x in (step.features, wanted))
        return affinity(mine, theirs, self._losses.affinity.size)

    def _perceptual(self, step: _Step) -> Tensor:
        assert self._backbone is not None
        chosen, wanted = self._chosen(step, self._losses.perceptual.pictures)
        return self._backbone.distance(step.output[chosen], step.inside.truth[chosen], wanted, self._ranks)

    def _sampled(self, loss: Callable[[Tensor, Tensor], Tensor], step: _Step, pictures: int) -> Tensor:
        """Mean of a loss of each picture, `[B]`, over the chosen ones of all processes."""
        chosen, wanted = self._chosen(step, pictures)
        if not chosen:
            return 0 * step.output.sum()
        # Gradients are averaged over the processes.
        return loss(step.output[chosen], step.inside.truth[chosen]).sum() * self._ranks.count / wanted

    def _chosen(self, step: _Step, pictures: int) -> tuple[list[int], int]:
        """Indices of `pictures` of a batch (0: all) that this process has, and their number in all processes."""
        own = len(step.output)
        batch = own * self._ranks.count
        wanted = min(pictures or batch, batch)
        return self._ranks.spread(wanted, own), wanted


def _chroma_of(step: _Step) -> tuple[Tensor, Tensor, Tensor]:
    """Corrected, true and degraded chroma, scaled for the losses of luma."""
    assert step.chroma is not None
    assert step.inside.chroma is not None
    assert step.inside.true_chroma is not None
    planes = (step.chroma, step.inside.true_chroma, step.inside.chroma)
    output, truth, degraded = (_CHROMA_SCALE * one for one in planes)
    return output, truth, degraded
