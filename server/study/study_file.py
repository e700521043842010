"""STUDY.toml: what a study compares, on which clips, and how raters are checked."""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from acutance.model.hints import REDUCTIONS
from acutance.server.study.errors import StudyError

REFERENCE = "reference"
"""The name of the untouched source among the treatments."""

type Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
type Method = Literal["ccr", "acr"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Table):
    """A source clip.

    Attributes:
        name: its name in tables.
        clip: a video file; a relative path starts at the folder of the study file.
        start: where the shown part begins, in seconds; the connection starts ``lead_in`` seconds earlier.
        seconds: length of the shown part. P.910 (10/2023), clause 7.6, has five to ten seconds in mind.
        training: whether the clip is shown in the training round only.
    """

    name: Name
    clip: Path
    start: Annotated[float, Field(ge=0, le=86_400)] = 2.0
    seconds: Annotated[float, Field(gt=0, le=30)] = 8.0
    training: bool = False


class Treatment(_Table):
    """What happens to a source on its way to the rater.

    Attributes:
        name: its name in tables; `REFERENCE` is the untouched source and needs no entry.
        codec: of the sender.
        bits: bits per coded pixel and frame.
        reduction: by which the sender divides width and height; the server enlarges the frames again.
        student: name or .onnx file of the student that sharpens the frames; None for none.
        strength: factor of the student's correction.
        encoded_again: whether the server encodes the frames again at its own bit rate. None for exactly where a student
            has enhanced them, as in a call.
    """

    name: Name
    codec: Literal["h264", "vp8"] = "h264"
    bits: Annotated[float, Field(ge=0.001, le=2)]
    reduction: Annotated[float, Field(ge=1, le=REDUCTIONS[1])] = 1.0
    student: str | None = None
    strength: Annotated[float, Field(ge=0, le=2)] = 1.0
    encoded_again: bool | None = None

    @property
    def returns_encoded(self) -> bool:
        """Whether the frames are encoded again."""
        return self.student is not None if self.encoded_again is None else self.encoded_again


class Comparison(_Table):
    """Two treatments that CCR shows beside each other; positive scores mean that ``test`` is better."""

    baseline: Name
    test: Name

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"{self.test} against {self.baseline}"


class Display(_Table):
    """How a clip is shown: a cut from the middle of the frame, one pixel of the clip to one of the screen.

    Attributes:
        width: of the cut, in pixels; two of them fit beside each other on a screen of 1920 pixels.
        height: of the cut, in pixels.
        plays: how often a clip is played before the screen turns grey.
    """

    width: Annotated[int, Field(ge=64, le=1920, multiple_of=4)] = 900
    height: Annotated[int, Field(ge=64, le=1080, multiple_of=4)] = 720
    plays: Annotated[int, Field(ge=1, le=10)] = 2


class Checks(_Table):
    """Questions with a known answer, which show whether a rater looks.

    Attributes:
        gold_treatment: a treatment that nobody takes for the reference; None for no gold questions.
        gold: number of gold questions: the reference beside that treatment in CCR, that treatment alone in ACR.
        same: number of CCR questions that show the reference twice.
        trap: number of trap questions, in which a text over the clip says which answer to give.
        max_failures: a rater who fails more of all these is left out.
    """

    gold_treatment: Name | None = None
    gold: Annotated[int, Field(ge=0, le=20)] = 2
    same: Annotated[int, Field(ge=0, le=20)] = 1
    trap: Annotated[int, Field(ge=0, le=20)] = 1
    max_failures: Annotated[int, Field(ge=0, le=20)] = 1


class Session(_Table):
    """The session of a rater.

    Attributes:
        trials: number of trials without training and checks; None for all. Raters then take turns, so that each
            stimulus gets about the same number of votes.
        pause_every: trials after which the page offers a pause.
        max_raters: number of raters after which nobody else is admitted.
    """

    trials: Annotated[int | None, Field(ge=1, le=500)] = None
    pause_every: Annotated[int, Field(ge=5, le=500)] = 40
    max_raters: Annotated[int, Field(ge=1, le=10_000)] = 200


class Screening(_Table):
    """Who is left out of the scores, besides those who fail `Checks`.

    Attributes:
        vision: whether raters who fail the vision check are left out.
        min_correlation: least Pearson correlation of a rater's votes with the mean of the others; None for 0 in ACR,
            which leaves out who uses the scale the wrong way round, and for no limit in CCR, where most differences may
            be too small to see. Laboratories use 0.75 where all clips differ clearly (P.913 (06/2021), annex A).
        bt500: whether the rejection of BT.500-14, A1-2.3.1, is applied.
    """

    vision: bool = True
    min_correlation: Annotated[float | None, Field(ge=-1, le=1)] = None
    bt500: bool = True


