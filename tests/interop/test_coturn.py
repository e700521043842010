"""coturn relays between two peers without a direct path, with credentials that expire."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.real_server import Server, running_server
from tests.interop.conftest import HERE, Record, closes, last_json, program

_SECRET = "interop"


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A relay on the loopback: its URL and its log."""
    turnserver = program("turnserver", "coturn")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "turn.log"
    command = [turnserver, "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}"]
    command += ["--use-auth-secret", f"--static-auth-secret={_SECRET}", "--realm=interop", "--allow-loopback-peers"]
    command += ["--no-cli", "--no-tls", "--no-dtls", "--verbose", f"--pidfile={tmp_path / 'pid'}", "--log-file=stdout"]
    # By default coturn refuses to relay to its own addresses.
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=tmp_path)
    time.sleep(1.0)
    assert process.poll() is None, log.read_text()
    yield f"turn:127.0.0.1:{port}?transport=udp", log
    process.terminate()
    process.wait(10)


@pytest.fixture
def server(relay: tuple[str, Path], tmp_path: Path) -> Iterator[Server]:
    with running_server(tmp_path / "server.log", "--turn", relay[0], "--turn-secret", _SECRET) as running:
        yield running


def test_coturn_relays_what_has_no_direct_way(
    record: Record, server: Server, relay: tuple[str, Path], clip: Path
) -> None:
    seen = last_json([sys.executable, str(HERE / "relay_peer.py"), server.url, str(clip)])
    ended = closes(server)
    version = re.search(r"Coturn Version Coturn-([\d.]+)", relay[1].read_text())
    name = f"coturn {version[1] if version else ''}".strip()
    note = "the peer has relayed candidates alone; credentials of `/ice-servers`"
    record(name, "`/offer` of aiortc through TURN", seen["frames"], f"{seen['width']}x{seen['height']}", ended, note)
    assert seen["candidates"] == ["relay"]
    assert seen["frames"] >= 60
    assert ended
