"""`acutance doctor` as a person or a script runs it."""

import json
import socket
from pathlib import Path

import pytest

from acutance.server.cli import main
from acutance.server.security.self_signed import self_signed
from acutance.server.sessions.capacity import Capacity


def _ask(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, tuple[str, str]]]:
    try:
        code = main(["doctor", "--json", "--student", "nano", *options])
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = json.loads(capsys.readouterr().out)
    assert said["works"] is (code == 0)
    return code, {one["what"]: (one["state"], one["said"]) for one in said["findings"]}


def test_it_says_what_this_machine_will_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    self_signed(tmp_path)
    tls = ("--tls-cert", str(tmp_path / "certificate.pem"), "--tls-key", str(tmp_path / "key.pem"))
    code, findings = _ask(capsys, "--port", "0", "--host", "0.0.0.0", "--token", "correct-horse-battery", *tls)
    assert code == 0
    assert set(findings) == {"machine", "who may", "TLS", "ports", "students", "encoder", "capacity"}
    assert findings["who may"] == ("ok", "1 token(s)")
    assert "valid for 36" in findings["TLS"][1]
    assert "nano" in findings["students"][1]
    assert "passed through" in findings["capacity"][1]


@pytest.mark.parametrize(
    ("options", "what", "said"),
    [
        (("--host", "0.0.0.0"), "who may", "can be reached from other machines"),
        (("--token", "short"), "who may", "at least 16 characters"),
        (("--tls-cert", "nowhere.pem", "--tls-key", "nowhere.pem"), "TLS", "cannot be used"),
        (("--student", "mine.onnx"), "students", "no student"),
    ],
)
def test_what_would_fail_is_said_and_the_exit_code_says_so(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], what: str, said: str
) -> None:
    code, findings = _ask(capsys, "--port", "0", *options)
    assert code == 1
    state, words = findings[what]
    assert state == "fails"
    assert said in words


def test_a_port_in_use_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, findings = _ask(capsys, "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert findings["ports"][0] == "fails"


def test_sessions_follow_from_what_a_frame_costs() -> None:
    # 6.5 ms of codecs and 3.5 ms of the loop: 0.3 processors a call; with 20 ms of student 0.9.
    measured = Capacity(cpus=4, codec=0.0065, students={"nano": 0.02, "pass-through": 0.0})
    assert measured.sessions("nano") == 4
    assert measured.most == 12
