"""The tables of a recipe that say how a network is fitted: network, loop, losses, validation."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from acutance.model.nets.shape import StudentShape, TeacherShape
from acutance.training.data.pictures import DataError
from acutance.training.degradation.degrade import Degradation

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
TruthLoss = Literal["charbonnier", "l1", "squared", "decibel"]
Layer = Annotated[str, Field(pattern=r"^relu[1-5]_[1-4]$")]


class Section(BaseModel):
    """A table of a recipe: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StudentSection(Section):
    """The network of `distil`, see `StudentShape`."""

    channels: int = Field(ge=1, le=128)
    depth: int = Field(ge=1, le=32)
    hinted: bool
    batch_norm: bool
    tail: Literal[1, 3] = 3

    @property
    def shape(self) -> StudentShape:
        """The shape that these numbers name."""
        return StudentShape(self.channels, self.depth, self.hinted, self.tail)


class TeacherSection(Section):
    """The network of `teacher`, see `TeacherShape`."""

    channels: int = Field(ge=1, le=256)
    blocks: int = Field(ge=1, le=64)
    hinted: bool

    @property
    def shape(self) -> TeacherShape:
        """The shape that these numbers name."""
        return TeacherShape(self.channels, self.blocks, self.hinted)


class TrainingSection(Section):
    """The loop, see `acutance.training.run.trainer`.

    Attributes:
        seed: Of the first weights and of the batches; the pairs have a seed of their own.
        steps: Length of the run; or `epochs`, passes over the pairs.
        batch: Pairs a step, over all processes together.
        crop: Side in pixels of what is cut from a patch; losses leave out the border that padding reaches.
        optimiser: `adam`, or `soap`: Adam in the eigenbasis of Shampoo's preconditioner (arXiv 2409.11321).
        learning_rate: After the warm-up, before the schedule.
        warm_up: Steps of linear warm-up.
        schedule: `cosine` down to zero, or `step`: times `factor` after every `every` share of the run.
        ema: Decay of the averaged weights, which are the ones validated and exported.
        clip: Largest norm of the gradient, 0 for no limit.
        freeze_norm: Share of the run from which on batch norm uses its running statistics.
        save_every: Steps between two checkpoints.
        validate_every: Steps between two validations; after every epoch if it is left out.
    """

    seed: int = Field(default=1, ge=0)
    steps: int | None = Field(default=None, ge=1)
    epochs: int | None = Field(default=None, ge=1)
    batch: int = Field(ge=1)
    crop: int = Field(ge=16, multiple_of=2)
    optimiser: Literal["adam", "soap"]
    learning_rate: float = Field(gt=0)
    warm_up: int = Field(ge=0)
    schedule: Literal["cosine", "step"] = "cosine"
    factor: float = Field(default=0.5, gt=0, lt=1)
    every: float = Field(default=0.2, gt=0, le=1)
    ema: float = Field(ge=0, lt=1)
    clip: float = Field(default=0.0, ge=0)
    freeze_norm: Share = 1.0
    save_every: int = Field(default=1000, ge=1)
    validate_every: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("give either steps or epochs")
        return self

    def length(self, pairs: int) -> int:
        """Steps of the run over so many pairs."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return -(-self.epochs * pairs // self.batch)

    def pause(self, pairs: int) -> int:
        """Steps between two validations."""
        return self.validate_every or max(pairs // self.batch, 1)


class TruthTerm(Section):
    """Distance to the truth, see `acutance.training.losses.pixel`."""

    kind: TruthLoss
    weight: Weight = 1.0


class Term(Section):
    """A loss that is off unless it has a weight."""

    weight: Weight = 0.0


class TeacherOutputTerm(Term):
    """L1 to the teacher's output; with `until`, the weight sinks evenly to zero at that share of the run."""

    until: float | None = Field(default=None, gt=0, le=1)


class AffinityTerm(Term):
    """Spatial feature affinity, see `acutance.training.losses.distillation`: features are pooled to `size` x `size`."""

    size: int = Field(default=16, ge=2, le=64)


class PerceptualTerm(Term):
    """Distance between features of a classifier, see `acutance.training.losses.perceptual`.

    Attributes:
        layers: Names such as `relu2_2`.
        pictures: Pictures of each batch that it is computed for, over all processes; 0 for all. A VGG costs more than
            the student.
    """

    layers: tuple[Layer, ...] = Field(default=("relu1_2", "relu2_2"), min_length=1)
    pictures: int = Field(default=0, ge=0)


class LossesSection(Section):
    """The weighted sum that is minimised; each term is logged by itself."""

    truth: TruthTerm
    harm: Term = Term()
    teacher_output: TeacherOutputTerm = TeacherOutputTerm()
    teacher_features: Term = Term()
    affinity: AffinityTerm = AffinityTerm()
    perceptual: PerceptualTerm = PerceptualTerm()
    frequency: Term = Term()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name).weight for name in type(self).model_fields):
            raise ValueError("at least one loss must have a weight above 0")
        return self

    @property
    def teacher_needed(self) -> bool:
        """Whether a term looks at a teacher."""
        return bool(self.teacher_output.weight or self.teacher_features.weight or self.affinity.weight)


class ValidationSection(Section):
    """What is measured during a run.

    Attributes:
        degradations: Names, see `acutance.training.degradation.degrade`.
        frame: Largest width and height that is evaluated, cut from the middle.
        pictures: Pictures and clips that are evaluated, by categories in turn; 0 for all.
    """

    degradations: tuple[str, ...] = Field(min_length=1)
    frame: tuple[int, int] = (640, 384)
    pictures: int = Field(default=0, ge=0)

    @field_validator("degradations")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                Degradation.parse(name)
            except DataError as error:
                raise ValueError(str(error)) from None
        return names
