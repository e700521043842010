"""The command line of `acutance cluster`."""

import pytest

from acutance.server.cli import main
from acutance.server.cluster import machine


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACUTANCE_CLUSTER_TOKEN", raising=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo", "--nodes", "99"], "acutance cluster demo: --nodes: "),
        (["join", "10.0.0.1", "--address", "10.0.0.2"], "as ACUTANCE_CLUSTER_TOKEN"),
        (["door", "10.0.0.1"], "as ACUTANCE_CLUSTER_TOKEN"),
        (["head", "--address", "8.8.8.8"], "8.8.8.8 is a public address"),
        (["head", "--host", "0.0.0.0", "--address", "10.0.0.2"], "can be reached from other machines: give a --token"),
        (["head", "--cluster-token", "short"], "acutance cluster head: --cluster-token: "),
        (["status", "--url", "http://127.0.0.1:9"], "does not answer as a door of a cluster does"),
        (["flood"], "unknown command"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "check_installed", lambda: None)
    monkeypatch.setattr(machine, "interface_addresses", list)
    assert main(["cluster", *arguments]) == 2
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 1
    assert message in printed[0]
    assert "short" not in printed[0]


def test_ray_is_optional(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.server.cluster.processes.environment.find_spec", lambda name: None)
    monkeypatch.setattr(machine, "interface_addresses", list)
    assert main(["cluster", "demo", "--nodes", "1"]) == 2
    assert "Ray is missing: install acutance[cluster]" in capsys.readouterr().err


def test_the_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["cluster", "--help"])
    printed = capsys.readouterr().out
    assert "usage: acutance cluster" in printed
    assert all(name in printed for name in ("demo", "head", "join", "door", "status", "drain"))