class Wording(_Table):
    """A text in the languages of the page."""

    en: Annotated[str, Field(min_length=1, max_length=4000)]
    de: Annotated[str | None, Field(max_length=4000)] = None


class Study(_Table):
    """A study; see docs/12-opinion-study.md.

    Attributes:
        path: the file that it was read from.
        method: ``ccr``, comparison category rating (P.910, clause 8.3), or ``acr``, absolute category rating with
            hidden reference (clause 8.1).
        folder: of the prepared clips, the votes and the report; a relative path starts at the folder of the file.
        seed: of all random choices.
        consent: what raters agree to.
        lead_in: seconds of the clip that each connection carries before the shown part; 2 for a connection in steady
            state, 0 to show the keyframe and what follows.
    """

    path: Path
    title: Annotated[str, Field(min_length=1, max_length=200)]
    method: Method
    folder: Path = Path("study")
    seed: Annotated[int, Field(ge=0)] = 0
    consent: Wording
    lead_in: Annotated[float, Field(ge=0, le=30)] = 2.0
    display: Display = Display()
    checks: Checks = Checks()
    session: Session = Session()
    screening: Screening = Screening()
    source: Annotated[tuple[Source, ...], Field(min_length=1, max_length=500)]
    treatment: Annotated[tuple[Treatment, ...], Field(min_length=1, max_length=50)]
    comparison: Annotated[tuple[Comparison, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_names("source", [source.name for source in self.source])
        _check_names("treatment", [treatment.name for treatment in self.treatment])
        names = {REFERENCE, *(treatment.name for treatment in self.treatment)}
        if any(treatment.name == REFERENCE for treatment in self.treatment):
            raise ValueError(f"a treatment cannot be named {REFERENCE}: that is the untouched source")
        if (self.method == "ccr") != bool(self.comparison):
            raise ValueError("method ccr needs [[comparison]] tables, and method acr has none")
        for comparison in self.comparison:
            if comparison.baseline == comparison.test or not {comparison.baseline, comparison.test} <= names:
                raise ValueError(
                    f"the comparison of {comparison.test} with {comparison.baseline} needs two different names of "
                    f"{', '.join(sorted(names))}"
                )
        if self.checks.gold_treatment is not None and self.checks.gold_treatment not in names - {REFERENCE}:
            raise ValueError(f"checks.gold_treatment {self.checks.gold_treatment} is not the name of a [[treatment]]")
        if not any(source.training for source in self.source) or all(source.training for source in self.source):
            raise ValueError("mark at least one [[source]] with training = true, and leave at least one for the test")
        for source in self.source:
            if source.start < self.lead_in:
                raise ValueError(f"source {source.name} starts at {source.start:g} s: lead_in is {self.lead_in:g} s")
        return self

    @property
    def scale(self) -> tuple[int, int]:
        """The lowest and the highest vote."""
        return (-3, 3) if self.method == "ccr" else (1, 5)

    @property
    def min_correlation(self) -> float | None:
        """The least correlation of a rater with the others; None for no limit."""
        if self.screening.min_correlation is None and self.method == "acr":
            return 0.0
        return self.screening.min_correlation

    @property
    def digest(self) -> str:
        """Changes with everything that the prepared clips depend on."""
        fields = {"method", "seed", "lead_in", "source", "treatment", "comparison", "checks", "display"}
        exclude = {"display": {"plays"}, "checks": {"same", "trap", "max_failures"}}
        text = self.model_dump_json(include=fields, exclude=exclude)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def located(self, file: Path) -> Path:
        """Return a path of the study file, which may be relative to the file's folder."""
        return self.path.parent / file


def read(path: Path) -> Study:
    """Read a study file.

    Raises:
        StudyError: it cannot be read, or a value is wrong.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise StudyError(f"cannot read the study {path}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} is not a TOML file: {error}") from error
    try:
        return Study.model_validate(values | {"path": path})
    except ValidationError as error:
        raise StudyError("\n".join(_described(path, error))) from error


def _described(path: Path, error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        # Counted from one, as a reader counts the tables.
        where = ".".join(str(part + 1) if isinstance(part, int) else part for part in fault["loc"])
        message = str(fault["ctx"]["error"]) if fault["type"] == "value_error" else fault["msg"]
        lines.append(f"{path}: {where + ': ' if where else ''}{message}")
    return lines


def _check_names(kind: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"each {kind} needs a name of its own; given twice: {', '.join(twice)}")
