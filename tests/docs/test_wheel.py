"""The wheel in its own environment outside of the checkout: it installs only the package `acutance`.

The dependencies are those of the environment that runs the tests, so that nothing is downloaded; with
`ACUTANCE_WHEEL_DEPENDENCIES=1` (`make wheel`) pip installs them from the wheel's own metadata, torch among them.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from acutance.server.bench.material import Plan, prepare
from acutance.server.bench.peers.round_trip import Sending, round_trip
from acutance.server.bench.server import free_port
from tests.root import ROOT
from tests.server.processes import health

_INSTALLS = os.environ.get("ACUTANCE_WHEEL_DEPENDENCIES") == "1"
pytestmark = [pytest.mark.media, pytest.mark.timeout(1800 if _INSTALLS else 300)]


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and a folder to run programs in."""

    wheel: Path
    programs: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a new shell, without paths of the checkout."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "ACUTANCE"))}
        return {**kept, "PATH": f"{self.programs}:{os.environ['PATH']}"}

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a program of the environment to its end."""
        program = str(self.programs / command[0])
        return subprocess.run(
            [program, *command[1:]], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    # A copy, because a build leaves files in its folder.
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    source = folder / "source"
    for name in filter(None, tracked.split("\0")):
        if name.startswith(("model/", "server/", "static/", "training/", "pyproject.toml", "README.md", "LICENSE")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(source)], check=True)
    (wheel,) = folder.glob("acutance-*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "environment")], check=True)
    python = folder / "environment" / "bin" / "python"
    what = [f"{wheel}[train]"] if _INSTALLS else ["--no-deps", str(wheel)]
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *what], check=True)
    if not _INSTALLS:
        # A path in a .pth file is searched last, and its own .pth files are not read: no editable install is seen.
        packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "environment")}))
        (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    (folder / "elsewhere").mkdir()
    return Installed(wheel, python.parent, folder / "elsewhere")


def test_the_wheel_holds_one_package(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as files:
        tops = {name.split("/")[0] for name in files.namelist()}
    assert tops == {"acutance", next(top for top in tops if top.endswith(".dist-info"))}


def test_code_comes_from_the_wheel(installed: Installed) -> None:
    script = "import acutance.server.cli as cli, importlib.util as u; print(cli.__file__, u.find_spec('server'))"
    ended = installed.run("python", "-c", script)
    assert ended.returncode == 0, ended.stderr
    path, top_level = ended.stdout.split()
    assert Path(path).is_relative_to(installed.programs.parent)
    assert top_level == "None"


def test_doctor(installed: Installed) -> None:
    ended = installed.run("acutance", "doctor", "--json", "--student", "nano", "--port", str(free_port()))
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert json.loads(ended.stdout)["works"] is True


def test_training_commands(installed: Installed) -> None:
    ended = installed.run("acutance-train", "--help")
    assert ended.returncode == 0, ended.stderr
    assert "distil" in ended.stdout
    script = "from acutance.training.recipes.recipe import shipped; print(*shipped())"
    assert "call_small" in installed.run("python", "-c", script).stdout.split()


def test_a_call(installed: Installed) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    command = [str(installed.programs / "acutance"), "serve", "--student", "nano", "--port", url.rpartition(":")[2]]
    server = subprocess.Popen(command, cwd=installed.folder, env=installed.environment)
    try:
        health(url)
        plan = Plan((320, 192), bitrate=300_000, count=60)
        trip = asyncio.run(round_trip(url, Sending(plan, prepare(None, plan).packets, plan.count)))
        assert len(trip.returned) >= 30
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
