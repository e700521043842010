"""A real Prometheus with the files of docs/deploy scrapes `acutance serve`."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acutance.server.bench.server import acutance, free_port

DEPLOY = Path(__file__).parents[2] / "docs" / "deploy"
TOKEN = "9f2c1d7e4b8a6035"

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no Prometheus here (Debian: prometheus)"),
]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    folder = tmp_path_factory.mktemp("prometheus")
    token = folder / "token"
    token.write_text(TOKEN)
    with acutance([f"token-file={token}", "student=nano"]) as server:
        config = (DEPLOY / "prometheus.yaml").read_text("utf-8")
        config = config.replace("/run/secrets/token", str(token)).replace("127.0.0.1:8080", server.url[7:])
        (folder / "prometheus.yaml").write_text(re.sub(r"_interval: 10s", "_interval: 1s", config))
        shutil.copy(DEPLOY / "alerts.yaml", folder)
        address = f"127.0.0.1:{free_port()}"
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
                "--log.level=error",
            ]
        )

        def ask(path: str, **query: str) -> Any:
            with urllib.request.urlopen(f"http://{address}/api/v1/{path}?{urllib.parse.urlencode(query)}") as response:
                return json.load(response)["data"]

        try:
            _until(lambda: ask("query", query='up{job="acutance"} == 1')["result"])
            yield ask
        finally:
            process.terminate()
            process.wait(20)


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if true():
                return
        except OSError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_server_is_scraped_with_its_token(ask: Callable[..., Any]) -> None:
    _until(lambda: ask("query", query="acutance_sessions_limit")["result"])
    (limit,) = ask("query", query="acutance_sessions_limit")["result"]
    assert limit["metric"]["job"] == "acutance"
    assert limit["value"][1] == "4"


def test_every_alert_is_loaded_and_none_of_an_idle_server_fires(ask: Callable[..., Any]) -> None:
    _until(lambda: all(rule["health"] == "ok" for rule in ask("rules")["groups"][0]["rules"]))
    rules = ask("rules")["groups"][0]["rules"]
    assert {rule["name"] for rule in rules} >= {"AcutanceDown", "AcutanceFramesLate", "AcutanceStudentHangs"}
    assert {rule["state"] for rule in rules} == {"inactive"}


def test_every_expression_of_the_dashboard_is_answered(ask: Callable[..., Any]) -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "acutance.json").read_text("utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(expressions) > 15

    def silent() -> set[str]:
        metrics = set()
        for expression in expressions:
            query = expression.replace("$__rate_interval", "1m").replace('"$instance"', '".*"')
            if not ask("query", query=query)["result"]:
                metrics.add(re.findall(r"acutance_\w+", expression)[0])
        return metrics

    # Series that an idle server does not have: refusals and encoders.
    _until(lambda: silent() <= {"acutance_refusals_total", "acutance_encoders"})
