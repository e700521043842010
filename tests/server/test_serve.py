"""`acutance serve` as a process: its port, its signals, its errors."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acutance.server.bench.material import Plan, prepare
from acutance.server.bench.peers.round_trip import PeerError, Sending, round_trip
from acutance.server.bench.server import free_port
from acutance.server.cli import main
from tests.server.processes import FAST_START, Start, health


@pytest.mark.media
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_every_peer_and_exits_0_within_5_s(start: Start, number: signal.Signals) -> None:
    port = free_port()
    process = start("--port", str(port), "--drain", "0")
    assert health(f"http://127.0.0.1:{port}")["status"] == "ok"

    async def stop_in_mid_call() -> float:
        plan = Plan((320, 192), bitrate=300_000, count=300)
        sending = Sending(plan, prepare(None, plan).packets, plan.count)
        call = asyncio.create_task(round_trip(f"http://127.0.0.1:{port}", sending))
        while (await asyncio.to_thread(health, f"http://127.0.0.1:{port}"))["sessions"] != 1:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        await asyncio.sleep(1)  # the call is under way
        begun = time.monotonic()
        process.send_signal(number)
        code = await asyncio.to_thread(process.wait, 10)
        took = time.monotonic() - begun
        assert code == 0
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return took

    assert asyncio.run(stop_in_mid_call()) < 5
    assert process.stderr is not None
    log = process.stderr.read()
    assert "the server is stopping" in log
    assert "Traceback" not in log


def test_a_port_in_use_is_one_line_of_error(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("--port", str(port), *FAST_START)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"acutance: cannot listen on 127.0.0.1:{port}" in log
    assert "Traceback" not in log


def test_an_unknown_student_is_named(start: Start) -> None:
    process = start("--student", "sharpest")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "there is no student 'sharpest'" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(
    ("arguments", "environment", "complaint"),
    [
        (("--port", "99999"), {}, "acutance serve: --port: Input should be less than or equal to 65535 (got '99999')"),
        ((), {"ACUTANCE_MAX_SESSIONS": "many"}, "acutance serve: --max-sessions: Input should be a valid integer"),
        (("--provider", "tpu"), {}, "'tensorrt', 'cuda'"),
        (("--workers", "0"), {}, "acutance serve: --workers: must be auto, or a number from 1 to 64 (got '0')"),
        (("--workers", "many"), {}, "acutance serve: --workers: must be auto, or a number from 1 to 64 (got 'many')"),
        (
            (),
            {"ACUTANCE_WORKERS": "65"},
            "acutance serve: --workers: must be auto, or a number from 1 to 64 (got '65')",
        ),
    ],
)
def test_a_wrong_option_is_named(
    arguments: tuple[str, ...],
    environment: dict[str, str],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main(["serve", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_options_are_read_from_the_file_and_a_wrong_one_is_named(start: Start, tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "acutance.toml"
    file.write_text(f"port = {port}\nmax_sessions = 7\nstudent = 'nano'\nprovider = 'cpu'\n")
    process = start("--max-sessions", "3")
    assert health(f"http://127.0.0.1:{port}")["max_sessions"] == 3, "the flag wins over the file"
    process.terminate()
    assert process.wait(10) == 0
    file.write_text("prot = 8080\n")
    process = start()
    _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "prot" in log


async def test_a_client_without_a_server_gets_an_error() -> None:
    with pytest.raises(PeerError, match="no answer from"):
        await round_trip(f"http://127.0.0.1:{free_port()}", Sending(Plan((320, 192)), [], 0))


# The program itself, with inferences that hang once the server runs.
_HANGING = """
import sys, threading
from acutance.model.engine.engine import Engine
from acutance.server.sessions import host
from acutance.server.cli import main

class Hanging(host.Host):
    def start(self):
        super().start()
        Engine.sharpen = lambda *_, **__: threading.Event().wait()

from acutance.server.assembly import session_parts
session_parts.Host = Hanging
main(["serve", *sys.argv[1:]])
"""


@pytest.mark.media
def test_an_inference_that_hangs_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", _HANGING, "--port", str(port), "--drain", "0", "--no-admission", "--no-forward-good"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        health(f"http://127.0.0.1:{port}")
        plan = Plan((320, 192), bitrate=300_000, count=60)
        sending = Sending(plan, prepare(None, plan).packets, plan.count)
        trip = asyncio.run(round_trip(f"http://127.0.0.1:{port}", sending))
        assert len(trip.returned) >= 30, "they are returned unenhanced"
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=10)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert "does not answer: frames pass through until it does" in log
    assert "inference(s) that have hung" in log
