"""`acutance doctor`, with its JSON output."""

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acutance.model.engine import providers
from acutance.server import doctor
from acutance.server.cli import main
from acutance.server.gpu_check.steps import Deadline, Step, StepError
from acutance.server.security.self_signed import self_signed
from acutance.server.sessions import capacity
from acutance.server.sessions.capacity import Capacity


def _ask(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, tuple[str, str]]]:
    try:
        code = main(["doctor", "--json", "--student", "nano", *options])
    except SystemExit as ended:
        code = int(ended.code or 0)
    report = json.loads(capsys.readouterr().out)
    assert report["works"] is (code == 0)
    return code, {one["subject"]: (one["state"], one["message"]) for one in report["findings"]}


@pytest.fixture
def known_capacity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the measurement, which takes half a second, for tests of other checks."""
    known = Capacity(cpus=4, codec=0.0065, students={"nano": 0.02, "pass-through": 0.0})
    monkeypatch.setattr(capacity, "measure", lambda *_: known)


def test_every_check_is_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    self_signed(tmp_path)
    tls = ("--tls-cert", str(tmp_path / "certificate.pem"), "--tls-key", str(tmp_path / "key.pem"))
    code, findings = _ask(
        capsys, "--port", "0", "--host", "0.0.0.0", "--token", "correct-horse-battery", "--learn", *tls
    )
    assert code == 0
    assert set(findings) == {"host", "access", "TLS", "ports", "learning", "students", "memory", "encoder", "capacity"}
    assert findings["learning"][0] == "ok"
    assert findings["memory"][0] == "ok"
    assert findings["access"] == ("ok", "1 token(s)")
    assert "valid for 36" in findings["TLS"][1]
    assert "nano" in findings["students"][1]
    assert "unenhanced" in findings["capacity"][1]


@pytest.mark.usefixtures("known_capacity")
@pytest.mark.parametrize(
    ("options", "subject", "message"),
    [
        (("--host", "0.0.0.0"), "access", "can be reached from other machines"),
        (("--token", "short"), "access", "at least 16 characters"),
        (("--tls-cert", "nowhere.pem", "--tls-key", "nowhere.pem"), "TLS", "cannot be used"),
        (("--student", "mine.onnx"), "students", "no student"),
        (("--learn", "--learn-python", "/bin/false"), "learning", "install acutance[train] there"),
    ],
)
def test_a_failed_check_is_reported_and_sets_the_exit_code(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], subject: str, message: str
) -> None:
    code, findings = _ask(capsys, "--provider", "cpu", "--port", "0", *options)
    assert code == 1
    state, printed = findings[subject]
    assert state == "fails"
    assert message in printed


@pytest.mark.usefixtures("known_capacity")
def test_a_port_in_use_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, findings = _ask(capsys, "--provider", "cpu", "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert findings["ports"][0] == "fails"


def test_the_number_of_sessions_follows_from_the_cost_of_a_frame() -> None:
    # 6.5 ms of codecs and 3.5 ms of the loop: 0.3 processors a call; with 20 ms of student 0.9.
    measured = Capacity(cpus=4, codec=0.0065, students={"nano": 0.02, "pass-through": 0.0})
    assert measured.sessions("nano") == 4
    assert measured.maximum == 8


def test_one_event_loop_serves_eight_calls_whatever_computes_the_students() -> None:
    """3.5 ms a frame of 1280x720, at 30 frames/s and with a tenth in reserve."""
    measured = Capacity(cpus=64, codec=0.004, students={"base": 1e-5, "pass-through": 0.0}, device={"base": 0.0005})
    assert measured.sessions("base") == measured.maximum == 8
    assert measured.limited_by("base") == "event loop"
    assert replace(measured, workers=4).maximum == 34, "each worker has an event loop"


def test_the_time_of_a_gpu_limits_calls() -> None:
    measured = Capacity(cpus=64, codec=0.001, students={"large": 1e-5}, device={"large": 0.01})
    assert (measured.sessions("large"), measured.limited_by("large")) == (3, "GPU")


def test_a_gpu_is_checked_in_its_first_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._gpu() == [] or providers.device_present()
    monkeypatch.setattr(doctor, "device_present", lambda: True)
    ran: list[int] = []

    def step(number: int) -> Step:
        def run(deadline: Deadline) -> dict[str, Any]:
            ran.append(number)
            if number == failing:
                raise StepError("differs by 9 grey levels")
            return {}

        return Step(number, "pictures", run)

    monkeypatch.setattr(doctor, "steps", lambda target, extent: [step(number) for number in range(1, 13)])
    failing = 0
    (finding,) = doctor._gpu()
    assert (finding.state, ran) == (doctor.State.FINE, [1, 2, 3, 4])
    failing = 3
    (finding,) = doctor._gpu()
    assert (finding.state, finding.message) == (
        doctor.State.NOTE,
        "step 3 of its check (pictures): differs by 9 grey levels",
    )
