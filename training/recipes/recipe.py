"""Recipes: every setting of a run, read from TOML, overridden from the command line, and checked."""

import copy
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from acutance.model.hints import REDUCTIONS
from acutance.model.nets.shape import StudentShape, TeacherShape
from acutance.training.data.pictures import DataError
from acutance.training.degradation.degrade import Mixture
from acutance.training.recipes.sections import (
    LossesSection,
    PlateSection,
    Section,
    Share,
    StudentSection,
    TeacherSection,
    TrainingSection,
    ValidationSection,
)

_LEAST_INSIDE = 16
"""Pixels that the side of a crop must have without the border of the network."""


class RecipeError(DataError):
    """A recipe is invalid; the message names the recipe, the key and the problem."""


class PairsSection(Section):
    """Number and size of the pairs, see `acutance.training.pairs.pairs`.

    Attributes:
        clips: Number of short clips that are degraded.
        patches: Number of pairs that are cut from the frames of each clip.
        patch: Side of a pair in pixels.
        frame: Largest width and height of the frames of a clip in pixels.
        shrink_source: Share of clips with a source that is first reduced, by up to 2: other content, equally crisp.
        moving: Share of clips from real video; the rest are pans over pictures.
        native: Share of those pans with frames of up to 1280x720 instead of `frame`, and a source that is not reduced.
        layered: Share of those pans in which a part of another picture moves in front, see
            `acutance.training.data.layers`.
        neighbours: Number of decoded frames before each pair that are kept, and as many after it, for a privileged
            teacher: each frame takes half of the disk space of the pairs.
    """

    clips: int = Field(ge=1)
    patches: int = Field(ge=1)
    patch: int = Field(ge=16, multiple_of=2)
    frame: tuple[int, int]
    shrink_source: Share
    moving: Share
    native: Share = 0.0
    layered: Share = 0.0
    neighbours: int = Field(default=0, ge=0, le=3)

    @model_validator(mode="after")
    def _patch_fits(self) -> Self:
        if min(self.frame) < self.patch or any(side % 2 for side in self.frame):
            raise ValueError(f"frame {list(self.frame)} must be even and at least as large as patch {self.patch}")
        return self


class MixtureSection(Section):
    """Shares of the kinds of pairs, see `acutance.training.degradation.degrade.Mixture`."""

    identity: Share
    bicubic: Share
    sharp: Share
    soft: Share
    shrunk: Share
    ratio: tuple[float, float]
    bits: tuple[float, float]
    h264: Share
    blur: Share
    noise: Share
    reduction: tuple[float, float] = REDUCTIONS

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        for name in ("ratio", "reduction"):
            least, most = getattr(self, name)
            if not 1 <= least <= most <= REDUCTIONS[1]:
                raise ValueError(f"{name} must be a range within 1 to {REDUCTIONS[1]:g}")
        if not 0 < self.bits[0] <= self.bits[1]:
            raise ValueError("bits must be a range above 0")
        if self.identity + self.bicubic + self.sharp + self.soft + self.shrunk == 0:
            raise ValueError("at least one share must be above 0")
        return self

    @property
    def mixture(self) -> Mixture:
        """The mixture to draw from."""
        return Mixture(**self.model_dump())


class Recipe(Section):
    """Every setting of a run.

    Attributes:
        name: Name of the recipe.
        seed: Seed of the pairs.
        student: The network, in a recipe for `distil`.
        teacher: The network, in a recipe for `teacher`.
        pairs: Number and size of the pairs.
        mixture: Shares of the kinds of pairs.
        plate: Plates of the pairs, for a student that takes one.
        training: Settings of the training loop.
        losses: The losses and their weights.
        validation: Settings of the validation.
    """

    name: str
    seed: int = Field(ge=0)
    student: StudentSection | None = None
    teacher: TeacherSection | None = None
    pairs: PairsSection
    mixture: MixtureSection
    plate: PlateSection | None = None
    training: TrainingSection
    losses: LossesSection
    validation: ValidationSection

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.student is None) == (self.teacher is None):
            raise ValueError("a recipe has either a [student] or a [teacher]")
        if self.student is not None and self.student.plate and self.plate is None:
            raise ValueError("a student that takes a plate needs pairs with plates: add the table [plate]")
        if self.student is not None and bool(self.losses.chroma.weight) != self.student.colour:
            raise ValueError("a student with colour, and no other one, needs a weight of losses.chroma")
        if self.teacher is not None and self.teacher.neighbours > self.pairs.neighbours:
            seen = self.teacher.neighbours
            raise ValueError(f"the teacher sees {seen} frames before and {seen} after: set pairs.neighbours")
        crop, border = self.training.crop, self.shape.border
        if crop > self.pairs.patch:
            raise ValueError(f"training.crop {crop} is larger than pairs.patch {self.pairs.patch}")
        if crop < 2 * border + _LEAST_INSIDE:
            raise ValueError(
                f"training.crop {crop} is too small: the padding of {self.shape.name} reaches {border} px inwards, so "
                f"at least {2 * border + _LEAST_INSIDE} are needed"
            )
        if self.teacher is not None and self.losses.teacher_needed:
            raise ValueError("a teacher is trained without losses that need a teacher")
        return self

    @property
    def colour(self) -> bool:
        """Whether pairs have chroma: the student corrects it."""
        return self.student is not None and self.student.colour

    @property
    def shape(self) -> StudentShape | TeacherShape:
        """The shape of the network that is trained."""
        section = self.student or self.teacher
        assert section is not None
        return section.shape


