"""A browser that moves to another network in a call: its address is removed, and another one is left."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.acutance_page import HOLD_CONNECTION, AcutancePage
from tests.browser.chromium import launch_chromium
from tests.browser.moving_network import MovingNetwork, UnavailableError, moving_network
from tests.browser.real_server import running_server

# Chromium alone takes about 20 s. The target is 2 s on a host that is not busy; the test prints what it measured.
_LIMIT_S = 12.0

# Times of the frames that arrive, and the darkest mean that the shown frame had.
_OBSERVE = """() => {
    const video = document.getElementById('enhanced-video');
    const canvas = document.getElementById('enhanced-canvas');
    window.observed = { frames: [], darkest: 255, hidden: 0 };
    const count = () => {
        window.observed.frames.push(performance.now());
        video.requestVideoFrameCallback(count);
    };
    video.requestVideoFrameCallback(count);
    const probe = Object.assign(document.createElement('canvas'), { width: 16, height: 9 });
    const context = probe.getContext('2d', { willReadFrequently: true });
    window.observed.timer = setInterval(() => {
        if (canvas.hidden || canvas.width === 0) return window.observed.hidden += 1;
        context.drawImage(canvas, 0, 0, 16, 9);
        const { data } = context.getImageData(0, 0, 16, 9);
        const mean = data.reduce((sum, value, i) => sum + (i % 4 < 3 ? value : 0), 0) / (data.length * 3 / 4);
        window.observed.darkest = Math.min(window.observed.darkest, mean);
    }, 50);
}"""


@pytest.fixture
def network() -> Iterator[MovingNetwork]:
    try:
        with moving_network() as network:
            yield network
    except UnavailableError as error:
        pytest.skip(f"network namespaces are not available here: {error}")


def test_the_call_continues_on_another_network(
    chromium_program: str, camera: Path, network: MovingNetwork, tmp_path: Path
) -> None:
    program = network.program(tmp_path / "chromium", chromium_program)
    log = tmp_path / "server.log"
    with running_server(log, "--host", "0.0.0.0", "--open", "--self-signed") as server, sync_playwright() as playwright:
        browser = launch_chromium(playwright.chromium, program, camera)
        tab = browser.new_context(ignore_https_errors=True, viewport={"width": 1280, "height": 900}).new_page()
        tab.add_init_script(HOLD_CONNECTION)
        page = AcutancePage(tab, f"https://{network.host}:{server.port}")
        page.open()
        page.start()
        tab.evaluate(_OBSERVE)
        page.until("() => window.observed.frames.length > 30")
        before = tab.evaluate("performance.now()")
        first = tab.evaluate_handle("held.pc")
        network.leave_first()
        page.until("(at) => window.observed.frames.filter((t) => t > at + 1000).length > 30", before, _LIMIT_S + 10)
        observed = tab.evaluate("() => (clearInterval(window.observed.timer), window.observed)")
        same = tab.evaluate("(first) => held.pc === first", first)
        frames = [at for at in observed["frames"] if at > before - 500]
        gap = max(after - at for at, after in pairwise(frames)) / 1000
        print(f"longest gap {gap:.2f} s, the same session: {same}, darkest mean {observed['darkest']:.0f} of 255")
        assert gap < _LIMIT_S
        assert same, "ICE was restarted, without another session"
        assert observed["hidden"] == 0
        assert observed["darkest"] > 20, "the last frame stays"
        assert "connected on another path" in log.read_text()
        page.stop()
        browser.close()
        assert page.faults == []
