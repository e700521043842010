"""What a run minimises: the recipe's losses, weighted and summed."""

from collections.abc import Callable

from torch import Tensor

from acutance.training.losses.distillation import affinity, teacher_features
from acutance.training.losses.perceptual import Backbone
from acutance.training.losses.pixel import TRUTH_LOSSES, frequency, harm
from acutance.training.pairs.batches import Batch
from acutance.training.recipes.sections import LossesSection
from acutance.training.teachers.teachers import LoadedTeacher

_Term = Callable[[Tensor, Tensor, Batch, float], Tensor]
"""The network's output and features, the batch, and the share of the run that is done; a scalar."""


class Objective:
    """The weighted sum of the losses that a recipe gives a weight.

    Args:
        losses: Which, and how much.
        teacher: Needed by `teacher_features` and `affinity`.
        backbone: Needed by `perceptual`.

    Attributes:
        names: Of the terms, in the order in which they are returned.
    """

    def __init__(self, losses: LossesSection, teacher: LoadedTeacher | None, backbone: Backbone | None) -> None:
        self._losses = losses
        self._teacher, self._backbone = teacher, backbone
        terms: dict[str, _Term] = {
            "truth": self._truth,
            "harm": lambda output, _, batch, done: harm(output, batch.truth, batch.degraded, done),
            "teacher_output": self._teacher_output,
            "teacher_features": self._teacher_features,
            "affinity": self._affinity,
            "perceptual": self._perceptual,
            "frequency": lambda output, _, batch, __: frequency(output, batch.truth),
        }
        self._terms = {name: term for name, term in terms.items() if getattr(losses, name).weight}
        self.names = tuple(self._terms)

    def __call__(self, output: Tensor, features: Tensor, batch: Batch, done: float) -> tuple[Tensor, list[Tensor]]:
        """The sum to minimise, and each term without its weight."""
        parts = [term(output, features, batch, done) for term in self._terms.values()]
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

    def _truth(self, output: Tensor, features: Tensor, batch: Batch, done: float) -> Tensor:
        return TRUTH_LOSSES[self._losses.truth.kind](output, batch.truth, done)

    def _teacher_output(self, output: Tensor, features: Tensor, batch: Batch, done: float) -> Tensor:
        assert batch.label is not None
        return TRUTH_LOSSES["l1"](output, batch.label, done)

    def _teacher_features(self, output: Tensor, features: Tensor, batch: Batch, done: float) -> Tensor:
        assert self._teacher is not None
        return teacher_features(self._teacher.network, output, batch.truth)

    def _affinity(self, output: Tensor, features: Tensor, batch: Batch, done: float) -> Tensor:
        assert self._teacher is not None
        wanted = self._teacher.network.features(batch.degraded, batch.hints).detach()
        return affinity(features, wanted, self._losses.affinity.size)

    def _perceptual(self, output: Tensor, features: Tensor, batch: Batch, done: float) -> Tensor:
        assert self._backbone is not None
        count = self._losses.perceptual.pictures or len(output)
        return self._backbone.distance(output[:count], batch.truth[:count])
