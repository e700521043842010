"""Inputs in files: seeds, and all inputs that have revealed a fault."""

import hashlib
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
# Findings of this run. Move them to the corpus under a descriptive name when the fault is repaired.
FOUND = Path(__file__).parents[1] / "output" / "fuzz"


def inputs(door: str) -> dict[str, bytes]:
    """Return the inputs of a door by file name."""
    return {file.stem: file.read_bytes() for file in sorted((CORPUS / door).iterdir())}


def keep(door: str, given: bytes) -> Path:
    """Save an input that revealed a fault; return its path."""
    file = FOUND / door / hashlib.sha256(given).hexdigest()[:12]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(given)
    return file
