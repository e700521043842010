"""Runs the commands of the documentation: the quick ones in `make test`, all of them in `make docs-commands`."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import av
import numpy as np
import pytest
from skimage import data
from typer.testing import CliRunner

from acutance.server.bench.server import free_port
from acutance.server.cli import main as acutance
from acutance.training.cli.main import app as train
from tests.documented.commands import ROOT, Command, documented, inline
from tests.documented.rules import RULES, Handling, Rule, rule_for
from tests.server.processes import health
from tests.training.judge.videos import moving, write_lossless

COMMANDS = documented()
_WITHIN_S = 100


def _handled(*handlings: Handling) -> list[tuple[Command, Rule]]:
    return [(command, rule) for command in COMMANDS if (rule := rule_for(command.text)) and rule.handling in handlings]


def _names(chosen: list[tuple[Command, Rule]]) -> list[str]:
    return [command.text[:60] for command, _ in chosen]


@dataclass(frozen=True)
class Desk:
    """A folder with the files that the commands name, and a server for commands that need one."""

    folder: Path
    clip: Path
    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a shell with the programs of the project on its path."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "HOME": str(self.folder), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}

    def filled(self, text: str) -> str:
        """Insert the URL of the server and the paths of this run."""
        return text.replace("{url}", self.url).replace("{clip}", str(self.clip)).replace("{root}", str(ROOT))

    def start(self, text: str, **environment: str) -> "subprocess.Popen[str]":
        """Start it in bash."""
        return subprocess.Popen(
            ["bash", "-c", "exec " * text.startswith("acutance") + text],
            cwd=self.folder,
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, text: str) -> str:
        """Run it to its end and return its output."""
        process = self.start(text)
        try:
            printed, _ = process.communicate(timeout=_WITHIN_S)
        finally:
            process.kill()
        assert process.returncode == 0, f"{text}\n{printed[-2000:]}"
        return printed


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """With a server that accepts publishers, and a live stream."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "runs").mkdir()
    desk = Desk(folder, _clip(folder / "given.mp4", 2))
    port = free_port()
    server = desk.start(f"acutance serve --port {port} --no-admission --student nano")
    desk = Desk(folder, desk.clip, f"http://127.0.0.1:{port}")
    health(desk.url)
    # The test pattern has no end, however long the commands take.
    publisher = desk.start(f"acutance peer --size 320x192 --whip {desk.url}/whip/live")
    while health(desk.url)["sessions"] == 0:
        assert publisher.poll() is None
        sleep(0.1)
    yield desk
    for process in (publisher, server):
        process.terminate()
        process.communicate(timeout=20)


