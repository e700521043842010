"""Redis with a password, in which Ray's head keeps its state."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from acutance.server.bench.server import free_port

PASSWORD = "a password"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a head."""
    if shutil.which("redis-server") is None:
        pytest.skip("no redis-server (Debian: redis-server)")
    port, folder = free_port(), tmp_path_factory.mktemp("redis")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    command += ["--requirepass", PASSWORD]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    yield {"RAY_REDIS_ADDRESS": f"127.0.0.1:{port}", "RAY_REDIS_PASSWORD": PASSWORD}
    process.terminate()
    process.wait(10)
