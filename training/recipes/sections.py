"""The tables of a recipe for the network, the training loop, the losses and the validation."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from acutance.model.nets.shape import StudentShape, TeacherShape
from acutance.training.data.pictures import DataError
from acutance.training.degradation.blind import PASS, STUDENTS
from acutance.training.degradation.degrade import Degradation

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
TruthLoss = Literal["charbonnier", "l1", "squared", "decibel"]
ScoreKind = Literal["psnr", "vmaf_neg", "jod"]
Layer = Annotated[str, Field(pattern=r"^relu[1-5]_[1-4]$")]


class Section(BaseModel):
    """A table of a recipe; unknown keys are errors, and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StudentSection(Section):
    """The network of `distil`, see `StudentShape`."""

    channels: int = Field(ge=1, le=128)
    depth: int = Field(ge=1, le=32)
    hinted: bool
    batch_norm: bool
    tail: Literal[1, 3] = 3
    plate: bool = False
    colour: bool = False

    @property
    def shape(self) -> StudentShape:
        """The shape of the network."""
        return StudentShape(self.channels, self.depth, self.hinted, self.tail, self.plate, self.colour)


class TeacherSection(Section):
    """The network of `teacher`, see `TeacherShape`."""

    channels: int = Field(ge=1, le=256)
    blocks: int = Field(ge=1, le=64)
    hinted: bool
    neighbours: int = Field(default=0, ge=0, le=3)

    @property
    def shape(self) -> TeacherShape:
        """The shape of the network."""
        return TeacherShape(self.channels, self.blocks, self.hinted, self.neighbours)