def shipped() -> list[str]:
    """Names of the shipped recipes, sorted."""
    folder = resources.files("acutance.training.recipes")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_recipe(name: str, overrides: Sequence[str] = (), steps: int | None = None) -> Recipe:
    """Read a shipped recipe by its name, or a TOML file by its path.

    A recipe with `like = "call_small"` takes missing values from that recipe.

    Args:
        name: Name of a shipped recipe, or path of a TOML file.
        overrides: `section.key=value`, with a value in TOML syntax; text needs no quotes.
        steps: Length of the run, instead of the recipe's steps or epochs.

    Raises:
        RecipeError: The recipe does not exist, is not TOML or is like itself, or a key is unknown, missing or out of
            range.
    """
    tables = override(_read(name), overrides)
    if steps is not None and isinstance(tables.get("training"), dict):
        tables["training"].pop("epochs", None)
        tables["training"]["steps"] = steps
    return check_recipe(tables, name)


def _read(name: str, followers: tuple[str, ...] = ()) -> dict[str, Any]:
    """The tables of a recipe, merged over those of the recipe that it is `like`."""
    if name in followers:
        raise RecipeError(f"recipe {name} is like itself: {' is like '.join([*followers, name])}")
    if name in shipped():
        text = (resources.files("acutance.training.recipes") / f"{name}.toml").read_text(encoding="utf-8")
    else:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise RecipeError(
                f"{name} is neither a readable file nor a shipped recipe ({', '.join(shipped())})"
            ) from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"recipe {name} is not TOML: {error}") from None
    other = tables.pop("like", None)
    if other is None:
        return tables
    if not isinstance(other, str):
        raise RecipeError(f"recipe {name}: like names another recipe, in quotes")
    return _merged(_read(other, (*followers, name)), tables)


def _merged(tables: dict[str, Any], on_top: dict[str, Any]) -> dict[str, Any]:
    """Merge nested tables; values of `on_top` take precedence."""
    merged = dict(tables)
    for key, value in on_top.items():
        below = tables.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def check_recipe(tables: dict[str, Any], name: str) -> Recipe:
    """Check the tables of a recipe; `name` is for the error message.

    Raises:
        RecipeError: A key is unknown, missing or out of range.
    """
    try:
        return Recipe.model_validate(tables)
    except ValidationError as error:
        raise RecipeError(f"recipe {name}: " + "; ".join(_messages(error))) from None


def override(tables: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Return the tables of a recipe with changed values.

    Args:
        tables: The tables, not changed.
        changes: `section.key=value`, with a value in TOML syntax; text needs no quotes.

    Raises:
        RecipeError: A change has no value, or sets a key of a value.
    """
    changed = copy.deepcopy(tables)
    for change in changes:
        key, equals, text = change.partition("=")
        *path, last = key.strip().split(".")
        if not equals or not last:
            raise RecipeError(f"{change!r} sets nothing: write --set section.key=value")
        try:
            value = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text.strip()
        table = changed
        for part in path:
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise RecipeError(f"{change!r} cannot be set: {part} is a value, not a table")
        table[last] = value
    return changed


def _messages(error: ValidationError) -> list[str]:
    words = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"]) or "recipe"
        match problem["type"]:
            case "extra_forbidden":
                words.append(f"unknown key {key}")
            case "missing":
                words.append(f"key {key} is missing")
            case _:
                words.append(f"{key}: {problem['msg'].removeprefix('Value error, ')}")
    return words
