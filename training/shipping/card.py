"""The model card of a student: shape, training, export and measured quality."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from acutance.training.checkpoints.provenance import commit, host_info, versions
from acutance.training.evaluation.evaluate import protocol
from acutance.training.evaluation.rows import ALL, Row
from acutance.training.shipping.finished_run import FinishedRun


def make_card(
    name: str,
    model: bytes,
    finished: FinishedRun,
    rows: Sequence[Row],
    metrics: Sequence[str],
    parity: Mapping[str, int],
) -> dict[str, Any]:
    """Make the model card of an exported student, ready for JSON.

    Args:
        name: Name of the student.
        model: Bytes of the ONNX file.
        finished: The run.
        rows: Results of the evaluation.
        metrics: Names of the metrics.
        parity: Largest difference between ONNX Runtime and torch in grey levels, by precision.
    """
    shape, run, state = finished.student.shape, finished.record, finished.state
    kinds = ["luma", *(["hints"] if shape.hinted else []), *(["plate", "difference"] if shape.plate else [])]
    kinds += ["chroma (U and V side by side, each row twice)"] if shape.colour else []
    planes = f"{' and '.join(kinds)}, uint8 [N, {shape.planes}, H, W]"
    return {
        "name": name,
        "shape": shape.name,
        "hinted": shape.hinted,
        "colour": shape.colour,
        "grid": 2,
        "parameters": shape.parameters,
        "mac_per_pixel": shape.macs_per_pixel,
        "sha256": hashlib.sha256(model).hexdigest(),
        "input": f"{planes}{', reduced by 2' * shape.plate}, H and W even, BT.601 limited range as decoders give it",
        "training": {
            "command": run.command,
            "sources": run.sources,
            "fingerprint": run.fingerprint,
            "pictures": {category: len(names) for category, names in run.pictures.items()},
            "validation": len(run.validation),
            "licences": run.licences,
            "skipped": len(run.skipped),
            "recipe": run.recipe,
            "losses": run.recipe.get("losses", {}),
            "teacher": run.teacher or None,
            "perceptual_network": run.perceptual or None,
            "init": run.init or None,
            "precision": run.precision,
            "seed": run.recipe["seed"],
            "checkpoint": finished.checkpoint.value,
            "choice": asdict(finished.choice) if finished.choice else None,
            "steps": state.step,
            "minutes": round(state.seconds / 60, 1),
            "started": run.started,
            "commit": run.commit,
            "host": run.host,
            "versions": run.versions,
        },
        "export": {"commit": commit(), "parity_grey_levels": dict(parity)},
        "quality": {
            "protocol": protocol(metrics),
            "host": host_info(),
            "versions": versions(),
            "date": datetime.now(UTC).date().isoformat(),
            # Without categories: the server reads the card at every start.
            "rows": [_rounded(asdict(row)) for row in rows if row.category == ALL],
        },
    }


def _rounded(value: Any) -> Any:
    """Round all floats to five decimals, more than any table of PSNR or SSIM shows."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 5) if isinstance(value, float) else value
