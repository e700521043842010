"""Ray's ports are kept off the internet, and Ray never runs without a token."""

import json
import stat
from pathlib import Path

import pytest

from acutance.server.cluster.errors import ClusterError
from acutance.server.cluster.node_setup import NodeSetup, cluster_token
from acutance.server.cluster.processes.environment import ray_environment, start_command
from acutance.server.cluster.processes.folder import private_folder
from acutance.server.cluster.safety import check_private, interface_addresses, own_address
from acutance.server.options.server import ServeOptions

TOKEN = "0123456789abcdef" * 2


def test_private_addresses_are_taken() -> None:
    check_private("10.1.2.3", ["127.0.0.1", "10.1.2.3", "fe80::1"], firewalled=False)
    check_private("10.1.2.3", ["10.1.2.3", "8.8.8.8"], firewalled=True)
    check_private(own_address(), [], firewalled=False)
    assert "127.0.0.1" in interface_addresses()


@pytest.mark.parametrize(
    ("address", "interfaces"),
    [("8.8.8.8", ["8.8.8.8"]), ("10.1.2.3", ["10.1.2.3", "8.8.8.8"]), ("10.1.2.3", ["2001:4860::1"]), ("me", [])],
)
def test_public_addresses_are_refused(address: str, interfaces: list[str]) -> None:
    with pytest.raises(ClusterError):
        check_private(address, interfaces, firewalled=False)


def test_a_public_address_of_the_cluster_is_refused_behind_a_firewall_too() -> None:
    with pytest.raises(ClusterError):
        check_private("8.8.8.8", ["8.8.8.8"], firewalled=True)


def test_the_token_is_forced_and_other_settings_may_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_worker_niceness", "3")
    environment = ray_environment(TOKEN)
    assert (environment["RAY_AUTH_MODE"], environment["RAY_AUTH_TOKEN"]) == ("token", TOKEN)
    assert environment["RAY_worker_niceness"] == "3"
    assert cluster_token(environment) == TOKEN


def test_ray_has_no_token_of_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACUTANCE_TOKEN", "acutance_turn_secret", "ACUTANCE_CLUSTER_TOKEN"):
        monkeypatch.setenv(name, "a secret")
    assert "a secret" not in ray_environment(TOKEN).values()


@pytest.mark.parametrize("mode", ["disabled", "", "token"])
def test_a_node_without_a_token_does_not_start(mode: str) -> None:
    with pytest.raises(ClusterError, match="Ray runs without a token"):
        cluster_token({"RAY_AUTH_MODE": mode})


def test_the_token_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert cluster_token({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}) == TOKEN


def test_no_token_is_on_a_command_line() -> None:
    command = start_command("10.0.0.2", "10.0.0.1", 6379, carries=True, folder=Path("/private"))
    assert command[4:6] == ["--address", "10.0.0.1:6379"]
    assert json.loads(command[command.index("--resources") + 1]) == {"acutance": 1}
    assert TOKEN not in command
    assert command[command.index("--temp-dir") + 1] == "/private/ray"


def test_only_this_user_can_open_the_folder_of_ray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    folder = private_folder(tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert private_folder(tmp_path) == folder
    folder.chmod(0o750)
    with pytest.raises(ClusterError, match="other users can open"):
        private_folder(tmp_path)
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(ClusterError, match="other users can open"):
        private_folder(tmp_path)
    monkeypatch.setenv("RAY_TMPDIR", "/chosen")
    assert private_folder(tmp_path) == Path("/chosen")


def test_a_node_gets_the_options_for_sessions_and_no_token_of_clients() -> None:
    options = ServeOptions(
        token=("secret-of-clients",), max_sessions=7, turn=("turn:t.example:3478",), turn_secret="secret-of-turn"
    )
    variables = NodeSetup.of(options, "10.0.0.1").variables()
    assert "secret-of-clients" not in str(variables)
    setup = NodeSetup.of_environment(variables)
    assert (setup.address, setup.options.max_sessions) == ("10.0.0.1", 7)
    assert setup.options.turn_secret is not None
    assert setup.options.turn_secret.get_secret_value() == "secret-of-turn"


def test_a_node_may_be_configured_like_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUTANCE_MAX_SESSIONS", "9")
    assert NodeSetup.of_environment({}).options.max_sessions == 9
