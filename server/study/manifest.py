"""The prepared clips of a study: study/manifest.json, written by `prepare`, read by `serve` and `report`."""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from acutance.server.study.errors import StudyError
from acutance.server.study.study_file import REFERENCE, Method, Study

_FILE = "manifest.json"
GAP = 16
"""Rows of grey between the two clips of a pair in its file, so that neither's edge blocks or chroma reach the other."""

type Role = Literal["test", "gold", "same", "training"]


class Wanted(BaseModel):
    """A stimulus that a study needs.

    Attributes:
        role: ``test`` is voted on; ``gold`` and ``same`` are checks; ``training`` comes first and does not count.
        source: name of the source clip.
        baseline: treatment of the upper clip in the file, the one that the other is compared with; None in ACR.
        test: treatment of the lower clip of a pair, or of the only clip.
        expected: lowest and highest vote of a rater who looks; None if there is no right answer.
    """

    model_config = ConfigDict(frozen=True)

    role: Role
    source: str
    baseline: str | None
    test: str
    expected: tuple[int, int] | None = None

    def id(self, seed: int) -> str:
        """Return an identifier that does not show a rater which treatment the clip had."""
        text = f"{seed}/{self.role}/{self.source}/{self.baseline}/{self.test}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"{self.source}: {self.test}" + (f" against {self.baseline}" if self.baseline else "")


class Stimulus(Wanted):
    """A prepared stimulus.

    Attributes:
        key: its identifier; the file is KEY.mp4.
        frames: number of frames.
        rate: frames per second.
        psnr: of the stored luma against the frames that it stands for, in dB; the lowest frame.
    """

    key: str
    frames: int
    rate: float
    psnr: float

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.key}.mp4"


class Manifest(BaseModel):
    """The prepared clips.

    Attributes:
        digest: `Study.digest` of the study that they were made for.
        method: of that study.
        width: of one clip, in pixels.
        height: of one clip, in pixels.
        stimuli: by key.
    """

    digest: str
    method: Method
    width: int
    height: int
    stimuli: dict[str, Stimulus]

    def of(self, *roles: Role) -> list[Stimulus]:
        """Return the stimuli with one of these roles."""
        return [stimulus for stimulus in self.stimuli.values() if stimulus.role in roles]


def wanted(study: Study) -> list[Wanted]:
    """Return the stimuli that a study needs, those of one source together."""
    pairs = study.method == "ccr"
    gold = study.checks.gold_treatment
    tested = [source.name for source in study.source if not source.training]
    with_gold, with_same = tested[: study.checks.gold], tested[: study.checks.same]
    stimuli: list[Wanted] = []
    for source in study.source:
        name = source.name
        role: Role = "training" if source.training else "test"
        compared = _pairs(study) if pairs else _singles(study)
        stimuli += [Wanted(role=role, source=name, baseline=baseline, test=test) for baseline, test in compared]
        if gold is not None and (source.training or name in with_gold):
            clear: Role = "training" if source.training else "gold"
            if pairs:
                stimuli.append(Wanted(role=clear, source=name, baseline=gold, test=REFERENCE, expected=(1, 3)))
            else:
                stimuli.append(Wanted(role=clear, source=name, baseline=None, test=gold, expected=(1, 2)))
        if pairs and name in with_same:
            stimuli.append(Wanted(role="same", source=name, baseline=REFERENCE, test=REFERENCE, expected=(-1, 1)))
    return stimuli


def _pairs(study: Study) -> list[tuple[str | None, str]]:
    return [(comparison.baseline, comparison.test) for comparison in study.comparison]


def _singles(study: Study) -> list[tuple[str | None, str]]:
    treatments = [treatment.name for treatment in study.treatment if treatment.name != study.checks.gold_treatment]
    return [(None, name) for name in (REFERENCE, *treatments)]


def save(study: Study, manifest: Manifest) -> Path:
    """Write the manifest beside the clips and return its path.

    Raises:
        StudyError: it cannot be written.
    """
    path = study.located(study.folder) / _FILE
    try:
        path.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    except OSError as error:
        raise StudyError(f"cannot write {path}: {error.strerror or error}") from error
    return path


def load(study: Study) -> Manifest:
    """Read the manifest of a study.

    Raises:
        StudyError: the clips were not prepared, or for another version of the study file.
    """
    path = study.located(study.folder) / _FILE
    try:
        manifest = Manifest.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError:
        raise StudyError(f"{path} is missing: run `acutance study prepare {study.path}` first") from None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise StudyError(f"cannot read {path}: {error}") from error
    if manifest.digest != study.digest:
        raise StudyError(
            f"the clips in {path.parent} were made for another version of {study.path}: run "
            f"`acutance study prepare {study.path}` again, with another `folder` to keep the votes given so far"
        )
    return manifest
