"""Step 11: round trips over WebRTC with several sessions, by `acutance bench stream`."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from acutance.server.gpu_check.steps import Deadline, StepError
from acutance.server.gpu_check.target import Extent

_START_S = 60.0


def round_trips(extent: Extent, deadline: Deadline) -> dict[str, Any]:
    """Measure calls of 1280x720; each must return enhanced frames."""
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for sessions in deadline.while_left(extent.sessions, deadline.left - _START_S):
            log = Path(folder) / f"{sessions}.jsonl"
            options = {"size": "1280x720", "uplink": 1_500_000, "seconds": extent.sessions_s, "sessions": sessions}
            command = [sys.executable, "-m", "acutance.server.cli", "bench", "stream", "--log", str(log)]
            command += [word for name, value in options.items() for word in (f"--{name}", str(value))]
            command += ["--serve", "provider=cuda", "--serve", f"max-sessions={sessions}", "--serve", "admission=false"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=deadline.left, check=False)
            if done.returncode:
                raise StepError(f"bench stream with {sessions} sessions: {done.stderr.strip()[-500:]}")
            figures[f"{sessions} sessions"] = summary(json.loads(log.read_text("utf-8").splitlines()[-1]))
    return figures


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that matter of a report of `acutance bench stream`.

    Raises:
        StepError: the students did not run on the GPU.
    """
    figures, provider = report["figures"], report["server"]["provider"]
    if not str(provider).startswith("CUDA"):
        raise StepError(f"the server runs its students on {provider}: {report['server']['provider_note']}")
    statistics = figures.get("server_statistics", {})
    return {
        "provider": provider,
        **{name: figures.get(name) for name in ("frame_rate", "dropped", "latency_ms", "server_cpus")},
        **{name: statistics.get(name) for name in ("enhanced_share", "student", "encoder", "loop_lag_ms_worst")},
    }
