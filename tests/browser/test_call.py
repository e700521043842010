"""Start, see, measure, stop: what a person does, against the real server with a moving picture as camera."""

from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import expect

from tests.browser.acutance_page import UNKNOWN, size_text

# Well below what the page reaches on two busy cores, well above what a broken one would show.
LEAST_FPS = 5
CAMERA_FPS = 30


@pytest.fixture
def live(open_page, server):
    page = open_page(server)
    page.start()
    return page


def test_both_pictures_come_with_measured_rates_and_sizes(live, output: Path):
    live.page.wait_for_timeout(4_000)  # both windows of measurement full
    for figure in ("captured", "sent", "returned", "displayed"):
        assert LEAST_FPS <= live.number(f"figure-{figure}") <= CAMERA_FPS + 3
    for pane in ("original", "enhanced"):
        assert live.text(f"{pane}-size") == size_text(640, 360)
    live.page.screenshot(path=output / "page.png", full_page=True)


def test_the_enhanced_picture_moves_and_is_sharper_than_the_original(live):
    fingerprints, gains = set(), []
    for _ in range(8):
        original, enhanced = live.measure("original"), live.measure("enhanced")
        fingerprints.add(enhanced["fingerprint"])
        gains.append(enhanced["sharpness"] / original["sharpness"])
        live.page.wait_for_timeout(400)
    assert len(fingerprints) == 8
    # The two are some frames apart and the picture moves: the median of several pairs.
    assert sorted(gains)[4] > 1.1


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
    page = open_page(server, "delete HTMLVideoElement.prototype.requestVideoFrameCallback")
    page.start()
    page.page.wait_for_timeout(4_000)
    for figure in ("sent", "returned", "displayed"):
        assert LEAST_FPS <= page.number(f"figure-{figure}") <= CAMERA_FPS + 3


def test_start_and_stop_work_by_keyboard(open_page, server):
    page = open_page(server).page
    for expected in ("language", "source", "start"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == expected
    page.keyboard.press("Enter")
    # The button that was pressed is off now: the focus goes on to the one that ends the call.
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
