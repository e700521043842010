import gc
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from acutance.model.engine.engine import Engine
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS, Rung
from tests.server.processes import Start

_HERE = Path(__file__).parent
# In these folders every test needs peers in real time; elsewhere tests carry the marker themselves.
_MEDIA = (_HERE / "browser" / "calls", _HERE / "faults", _HERE / "server" / "media", _HERE / "soak")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(folder in item.path.parents for folder in _MEDIA):
            item.add_marker(pytest.mark.media)
        if "start" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.process)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse tests with equal ids, of which pytest-xdist would run one; take imports out of the garbage collection."""
    equal = [name for name, count in Counter(item.nodeid for item in session.items).items() if count > 1]
    if equal:
        raise pytest.UsageError(f"tests with equal ids: {', '.join(equal)}")
    # Modules and tests stay until the end: without them each garbage collection has less to look at.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The student that ships, on this machine's CPU."""
    return Engine.open("small", provider="cpu")


@pytest.fixture(scope="session")
def ladder(engine: Engine) -> Ladder:
    """One student and passing through, with a low measured cost, so that a busy test machine does not step down."""
    ladder = Ladder.of(engine)
    ladder.rungs = [Rung(engine.student.name, 1e-9), Rung(PASS)]
    return ladder


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "acutance.server.cli", "serve", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **environment},
            # A shell that starts jobs in the background lets them ignore Ctrl-C, and their processes inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()
