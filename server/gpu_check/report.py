"""The report of a check, as JSON and Markdown."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from acutance.server.gpu_check.steps import Result, State
from acutance.server.markdown import table

SEND = "Please send both files and the output of `nvidia-smi` to the project, as an issue."


def as_json(host: dict[str, str], results: Sequence[Result]) -> str:
    """Return the report as one JSON object.

    Args:
        host: see `acutance.server.telemetry.host_info.describe`.
        results: of the steps that ran.
    """
    report = {"benchmark": "gpu", "host": host, "passed": passed(results), "steps": [asdict(one) for one in results]}
    return json.dumps(report, indent=1) + "\n"


def passed(results: Sequence[Result]) -> bool:
    """Return whether no step failed."""
    return all(one.state is not State.FAILED for one in results)


def as_markdown(host: dict[str, str], results: Sequence[Result]) -> str:
    """Return the report as a page; the arguments are those of `as_json`."""
    rows = [(one.number, one.name, one.state.value, one.seconds, one.message or _short(one.figures)) for one in results]
    parts = [
        "# Check of a GPU",
        f"`make gpu` on {host['date']}: {'passed' if passed(results) else 'FAILED'}.",
        table(("step", "what", "result", "seconds", "figures"), rows),
        table(("host", ""), [(name, value) for name, value in host.items() if name != "date"]),
    ]
    traces = [one.trace for one in results if one.trace]
    parts += [f"```\n{trace.strip()}\n```" for trace in traces]
    return "\n\n".join(parts) + "\n"


def _short(figures: dict[str, Any]) -> str:
    return "; ".join(f"{name} {_value(value)}" for name, value in figures.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + _short(value) + ")"
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    return str(value)
