"""Inputs in files: seeds, and every one that ever found a fault."""

import hashlib
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
# Of this run; what is worth keeping is moved to the corpus under a name that says what it is.
FOUND = Path(__file__).parents[1] / "output" / "fuzz"


def inputs(door: str) -> dict[str, bytes]:
    """Return the files of a door by name."""
    return {file.stem: file.read_bytes() for file in sorted((CORPUS / door).iterdir())}


def keep(door: str, given: bytes) -> Path:
    """Write down an input that found a fault; return where."""
    file = FOUND / door / hashlib.sha256(given).hexdigest()[:12]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(given)
    return file
