"""A real server for other WebRTC implementations, and the table of the results."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest
from av.video.frame import PictureType

from tests.browser.real_server import Server, running_server
from tests.interop.table import Row, write

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
_ROWS: dict[tuple[str, str], Row] = {}  # by software and connection: the last run of a test counts
_LIVE_S = 30.0

Record = Callable[..., None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.interop)


def pytest_sessionfinish() -> None:
    """Write the table if `make interop` runs the tests."""
    if _ROWS and os.environ.get("ACUTANCE_INTEROP_TABLE"):
        write(list(_ROWS.values()))


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """Serve the repository at another origin than the server's; return the address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Log no requests."""

    handler = functools.partial(Quiet, directory=str(ROOT))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def server(site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("server") / "server.log"
    with running_server(log, "--origin", site, "--max-sessions", "8") as running:
        yield running


@pytest.fixture
def record() -> Record:
    """Return a function that adds a row to the table."""

    def take(*args: Any) -> None:
        row = Row(*args)
        _ROWS[row.software, row.connection] = row

    return take


def closes(server: Server, seconds: float = 10.0, token: str = "") -> bool:
    """Wait for the end of all sessions; return whether all have ended."""
    until = time.monotonic() + seconds
    while server.health(token)["sessions"]:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def program(name: str, package: str) -> str:
    """Return a program's path; skip the test where it is not installed."""
    return shutil.which(name) or pytest.skip(f"no {name}: apt-get install {package}")


def node(script: str, *arguments: str, seconds: float = 90.0, **environment: str) -> dict[str, Any]:
    """Run a script of this folder by Node.js and return the JSON of its last line."""
    if not (HERE / "node_modules").is_dir():
        pytest.skip("no npm packages: make interop installs them")
    return last_json([program("node", "nodejs"), str(HERE / script), *arguments], seconds, **environment)


def last_json(command: list[str], seconds: float = 90.0, **environment: str) -> dict[str, Any]:
    """Run a program and return the JSON of its last line."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=seconds
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)


def until_live(server: Server, stream: str, process: subprocess.Popen[bytes], log: Path, token: str = "") -> None:
    """Wait until a stream is live; ``process`` publishes it or starts its publisher."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{server.url}/streams", headers=headers)
    until = time.monotonic() + _LIVE_S
    while True:
        assert process.poll() is None, log.read_text()
        with urllib.request.urlopen(request, timeout=5) as response:
            if stream in [each["name"] for each in json.load(response)["streams"]]:
                return
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


def watched(server: Server, stream: str, token: str = "", out: Path | None = None) -> dict[str, Any]:
    """Watch a stream by WHEP for some seconds with `acutance peer`; return its report and the recorded file."""
    command = [
        sys.executable,
        "-m",
        "acutance.server.cli",
        "peer",
        "--pull",
        f"{server.url}/whep/{stream}",
        "--seconds",
        "4",
    ]
    command += ["--json", *(["--out", str(out)] if out else [])]
    report = last_json(command, ACUTANCE_PEER_TOKEN=token)
    return {**report["watched"], **report.get("file", {}), "size": "x".join(map(str, report["watched"]["size"]))}


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of FFmpeg's test pattern, 640x360."""
    path = tmp_path_factory.mktemp("clips") / "pattern.mp4"
    pattern = "testsrc2=size=640x360:rate=30:duration=4,format=yuv420p"
    with av.open(pattern, format="lavfi") as source, av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        for frame in source.decode(video=0):
            frame.pict_type = PictureType.NONE
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path
