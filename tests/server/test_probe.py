"""The health check of the container images, against the real server."""

import os
import subprocess
import sys

import pytest

from acutance.server.bench.server import free_port
from tests.server.processes import FAST_START, Start, health


def _probe(*arguments: str, **environment: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", "acutance.server.probe", *arguments],
        env={**os.environ, **environment},
        timeout=30,
    ).returncode


@pytest.mark.parametrize("options", [(), ("--self-signed",)])
def test_a_server_is_found_at_its_port_with_and_without_tls(start: Start, options: tuple[str, ...]) -> None:
    port = free_port()
    assert _probe(ACUTANCE_PORT=str(port)) == 1, "no server yet"
    process = start(*FAST_START, *options, ACUTANCE_PORT=str(port))
    if options:
        assert process.stderr is not None
        while "open https://" not in process.stderr.readline():
            assert process.poll() is None
    else:
        health(f"http://127.0.0.1:{port}")
    assert _probe(ACUTANCE_PORT=str(port)) == 0
    scheme = "https" if options else "http"
    assert _probe(f"{scheme}://127.0.0.1:{port}/health") == 0
    assert _probe(f"{scheme}://127.0.0.1:{port}/nothing") == 1


def test_a_malformed_url_is_no_response() -> None:
    assert _probe("localhost") == 1