def _clip(path: Path, seconds: int) -> Path:
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=30)
        picture.width, picture.height, picture.pix_fmt = 320, 192, "yuv420p"
        audio = container.add_stream("aac", rate=48_000)
        image = data.astronaut()
        for number in range(30 * seconds):
            cut = np.ascontiguousarray(image[number % 60 : number % 60 + 192, :320])
            container.mux(picture.encode(av.VideoFrame.from_ndarray(cut, "rgb24")))
        container.mux(picture.encode(None))
        for at in range(0, 48_000 * seconds, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48_000, at
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


def test_every_command_has_a_rule_and_every_rule_a_command() -> None:
    assert len(COMMANDS) >= 35
    unknown = [str(command) for command in COMMANDS if rule_for(command.text) is None]
    assert not unknown, "add them to tests/documented/rules.py"
    used = {id(rule_for(command.text)) for command in COMMANDS}
    assert [rule.pattern for rule in RULES if id(rule) not in used] == []
    assert all(rule.reason for rule in RULES if rule.handling is Handling.NOT_RUN)


@pytest.mark.parametrize("target", sorted({target for _, target in inline()}))
def test_every_target_that_a_page_names_is_in_the_makefile(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_every_extra_that_is_installed_is_one_of_the_project() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = [name for command in COMMANDS for name in re.findall(r"\.\[(\w+)\]", command.text)]
    assert named
    assert set(named) <= set(extras)


_RUN = _handled(Handling.RUN)


@pytest.mark.media
@pytest.mark.parametrize(("command", "rule"), _RUN, ids=_names(_RUN))
def test_it_runs(desk: Desk, command: Command, rule: Rule) -> None:
    desk.run(desk.filled(rule.rewritten(command.text)))


_SERVE = _handled(Handling.SERVE)


@pytest.mark.media
@pytest.mark.parametrize(("command", "rule"), _SERVE, ids=_names(_SERVE))
def test_it_serves(desk: Desk, command: Command, rule: Rule) -> None:
    text = rule.rewritten(command.text)
    if text.startswith("make"):
        dry = subprocess.run(
            ["make", "-n", "-C", str(ROOT), *shlex.split(text)[1:]], capture_output=True, text=True, check=True
        )
        text = dry.stdout.strip().splitlines()[-2 if "Leaving" in dry.stdout else -1].removeprefix(".venv/bin/")
        text = text.replace("--student mine.onnx", f"--student {ROOT}/model/weights/nano.onnx")
    port = free_port()
    text = re.sub(r"--port \d+", "", text)
    process = desk.start(text, ACUTANCE_PORT=str(port))
    try:
        assert process.stdout is not None
        output = ""
        for line in process.stdout:
            output += line
            if re.search(rf"open https?://\S+:{port}", line):
                break
        assert process.poll() is None, output
        process.terminate()
        process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, output


_SLOW = _handled(Handling.SLOW)


def _help(capsys: pytest.CaptureFixture[str], program: str, *words: str) -> str:
    """Return the help of a command, from the function that its program calls."""
    if program == "acutance-train":
        return CliRunner().invoke(train, [*words, "--help"]).stdout
    with pytest.raises(SystemExit):
        acutance([*words, "--help"])
    return capsys.readouterr().out


def test_options_of_slow_commands_are_known_to_their_programs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    helps: dict[tuple[str, ...], str] = {}
    for command, _ in _SLOW:
        words = shlex.split(command.text)
        program = tuple(words[: 3 if words[1] == "bench" else 2])
        if program not in helps:
            helps[program] = _help(capsys, *program)
        shown = helps[program]
        for flag in (word for word in words if word.startswith("--")):
            assert re.search(rf"(?<![\w-]){flag}(?![\w-])", shown), f"{command}: {flag}"


@pytest.mark.documented
@pytest.mark.timeout(1200)
def test_slow_commands_run_in_order(desk: Desk) -> None:
    for name, sizes in (("pictures", (400, 380)), ("more-pictures", (320, 300))):
        for category in ("people", "nature"):
            _pictures(desk.folder / name / category, *sizes)
    (desk.folder / "calls").mkdir()
    for name in ("calls/people-a.mkv", "original.mkv", "returned.mkv"):
        write_lossless(desk.folder / name, moving(30, fps=10))
    (desk.folder / "study.toml").write_text(
        'recipe = "call_small"\nsteps = 1\nseeds = [1]\n'
        'changes = ["validation.pictures=2", "pairs.clips=2"]\n[variants]\n"as it is" = []\n'
    )
    for command, rule in _SLOW:
        print(command, flush=True)
        desk.run(desk.filled(rule.rewritten(command.text)))


def _pictures(folder: Path, *sizes: int) -> None:
    from PIL import Image

    folder.mkdir(parents=True)
    sources = {"people": ("astronaut", "camera"), "nature": ("chelsea", "coffee", "rocket")}[folder.name]
    for source in sources:
        image = Image.fromarray(getattr(data, source)())
        for size in sizes:
            image.crop((0, 0, min(size, image.width), min(size - 60, image.height))).save(
                folder / f"{source}-{size}.png"
            )
