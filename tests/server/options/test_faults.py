"""Wrong options are reported by command and option; the value of a secret is never printed."""

from pathlib import Path

import pytest

from acutance.server.cli import main

SECRET = "hunter2 is secret"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    written = capsys.readouterr()
    assert written.out == ""
    return written.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--turn-password", SECRET),
        ("serve", f"--turn-password={SECRET}"),
        ("serve", "--turn", "turn:t", "--turn-secret", SECRET, "--port", "no"),
        ("serve", "--token", SECRET),
        ("serve", "--token", f"anna:{SECRET}", "--open"),
        ("serve", "--token", f"[[{SECRET}"),
        ("serve", "--forward-token", SECRET),
        ("serve", "--forward-whip", f"ftp://sfu.example/{SECRET}"),
        ("serve", "--forward-token", SECRET, "--forward-whip", f"ftp://sfu.example/{SECRET}"),
        ("serve", "--tokn", SECRET),
        ("serve", f"--turn-pasword={SECRET}"),
        ("serve", SECRET),
        ("--token", SECRET, "serve"),
        (SECRET,),
        ("serve", "--tokn", "-hunter2"),
        ("bench", SECRET),
        ("doctor", "--turn-password", SECRET),
        ("peer", "--token", SECRET, "--rate", "0"),
        ("peer", "--tokn", SECRET),
        ("bench", "stream", "--tokn", SECRET),
        ("bench", "stream", "--serve", f"tokn={SECRET}"),
        ("bench", "stream", "--serve", SECRET),
    ],
)
def test_a_refused_secret_is_not_printed(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    printed = _complaint(capsys, *arguments)
    assert SECRET not in printed
    assert "hunter2" not in printed
    assert printed.startswith("acutance")


@pytest.mark.parametrize("name", ["turn_password", "turn_pasword"])
def test_a_secret_of_the_file_is_not_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    (tmp_path / "acutance.toml").write_text(f'{name} = "{SECRET}"\n')
    printed = _complaint(capsys, "serve")
    assert name.replace("_", "-") in printed
    assert "hunter2" not in printed


def test_a_secret_of_the_environment_is_not_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACUTANCE_TURN_PASSWORD", SECRET)
    printed = _complaint(capsys, "serve")
    assert "--turn-password: must not contain blanks" in printed
    assert "hunter2" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("serve", "--port", "99999"),
            "acutance serve: --port: Input should be less than or equal to 65535 (got '99999')",
        ),
        (("doctor", "--max-sessions", "0"), "acutance doctor: --max-sessions: Input should be greater"),
        (("peer", "--pairs-every", "0"), "acutance peer: --pairs-every: Input should be greater"),
        (
            ("bench", "viewers", "--seconds", "many"),
            "acutance bench viewers: --seconds: Input should be a valid integer",
        ),
        (("serve", "--stun", "a.example"), "acutance serve: --stun: must have the form stun:"),
        (("serve", "--tls-cert", "a.pem"), "acutance serve: --tls-cert and --tls-key are needed together"),
        (("serve", "--tokn", "x"), "acutance: unrecognized arguments: --tokn; --help lists the options"),
        (("serve", "--port"), "acutance: argument --port: expected one argument"),
        (("serve", "--stun", "x" * 1000), "…)"),
    ],
)
def test_a_wrong_option_is_named_with_its_command(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    printed = _complaint(capsys, *arguments)
    assert message in printed
    assert len(printed) < 300
