"""Programs beside the door: they are started again, and end with it."""

import asyncio
import os
import sys
from pathlib import Path

import psutil
import pytest

from acutance.server.cluster.processes import programs
from acutance.server.cluster.processes.programs import Daemon, Program
from tests.server.peers import until

PRINTING = "import sys, time\nprint('ready', flush=True)\nsys.stdin.read()\n"


def environment() -> dict[str, str]:
    return dict(os.environ)


def children(program: str) -> list[psutil.Process]:
    """The running processes of this one that run a program; those that have ended have no command line."""
    running = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    return [each for each in running if program in each.cmdline()]


async def test_a_program_that_ends_is_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(programs, "_PAUSE_S", 0.01)
    caplog.set_level("INFO")
    lines: list[str] = []
    program = Program("this", [], environment(), lines.append)
    program.start()
    await until(lambda: len(lines) >= 24)
    await program.close()
    assert "this has ended with code 0, and is started again" in caplog.text


async def test_a_daemon_says_when_it_is_ready_and_ends() -> None:
    daemon = await Daemon.start([sys.executable, "-c", PRINTING], environment(), "ready")
    (process,) = children(PRINTING)
    await daemon.end()
    assert await daemon.ended() < 0
    assert not process.is_running()


async def test_a_daemon_that_cannot_start_tells_why() -> None:
    with pytest.raises(ChildProcessError, match="no port is free"):
        await Daemon.start([sys.executable, "-c", "print('no port is free')"], environment(), "ready")


async def test_a_start_that_is_cancelled_leaves_no_process_behind() -> None:
    waiting = "import sys\nsys.stdin.read()\n# cancelled"
    starting = asyncio.create_task(Daemon.start([sys.executable, "-c", waiting], environment(), "ready"))
    await until(lambda: children(waiting))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not children(waiting)


async def test_a_program_that_prints_a_line_beyond_all_limits_is_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr(programs, "_PAUSE_S", 0.01)
    monkeypatch.setattr(programs, "_LONGEST_LINE", 1000)
    (tmp_path / "long.py").write_text("print('x' * 5000, flush=True)\n")
    program = Program("long", [], environment() | {"PYTHONPATH": str(tmp_path)})
    program.start()
    await until(lambda: caplog.text.count("long: ") >= 2)
    await program.close()
    assert not children("long")
