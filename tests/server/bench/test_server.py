"""Responses of a measured server have a size limit; a server that ends or does not answer is a clear error."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import psutil
import pytest

from acutance.server.bench.errors import BenchError
from acutance.server.bench.server import MeasuredServer, environment, free_port, started

ANSWERS = {
    "/health": json.dumps({"sessions": 0}),
    "/list": "[]",
    "/text": "no JSON",
    "/long": json.dumps({"x": "y" * (1 << 20)}),
    "/deep": "[" * 100_000,
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path in ANSWERS else 404)
        self.end_headers()
        self.wfile.write(ANSWERS.get(self.path, "").encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[MeasuredServer]:
    with HTTPServer(("127.0.0.1", 0), _Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield MeasuredServer(f"http://127.0.0.1:{listening.server_port}")
        listening.shutdown()


def test_health_is_read(server: MeasuredServer) -> None:
    assert server.health() == {"sessions": 0}
    server.await_end_of_sessions()


@pytest.mark.parametrize("path", ["/list", "/text", "/long", "/deep", "/nothing"])
def test_a_response_that_is_not_a_short_object_is_an_error(server: MeasuredServer, path: str) -> None:
    with pytest.raises(BenchError, match=path):
        server.get(path)


def test_a_server_that_ends_when_it_starts_is_an_error() -> None:
    command = [sys.executable, "-c", "raise SystemExit(3)"]
    with (
        pytest.raises(BenchError, match="code 3 when it started"),
        started(command, free_port(), MeasuredServer.health),
    ):
        pass


def test_options_of_the_server_become_its_environment() -> None:
    assert environment(["max-sessions=2", "log_level=info"]) == {
        "ACUTANCE_MAX_SESSIONS": "2",
        "ACUTANCE_LOG_LEVEL": "info",
    }


# Starts a process of its own, says so, and waits for its end.
_WITH_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(flush=True)
sys.stdin.read()
"""


def test_the_usage_includes_that_of_worker_processes() -> None:
    command = [sys.executable, "-c", _WITH_CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        measured = psutil.Process(process.pid)
        server = MeasuredServer("http://127.0.0.1:1", measured)
        server.record_usage()
        alone = measured.memory_info().rss / (1 << 20)
        assert server.usages[0].threads >= 2
        assert server.usages[0].rss > 1.5 * alone
        process.stdin.close()
