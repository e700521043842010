"""Recipes: every setting of a fit, read from TOML and checked."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from model.nets.shape import StudentShape
from training.data import DataError
from training.degrade import Degradation, Mixture

Share = Annotated[float, Field(ge=0, le=1)]
LossName = Literal["charbonnier", "squared", "decibel"]


class RecipeError(Exception):
    """A recipe that cannot be used; the message names the file, the key and what is wrong with it."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StudentSection(_Section):
    """The network, see `StudentShape`."""

    channels: int = Field(ge=1, le=128)
    depth: int = Field(ge=1, le=32)
    hinted: bool
    batch_norm: bool

    @property
    def shape(self) -> StudentShape:
        """The shape that these two numbers name."""
        return StudentShape(self.channels, self.depth, self.hinted)


class PairsSection(_Section):
    """How many pairs are made and of what size, see `training.pairs`."""

    clips: int = Field(ge=1)
    patches: int = Field(ge=1)
    patch: int = Field(ge=16, multiple_of=2)
    frame: tuple[int, int]
    shrink_source: Share

    @model_validator(mode="after")
    def _patch_fits(self) -> Self:
        if min(self.frame) < self.patch or any(side % 2 for side in self.frame):
            raise ValueError(f"frame {list(self.frame)} must be even and at least as large as patch {self.patch}")
        return self


class MixtureSection(_Section):
    """Shares of the kinds of pairs, see `training.degrade.Mixture`."""

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

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        if not 1 <= self.ratio[0] <= self.ratio[1] <= 4:
            raise ValueError("ratio must be a range within 1 to 4")
        if not 0 < self.bits[0] <= self.bits[1]:
            raise ValueError("bits must be a range above 0")
        if self.identity + self.bicubic + self.sharp + self.soft + self.shrunk == 0:
            raise ValueError("at least one share must be above 0")
        return self

    @property
    def mixture(self) -> Mixture:
        """The mixture to draw from."""
        return Mixture(**self.model_dump())


class TrainingSection(_Section):
    """The loop, see `training.trainer`."""

    steps: int = Field(ge=1)
    batch: int = Field(ge=1)
    crop: int = Field(ge=16, multiple_of=2)
    loss: LossName
    optimiser: Literal["adam", "soap"]
    learning_rate: float = Field(gt=0)
    warm_up: int = Field(ge=0)
    ema: float = Field(ge=0, lt=1)
    freeze_norm: Share
    validate_every: int = Field(ge=1)


class ValidationSection(_Section):
    """What is measured during a fit."""

    degradations: tuple[str, ...] = Field(min_length=1)

    @field_validator("degradations")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                Degradation.parse(name)
            except DataError as error:
                raise ValueError(str(error)) from None
        return names


class Recipe(_Section):
    """Every setting of a fit."""

    name: str
    seed: int = Field(ge=0)
    student: StudentSection
    pairs: PairsSection
    mixture: MixtureSection
    training: TrainingSection
    validation: ValidationSection

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.training.crop > self.pairs.patch:
            raise ValueError(f"training.crop {self.training.crop} is larger than pairs.patch {self.pairs.patch}")
        return self


def shipped() -> list[str]:
    """Names of the recipes that come with the program."""
    folder = resources.files("training") / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_recipe(name: str) -> Recipe:
    """Read a recipe by the name of a shipped one or by the path of a TOML file.

    Raises:
        RecipeError: No such recipe, not TOML, or a key that is unknown, missing or out of range.
    """
    if name in shipped():
        text = (resources.files("training") / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise RecipeError(
                f"{name} is neither a readable file nor a shipped recipe ({', '.join(shipped())})"
            ) from None
    try:
        return Recipe.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"recipe {name} is not TOML: {error}") from None
    except ValidationError as error:
        raise RecipeError(f"recipe {name}: " + "; ".join(_in_words(error))) from None


def _in_words(error: ValidationError) -> list[str]:
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
