"""The model card: what a student is, what it was made of, and what was measured."""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from model.nets.shape import StudentShape
from training.checkpoint import State
from training.evaluate import PROTOCOL, Row
from training.run_record import RunRecord, commit, machine, versions

CATALOG = "CATALOG.tsv"
_CLASSES = {
    "A": "public domain or CC0",
    "B": "attribution or permissive",
    "C": "CC-BY-SA or GPL",
    "P": "Unsplash or Pexels licence",
    "D": "none stated",
}
_UNKNOWN = "not catalogued"


def licence_classes(pictures: Iterable[Path], sources: Iterable[Path]) -> dict[str, int]:
    """Count pictures by licence class, as a `CATALOG.tsv` in or above their source says.

    The catalogue is a table with the columns `path`, relative to its own folder, and `class`.
    """
    classes: dict[Path, str] = {}
    for source in sources:
        for folder in (source.resolve(), *source.resolve().parents[:2]):
            if (folder / CATALOG).is_file():
                with (folder / CATALOG).open(encoding="utf-8", newline="") as file:
                    for line in csv.DictReader(file, delimiter="\t"):
                        classes[folder / line["path"]] = line["class"]
                break
    letters = Counter(classes.get(picture.resolve(), _UNKNOWN) for picture in pictures)
    return {_CLASSES.get(letter, letter): count for letter, count in sorted(letters.items())}


def make_card(
    model: bytes, shape: StudentShape, run: RunRecord, state: State, chosen: str, rows: Sequence[Row], parity: int
) -> dict[str, Any]:
    """Write down everything about an exported student.

    Args:
        model: The ONNX file's bytes.
        shape: The student's shape.
        run: What the run was made of.
        state: Where the run was when the exported checkpoint was written.
        chosen: Which checkpoint it is.
        rows: What was measured.
        parity: Grey levels by which ONNX Runtime and torch differ.
    """
    paths = [Path(path) for paths in run.pictures.values() for path in paths]
    return {
        "name": shape.name,
        "grid": 2,
        "parameters": shape.parameters,
        "mac_per_pixel": shape.macs_per_pixel,
        "sha256": hashlib.sha256(model).hexdigest(),
        "input": "luma, uint8 [N, 1, H, W], H and W even, BT.601 limited range as decoders give it",
        "training": {
            "sources": run.sources,
            "pictures": {name: len(paths) for name, paths in run.pictures.items()},
            "licences": licence_classes(paths, [Path(source) for source in run.sources]),
            "skipped": run.skipped,
            "validation": run.validation,
            "recipe": run.recipe,
            "seed": run.recipe["seed"],
            "checkpoint": chosen,
            "steps": state.step,
            "minutes": round(state.seconds / 60, 1),
            "started": run.started,
            "commit": run.commit,
            "machine": run.machine,
            "versions": run.versions,
        },
        "export": {"commit": commit(), "parity_grey_levels": parity},
        "quality": {
            "protocol": PROTOCOL,
            "machine": machine(),
            "versions": versions(),
            "date": datetime.now(UTC).date().isoformat(),
            "rows": [asdict(row) for row in rows],
        },
    }
