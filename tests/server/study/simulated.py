"""Raters of known bias and inconsistency, and studies whose clips need not exist."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acutance.server.study.manifest import Manifest, Stimulus, wanted
from acutance.server.study.study_file import Study, read

CCR = """
title = "Weak lines"
method = "ccr"
consent.en = "I take part."

[checks]
gold_treatment = "bad"

[[treatment]]
name = "plain"
bits = 0.02

[[treatment]]
name = "sharpened"
bits = 0.02
student = "nano"

[[treatment]]
name = "bad"
bits = 0.005
reduction = 4

[[comparison]]
baseline = "plain"
test = "sharpened"
"""
ACR = CCR.replace('"ccr"', '"acr"').partition("[[comparison]]")[0]


def study_file(folder: Path, text: str = CCR, sources: int = 2) -> Path:
    """Write a study of some sources and one for training; the clips are missing."""
    names = [*(f"clip-{number:02d}" for number in range(sources)), "practice"]
    tables = [
        f'[[source]]\nname = "{name}"\nclip = "{name}.mp4"\n' + "training = true\n" * (name == "practice")
        for name in names
    ]
    path = folder / "study.toml"
    path.write_text(text + "\n".join(tables))
    return path


def prepared(folder: Path, text: str = CCR, sources: int = 2) -> tuple[Study, Manifest]:
    """Return a study and its manifest, as if its clips had been made."""
    study = read(study_file(folder, text, sources))
    stimuli = [
        Stimulus(**each.model_dump(), key=each.id(study.seed), frames=240, rate=30, psnr=50) for each in wanted(study)
    ]
    display = study.display
    manifest = Manifest(
        digest=study.digest,
        method=study.method,
        width=display.width,
        height=display.height,
        stimuli={each.key: each for each in stimuli},
    )
    (folder / study.folder).mkdir(exist_ok=True)
    return study, manifest


@dataclass(frozen=True)
class Raters:
    """Simulated raters: a vote is the truth plus bias plus noise, rounded to the scale.

    Attributes:
        bias: of each.
        inconsistency: standard deviation of each one's noise.
    """

    bias: NDArray[np.float64]
    inconsistency: NDArray[np.float64]

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int) -> "Raters":
        return cls(rng.normal(0, 0.3, count), rng.uniform(0.5, 1.2, count))

    def vote(self, rng: np.random.Generator, truth: NDArray[np.float64], low: int, high: int) -> NDArray[np.float64]:
        """Return votes, float64 `[stimuli, raters]`, for true scores `[stimuli]`."""
        noise = rng.normal(size=(truth.size, self.bias.size)) * self.inconsistency
        return np.clip(np.rint(truth[:, None] + self.bias + noise), low, high)
