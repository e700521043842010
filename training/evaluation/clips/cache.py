"""Results of each clip, setting and method on disk, so that an interrupted judgement continues where it ended."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib import metadata
from pathlib import Path

from acutance.model.engine import catalog
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.clips.settings import ClipPlan
from acutance.training.evaluation.methods.methods import Choice
from acutance.training.evaluation.testsets import program

Found = dict[str, float | None]
"""Figures by the name of a measure; None for one that the clip does not allow."""
_TRAINING = Path(__file__).parents[2]
_SOURCES = (
    *(_TRAINING / "judge" / f"{name}.py" for name in ("flicker", "jod", "judge", "vdp", "video")),
    *(_TRAINING / "metrics" / f"{name}.py" for name in ("libvmaf", "psnr_ssim")),
    *(_TRAINING / "evaluation" / "methods" / f"{name}.py" for name in ("foreign", "linear", "networks", "unsharp")),
    _TRAINING / "degradation" / "calls.py",
)
"""What figures depend on, besides what `acutance.training.evaluation.testsets.program` covers."""
_PACKAGES = ("av", "cvvdp", "numpy", "scikit-image", "torch")


class FigureCache:
    """Figures in a folder, a JSON file for each clip, setting and method; read again only if nothing has changed.

    The name of a file is a fingerprint of all that the figures depend on: the clip, the setting, the weights, the
    options of the measures, the program and its libraries.
    """

    def __init__(self, plan: ClipPlan) -> None:
        self._plan = plan

    @staticmethod
    def read(file: Path) -> Found:
        """The stored figures; empty if there are none."""
        try:
            found: Found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    @staticmethod
    def write(file: Path, figures: Mapping[str, float | None]) -> None:
        """Store figures, atomically."""
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(figures), encoding="utf-8")
        unfinished.replace(file)

    def file(self, clip: Path, size: str, how: Degradation, judged: range, method: Choice) -> Path:
        """The file of the figures of one method.

        Args:
            clip: The clip.
            size: `native` or `halved`.
            how: The degradation.
            judged: The judged frames.
            method: The method.
        """
        stat = clip.stat()
        parts = [str(clip.resolve()), stat.st_size, stat.st_mtime_ns, size, how, judged, asdict(self._plan.options)]
        parts += [method.kind, *self._weights(method, how), _program()]
        return self._plan.cache / f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}.json"

    def _weights(self, method: Choice, how: Degradation) -> list[str]:
        """Hashes of the files that a method reads: its weights, its specialist, or its linear filter."""
        if method.kind == "linear" and self._plan.filters is not None:
            return [_hash(self._plan.filters / f"{how.name}.npy")]
        if method.file is None:
            return []
        enlarged = method.kind == "student" and how.shrunk  # the specialist gets no frame of full size
        special = catalog.specialist(catalog.find(method.file)) if enlarged else None
        return [_hash(method.file), *([_hash(special.file)] if special else [])]


@cache
def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@cache
def _program() -> str:
    digest = hashlib.sha256(program().encode())
    for source in _SOURCES:
        digest.update(source.read_bytes())
    for package in _PACKAGES:
        digest.update(metadata.version(package).encode())
    return digest.hexdigest()
