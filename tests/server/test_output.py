"""The output of `acutance`, where its reader is another program."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

LOG = Path(__file__).parents[2] / "docs" / "benchmarks" / "2026-11-28-memory.jsonl"


@pytest.mark.process
def test_a_reader_that_closes_the_output_early_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "acutance.server.cli", "bench", "report", str(LOG)]
    with os.fdopen(writing, "wb") as output:
        ended = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, timeout=60, check=False)
    assert ended.stderr == b""
    assert ended.returncode == 128 + signal.SIGPIPE
