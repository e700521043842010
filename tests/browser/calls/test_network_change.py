"""A browser that moves to another network in a call: its address is removed, and another one is left."""

import json
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


def test_where_ice_cannot_be_restarted_a_new_session_opens_before_the_old_one_closes(open_page, server):
    page = open_page(server, HOLD_CONNECTION)
    page.start()
    requests: list[str] = []
    page.page.on("request", lambda request: requests.append(request.method))
    refusal = json.dumps({"error": "no_restart", "message": "not here"})
    page.page.route(
        "**/session/*",
        lambda route: route.fulfill(status=422, body=refusal) if route.request.method == "PATCH" else route.continue_(),
    )
    first = page.page.evaluate_handle("held.pc")
    page.page.evaluate("window.dispatchEvent(new Event('online'))")
    page.until("(first) => held.pc !== first", first, seconds=15)
    page.until("() => !document.getElementById('enhanced-canvas').hidden")
    page.wait_until_live()
    page.until("(first) => first.connectionState === 'closed'", first, seconds=15)
    order = [method for method in requests if method != "GET"]
    assert order == ["PATCH", "POST", "DELETE"]
