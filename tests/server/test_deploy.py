"""The files of docs/deploy fit the server that they start."""

import re
import shlex
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from server.config import ServeOptions
from server.host import Host
from server.ladder import Ladder
from server.metrics import Metrics
from server.shared import Limits

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "docs" / "deploy"


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text("utf-8"))


def commands() -> dict[str, list[str]]:
    unit = (DEPLOY / "acutance.service").read_text("utf-8")
    started = re.search(r"^ExecStart=\S+ (.+)$", unit, re.MULTILINE)
    assert started
    return {"compose": read("compose.yaml")["services"]["acutance"]["command"], "unit": shlex.split(started[1])}


@pytest.mark.parametrize("where", ["compose", "unit"])
def test_the_server_has_the_options_that_it_is_started_with(where: str) -> None:
    serve, *arguments = commands()[where]
    assert serve == "serve"
    flags = [argument.partition("=")[0] for argument in arguments if argument.startswith("--")]
    known = {"--" + name.replace("_", "-") for name in ServeOptions.model_fields}
    assert len(flags) >= 4
    assert set(flags) <= known


def test_alerts_and_the_documented_metrics_are_there(ladder: Ladder) -> None:
    host = Host(ladder, Limits(), 4, admission=False)
    refusals = Counter({"full": 1})
    served = set(re.findall(r"^# TYPE (\S+)", Metrics(host, refusals).text().decode(), re.MULTILINE))
    used = set(re.findall(r"\bacutance_\w+", (DEPLOY / "alerts.yaml").read_text("utf-8")))
    assert used
    assert {name.removesuffix("_bucket") for name in used} <= served
    for rule in read("alerts.yaml")["groups"][0]["rules"]:
        assert rule.keys() == {"alert", "expr", "for", "annotations"}


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.cuda"])
def test_images_are_not_root_and_say_how_they_are(name: str) -> None:
    last = (ROOT / name).read_text("utf-8").rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert "HEALTHCHECK" in last


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_the_lock_has_what_the_project_needs(kind: str) -> None:
    lock = dict(
        re.findall(r"^([\w.-]+)==(\S+)", (DEPLOY / f"requirements-{kind}.txt").read_text("utf-8"), re.MULTILINE)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [Requirement(line) for line in project["dependencies"]]
    for one in needed:
        # Which of the two builds of ONNX Runtime it is differs by image.
        name = "onnxruntime" if kind == "cpu" and one.name.startswith("onnxruntime") else one.name
        if one.name == "onnxruntime" and kind == "cuda":
            continue
        assert name in lock, "make lock"
        assert one.specifier.contains(lock[name]), f"{name}: make lock"