class TrainingSection(Section):
    """The loop, see `acutance.training.run.trainer`.

    Attributes:
        seed: Seed of the initial weights and of the batches; the pairs have a seed of their own.
        steps: Length of the run in steps; either this or `epochs`.
        epochs: Length of the run in passes over the pairs.
        batch: Pairs per step, over all processes together.
        crop: Side in pixels of the square cut from a patch; losses leave out the border that padding reaches.
        optimiser: `adam`, or `soap`: Adam in the eigenbasis of Shampoo's preconditioner (arXiv 2409.11321).
        learning_rate: Learning rate after the warm-up, before the schedule.
        warm_up: Steps of linear warm-up.
        schedule: `cosine` down to zero, or `step`: multiplied by `factor` after every share `every` of the run.
        factor: Factor of the schedule `step`.
        every: Share of the run between two changes of the schedule `step`.
        ema: Decay of the averaged weights, which are validated and exported.
        clip: Maximum norm of the gradient, 0 for no limit.
        freeze_norm: Share of the run after which batch norm uses its running statistics.
        save_every: Steps between two checkpoints.
        validate_every: Steps between two validations; by default one epoch.
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
        """Number of steps of a run over `pairs` pairs."""
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return -(-self.epochs * pairs // self.batch)

    def validation_interval(self, pairs: int) -> int:
        """Number of steps between two validations."""
        return self.validate_every or max(pairs // self.batch, 1)


class PlateSection(Section):
    """The plates of the pairs, see `acutance.training.pairs.plates`. What is not wrong is what a memory would hold.

    Attributes:
        bits: Fewest and most bits per pixel before the drop, drawn log-uniformly.
        aligned: Share of clips with a plate that is aligned.
        absent: Share of frames without a plate.
        shifted: Share of frames with a plate that is shifted.
        exposure: Share of frames with a plate of another exposure.
        elsewhere: Share of frames with a plate of another scene.
        edited: Share of frames with a plate in which rectangles show other content of equal mean.
        perfect: Share of frames with a plate that is the frame itself over a good connection.
        students: What sharpens a clip before the plate is used, see `acutance.training.degradation.blind`;
            each clip draws one.
    """

    bits: tuple[float, float]
    aligned: Share
    absent: Share
    shifted: Share
    exposure: Share
    elsewhere: Share
    edited: Share
    perfect: Share
    students: tuple[str, ...] = Field(default=STUDENTS, min_length=1)

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        if not 0 < self.bits[0] <= self.bits[1]:
            raise ValueError("bits must be a range above 0")
        if self.absent + self.shifted + self.exposure + self.elsewhere + self.edited + self.perfect > 1:
            raise ValueError("the shares must add up to at most 1")
        return self


class TruthTerm(Section):
    """Distance to the truth, see `acutance.training.losses.pixel`."""

    kind: TruthLoss
    weight: Weight = 1.0


class Term(Section):
    """A loss that is off unless it has a weight."""

    weight: Weight = 0.0


class TeacherOutputTerm(Term):
    """Distance to the teacher's output.

    Attributes:
        kind: The distance, as of `TruthTerm`. L1 on codec pairs ends as the identity.
        until: Share of the run at which the weight, which falls linearly, is zero; None for a constant weight.
    """

    kind: TruthLoss = "l1"
    until: float | None = Field(default=None, gt=0, le=1)


class AffinityTerm(Term):
    """Spatial feature affinity, see `acutance.training.losses.distillation`: features are pooled to `size` x `size`."""

    size: int = Field(default=16, ge=2, le=64)


class SampledTerm(Term):
    """A loss that costs more than the student, and can be computed for a part of each batch.

    Attributes:
        pictures: Number of pictures of each batch for which it is computed, over all processes; 0 for all.
    """

    pictures: int = Field(default=0, ge=0)


class PerceptualTerm(SampledTerm):
    """Distance between features of a classifier, see `acutance.training.losses.perceptual`.

    Attributes:
        layers: Names of layers, such as `relu2_2`.
    """

    layers: tuple[Layer, ...] = Field(default=("relu1_2", "relu2_2"), min_length=1)


class LossesSection(Section):
    """The terms of the loss, each with its weight; each term is logged separately."""

    truth: TruthTerm
    harm: Term = Term()
    chroma: Term = Term()
    chroma_harm: Term = Term()
    outdated: Term = Term()
    teacher_output: TeacherOutputTerm = TeacherOutputTerm()
    teacher_features: Term = Term()
    affinity: AffinityTerm = AffinityTerm()
    perceptual: PerceptualTerm = PerceptualTerm()
    bands: Term = Term()
    ms_ssim: SampledTerm = SampledTerm()
    jod: SampledTerm = SampledTerm()
    frequency: Term = Term()

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not any(getattr(self, name).weight for name in type(self).model_fields):
            raise ValueError("at least one loss must have a weight above 0")
        return self

    @property
    def teacher_needed(self) -> bool:
        """Whether a term needs a teacher."""
        return bool(self.teacher_output.weight or self.teacher_features.weight or self.affinity.weight)


class ValidationSection(Section):
    """Settings of the validation during a run, and of `acutance-train choose`.

    A checkpoint is chosen by its mean gain in `score` over clips and degradations, if it harms few of them: PSNR may be
    lower than that of the input by more than `harm` on at most the share `harmed` of all pairs of clip and degradation.

    Attributes:
        degradations: Names of degradations, see `acutance.training.degradation.degrade`.
        frame: Largest width and height of an evaluated frame, cut from the middle.
        pictures: Number of pictures and clips that are evaluated, chosen by categories in turn; 0 for all.
        score: The measure of the gain. `psnr`, in dB, evaluates single frames of pictures and clips. `vmaf_neg` and
            `jod` evaluate clips, and pictures only if the validation split has no clip. JOD takes about half a second
            for a frame of 640x360.
        stretch: Number of consecutive frames of a clip for `vmaf_neg` and `jod`.
        harm: PSNR in dB that a clip may lose without counting as harmed.
        harmed: Share of pairs of clip and degradation that may be harmed.
        drop: Whether clips are evaluated after the connection became poor, with a memory; pictures are left out.
        student: What sharpens these clips before the evaluated student.
    """

    degradations: tuple[str, ...] = Field(min_length=1)
    frame: tuple[int, int] = (640, 384)
    pictures: int = Field(default=0, ge=0)
    score: ScoreKind = "psnr"
    stretch: int = Field(default=8, ge=1)
    harm: float = Field(default=0.02, ge=0)
    harmed: Share = 0.02
    drop: bool = False
    student: str = PASS

    @field_validator("degradations")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                Degradation.parse(name)
            except DataError as error:
                raise ValueError(str(error)) from None
        return names
