"""The measures of a video against its reference, by `acutance-train compare` in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from acutance.server.bench.errors import BenchError

# Modules of the `train` extra that the measures need.
_NEEDED = ("torch", "typer", "pycvvdp")
_PROGRAM = "from acutance.training.cli.main import main; main()"


@dataclass(frozen=True)
class Comparison:
    """The measures of one video.

    Attributes:
        figures: by the name of the measure, such as ``jod``.
        protocol: their definitions.
    """

    figures: dict[str, float]
    protocol: str


def require() -> None:
    """Check, before a run, that the measures can be computed.

    Raises:
        BenchError: the `train` extra is missing.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise BenchError(
            f"--judge runs `acutance-train compare`, for which {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing: pip install 'acutance[train]'"
        )


def compare(reference: Path, tests: Sequence[Path]) -> list[Comparison]:
    """Return the measures of videos against their reference.

    Raises:
        BenchError: they cannot be computed.
    """
    arguments = ["compare", *map(str, (reference, *tests)), "--json"]
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        # With two threads on a busy machine JOD took ten times the processor time: they wait for each other.
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = [json.loads(line) for line in done.stdout.splitlines()]
        compared = [Comparison(one["figures"], one["protocol"]) for one in found]
    except (ValueError, KeyError, TypeError):
        compared = []
    if done.returncode or len(compared) != len(tests):
        # Its message is the last line; warnings of torch may be above.
        reason = done.stderr.strip().rpartition("\n")[2] or f"it ended with code {done.returncode}"
        raise BenchError(f"`acutance-train {' '.join(arguments)}` failed: {reason}")
    return compared
