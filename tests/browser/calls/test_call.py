"""A call from Start to Stop against the real server, with a moving video as camera."""

import re
import statistics
from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import expect

from tests.browser.acutance_page import HOLD_CONNECTION, UNKNOWN, size_text

# The browser's own counters, and the frames of the enhanced video that it presented.
_COUNT = """async () => {
    const all = [...(await held.pc.getStats()).values()];
    const video = (wanted) => all.find(({ type, kind }) => type === wanted && kind === 'video');
    return {
        at: performance.now() / 1000,
        captured: video('media-source').frames,
        sent: video('outbound-rtp').framesSent,
        returned: video('inbound-rtp').framesReceived,
        displayed: window.presented ?? video('inbound-rtp').framesDecoded,
    };
}"""
_COUNT_PRESENTED = """() => {
    window.presented = 0;
    const video = document.getElementById('enhanced-video');
    const count = () => { window.presented++; video.requestVideoFrameCallback(count); };
    video.requestVideoFrameCallback(count);
}"""


@pytest.fixture
def live(open_page, server):
    page = open_page(server, HOLD_CONNECTION)
    page.start()
    return page


def assert_rates_are_those_counted(page) -> None:
    """Compare each frame rate on the page with the frames counted over the same two seconds."""
    ratios: dict[str, list[float]] = {name: [] for name in ("captured", "sent", "returned", "displayed")}
    page.page.wait_for_timeout(2_500)  # the windows of measurement are full
    for _ in range(4):
        before = page.page.evaluate(_COUNT)
        page.page.wait_for_timeout(2_000)
        after = page.page.evaluate(_COUNT)
        for name, seen in ratios.items():
            counted = (after[name] - before[name]) / (after["at"] - before["at"])
            assert counted > 0, f"no frame was {name}"
            seen.append(page.number(f"figure-{name}") / counted)
    for name, seen in ratios.items():
        assert statistics.median(seen) == pytest.approx(1, abs=0.15), (name, seen)


def test_both_videos_are_shown_with_measured_rates_and_sizes(live, output: Path):
    live.page.evaluate(_COUNT_PRESENTED)
    assert_rates_are_those_counted(live)
    for pane in ("original", "enhanced"):
        assert live.text(f"{pane}-size") == size_text(640, 360)
    live.page.screenshot(path=output / "page.png", full_page=True)


def test_the_enhanced_video_moves(live):
    """What it shows is compared with the photograph in test_stage.py."""
    fingerprints = set()
    for _ in range(8):
        fingerprints.add(live.measure("enhanced")["fingerprint"])
        live.page.wait_for_timeout(400)
    assert len(fingerprints) == 8


def test_stop_releases_everything_and_start_works_again(live, server):
    page = live.page
    camera = page.evaluate_handle("document.getElementById('original-video').srcObject.getVideoTracks()[0]")
    page.locator("#stop").click()
    expect(page.locator("#status-what")).to_have_text("Ready.")
    assert camera.evaluate("track => track.readyState") == "ended"
    for pane in ("original", "enhanced"):
        assert page.evaluate("id => document.getElementById(id).srcObject", f"{pane}-video") is None
    for figure in ("figure-returned", "figure-roundtrip", "figure-stage-enhance", "server-student"):
        assert live.text(figure) == UNKNOWN
    wait_for_sessions(server, 0)

    for _ in range(3):
        live.start()
        page.locator("#stop").click()
    wait_for_sessions(server, 0)


def test_leaving_the_page_frees_the_place_on_the_server(live, server):
    live.page.goto("about:blank")
    wait_for_sessions(server, 0)


def test_stop_while_connecting_ends_the_attempt(open_page, server):
    page = open_page(server)
    page.page.locator("#start").click()
    page.page.locator("#stop").click()
    expect(page.page.locator("#status-what")).to_have_text("Ready.")
    wait_for_sessions(server, 0)
    expect(page.page.locator("#status-what")).to_have_text("Ready.")
    page.start()


def test_a_browser_without_frame_callbacks_is_measured_too(open_page, server):
    without = "delete HTMLVideoElement.prototype.requestVideoFrameCallback;"
    page = open_page(server, without + HOLD_CONNECTION)
    page.start()
    assert_rates_are_those_counted(page)


def test_start_and_stop_work_by_keyboard(open_page, server):
    page = open_page(server).page
    for expected in ("language", "source", "start"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == expected
    page.keyboard.press("Enter")
    # The pressed button is disabled now, and the focus moves to the one that ends the call.
    expect(page.locator("#stop")).to_be_focused()
    expect(page.locator("#status-box")).to_have_attribute("data-kind", "live", timeout=30_000)
    page.keyboard.press("Space")
    expect(page.locator("#status-what")).to_have_text("Ready.")
    expect(page.locator("#start")).to_be_focused()


def start_and_stop(page, server, times: int) -> None:
    for _ in range(times):
        page.page.locator("#start").click()
        expect(page.page.locator("#status-box")).to_have_attribute("data-kind", "live", timeout=30_000)
        page.page.locator("#stop").click()
        expect(page.page.locator("#status-what")).to_have_text("Ready.")
    wait_for_sessions(server, 0)


def test_start_and_stop_work_ten_times_in_a_row(open_page, server):
    page = open_page(server)
    page.choose("sample")
    start_and_stop(page, server, 10)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_start_and_stop_work_a_hundred_times_in_a_row(open_page, server):
    page = open_page(server)
    page.choose("sample")
    start_and_stop(page, server, 100)


def wait_for_sessions(server, expected: int, seconds: float = 8) -> None:
    until = monotonic() + seconds
    while (sessions := server.health()["sessions"]) != expected:
        assert monotonic() < until, f"the server still counts {sessions} session(s)"
        sleep(0.1)


def test_a_published_camera_is_watched(browser, server):
    context = browser.new_context(permissions=["camera", "microphone"])
    faults = []
    watcher, publisher = context.new_page(), context.new_page()
    for tab in (watcher, publisher):
        tab.on("pageerror", lambda error: faults.append(str(error)))
    watcher.goto(f"{server.url}/watch/anna")
    expect(watcher.locator("#message")).to_contain_text("cannot be played now", timeout=20_000)
    publisher.goto(f"{server.url}/publish/anna")
    publisher.get_by_role("button", name="Publish").click()
    expect(publisher.locator("#message")).to_have_text("You are published as anna.", timeout=30_000)
    expect(watcher.locator("#message")).to_be_empty(timeout=40_000)
    expect(watcher.locator("#video")).to_have_js_property("videoWidth", 640, timeout=20_000)
    assert publisher.get_by_role("link", name="Watch it").get_attribute("href") == "../watch/anna"
    publisher.get_by_role("button", name="Stop publishing").click()
    expect(publisher.locator("#message")).to_contain_text(re.compile("^Publishes your camera"))
    context.close()
    assert faults == []
