"""Debian's Janus for one test: a configuration of its own, free ports, and one room for H.264."""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acutance.server.bench.server import free_port

ROOM = 1234
_FOLDER = "/usr/lib/x86_64-linux-gnu/janus"
_START_S = 15.0

_CORE = """
general: {{
    configs_folder = "{folder}"
    plugins_folder = "{modules}/plugins"
    transports_folder = "{modules}/transports"
    events_folder = "{modules}/events"
    loggers_folder = "{modules}/loggers"
    admin_secret = "{secret}"
}}
plugins: {{ disable = "{others}" }}
transports: {{ disable = "{transports}" }}
"""
_WEBSOCKETS = """
general: {{
    ws = true
    ws_ip = "127.0.0.1"
    ws_port = {port}
}}
"""


@contextmanager
def running_janus(program: str, folder: Path, room: str) -> Iterator[str]:
    """Run it until the block ends; give its address.

    Args:
        program: Janus's path.
        folder: for its configuration and log.
        room: configuration of the VideoRoom plugin, as in docs/examples/janus.
    """
    port = free_port()
    modules = Path(_FOLDER)
    others = ",".join(each.name for each in (modules / "plugins").glob("*.so") if "videoroom" not in each.name)
    transports = ",".join(each.name for each in (modules / "transports").glob("*.so") if "websockets" not in each.name)
    core = _CORE.format(
        folder=folder, modules=modules, secret=secrets.token_hex(16), others=others, transports=transports
    )
    (folder / "janus.jcfg").write_text(core)
    (folder / "janus.transport.websockets.jcfg").write_text(_WEBSOCKETS.format(port=port))
    (folder / "janus.plugin.videoroom.jcfg").write_text(room)
    log = folder / "janus.log"
    with log.open("wb") as out:
        command = [program, "-F", str(folder), "-C", str(folder / "janus.jcfg"), "-o"]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, cwd=folder)
    try:
        await_port(port, process, log)
        yield f"ws://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(15)


def await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a program on this host listens."""
    until = time.monotonic() + _START_S
    while True:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
