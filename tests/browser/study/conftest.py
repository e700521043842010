"""Prepared studies, each served by `acutance study serve` in a process of its own."""

import contextlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from acutance.server.bench.server import free_port
from acutance.server.frames.planes import plane_view
from acutance.server.frames.synthetic import moving_frames
from tests.browser.chromium import launch_chromium
from tests.root import ROOT

_START_S = 60.0
_STUDY = """
title = "Weak lines"
method = "ccr"
lead_in = 0.2
seed = 3

[consent]
en = "I take part of my own free will."
de = "Ich nehme freiwillig teil."

[display]
width = 320
height = 240
plays = 2

[checks]
gold_treatment = "bad"
gold = 1

[[treatment]]
name = "plain"
bits = 0.05

[[treatment]]
name = "sharpened"
bits = 0.05
student = "nano"

[[treatment]]
name = "bad"
codec = "vp8"
bits = 0.01
reduction = 4
"""
_COMPARISON = """
[[comparison]]
baseline = "plain"
test = "sharpened"
"""


@dataclass(frozen=True)
class Served:
    """A study that is served."""

    url: str
    file: Path


def _write_clip(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "10", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number, frame in zip(range(24), moving_frames(320, 240), strict=False):
            plane_view(frame, 1)[:] = np.uint8(60 + 3 * number)
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _acutance(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "acutance.server.cli", "study", *map(str, arguments)]


def prepare(folder: Path, method: str) -> Path:
    """Make the clips of a small study; returns its file."""
    text = _STUDY.replace('"ccr"', f'"{method}"') + _COMPARISON * (method == "ccr")
    for name in ("first", "second", "practice"):
        _write_clip(folder / f"{name}.mp4")
        training = "training = true" if name == "practice" else ""
        text += f'\n[[source]]\nname = "{name}"\nclip = "{name}.mp4"\nstart = 0.2\nseconds = 0.5\n{training}\n'
    path = folder / "study.toml"
    path.write_text(text)
    subprocess.run(_acutance("prepare", path), cwd=ROOT, check=True, capture_output=True, timeout=100)
    return path


@contextlib.contextmanager
def served(path: Path) -> Iterator[Served]:
    """Run `acutance study serve` until the block ends."""
    port = free_port()
    log = path.with_name("serve.log")
    with log.open("wb") as stderr:
        process = subprocess.Popen(_acutance("serve", path, "--port", str(port)), cwd=ROOT, stderr=stderr)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + _START_S
        while True:
            try:
                urllib.request.urlopen(f"{url}/study", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, f"no answer within {_START_S:g} s:\n{log.read_text()}"
                time.sleep(0.1)
        yield Served(url, path)
    finally:
        process.terminate()
        code = process.wait(10)
    assert code == 0, log.read_text()


@pytest.fixture(scope="session")
def ccr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("ccr"), "ccr")


@pytest.fixture(scope="session")
def acr(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("acr"), "acr")


@pytest.fixture(scope="module")
def study(chromium_program: str, ccr: Path) -> Iterator[Served]:
    with served(ccr) as running:
        yield running


@pytest.fixture(scope="module")
def rating(chromium_program: str, acr: Path) -> Iterator[Served]:
    with served(acr) as running:
        yield running


@pytest.fixture(scope="module")
def browser(chromium_program: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = launch_chromium(playwright.chromium, chromium_program)
        yield running
        running.close()


# The eyesight check draws its questions from Math.random before anything else does: the test can know the answers.
SEEDED = """
    window.seeded = () => {
        let state = 7;
        return () => {
            state = (state + 0x6D2B79F5) | 0;
            let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
            mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
            return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
        };
    };
    Math.random = window.seeded();
"""


@pytest.fixture
def open_study(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page of a study in a browser context of its own; in the end nothing may have gone wrong in it."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_one(study: Served, **settings: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 720}} | settings)
        contexts.append(context)
        context.add_init_script(SEEDED)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto(study.url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert faults == []
