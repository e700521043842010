"""Every error is shown with a next step, and Start works again."""

import json
import re
from time import monotonic

import pytest
from playwright.sync_api import Route, expect

from tests.browser.acutance_page import HOLD_CONNECTION, LIVE, AcutancePage
from tests.browser.chromium import launch_chromium
from tests.browser.real_server import running_server

_HELD = """() => document.getElementById('stage').hasAttribute('data-held')
    && !document.getElementById('enhanced-canvas').hidden"""
# Pauses get longer, by random shares: none of them shows every number.
_A_LONG_PAUSE = re.compile(r"\b([5-9]|\d\d) s")


def rejecting(name: str) -> str:
    return f"""
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        let rejections = 1;
        navigator.mediaDevices.getUserMedia = (constraints) =>
            rejections-- > 0 ? Promise.reject(new DOMException('as the test wants', '{name}')) : open(constraints);
    """


@pytest.mark.parametrize(
    ("name", "what", "next_step"),
    [
        ("NotAllowedError", "not allowed to use the camera", "address bar"),
        ("NotFoundError", "No camera was found", "sample clip"),
        ("NotReadableError", "probably in use", "Close the other program"),
        ("TypeError", "could not be opened: as the test wants.", "another camera"),
    ],
)
def test_a_camera_that_does_not_open_is_explained_and_start_works_again(open_page, server, name, what, next_step):
    page = open_page(server, rejecting(name))
    page.page.locator("#start").click()
    page.expect_error(what, next_step)
    page.start()


def test_a_denied_permission_is_explained(browser, chromium_program, camera, server):
    denying = launch_chromium(browser.browser_type, chromium_program, camera, allow_camera=False)
    try:
        page = AcutancePage(denying.new_page(), server.url)
        page.open()
        page.page.locator("#start").click()
        page.expect_error("not allowed to use the camera", "address bar")
        assert page.faults == []
    finally:
        denying.close()


def test_an_insecure_page_is_explained(open_page, server):
    page = open_page(server, "delete Navigator.prototype.mediaDevices")
    page.page.locator("#start").click()
    page.expect_error("secure pages only", "https://")


def test_a_browser_without_webrtc_is_explained(open_page, server):
    page = open_page(server, "delete window.RTCPeerConnection")
    page.page.locator("#start").click()
    page.expect_error("WebRTC is missing", "current Chrome")


def test_a_camera_that_is_unplugged_in_a_call_ends_it(open_page, server):
    page = open_page(server)
    page.start()
    page.page.evaluate(
        "document.getElementById('original-video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    page.expect_error("The camera stopped", "Connect it again")
    page.start()


@pytest.mark.parametrize(
    ("status", "body", "what"),
    [
        (422, json.dumps({"error": "no_video", "message": "The offer has no video."}), "The offer has no video."),
        (502, "<h1>Bad gateway</h1>", "HTTP 502."),
        (200, json.dumps({"sdp": "v=0\r\nno", "type": "answer", "session": "x"}), ""),
    ],
)
def test_a_refusal_shows_the_message_of_the_server(open_page, server, status, body, what):
    page = open_page(server)
    page.page.route("**/offer", lambda route: route.fulfill(status=status, body=body), times=1)
    page.page.locator("#start").click()
    page.expect_error(f"refused the call: {what}", "Press Start")
    page.start()


def test_no_video_within_ten_seconds_is_explained(open_page, server):
    def send_nothing_back(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("a=sendrecv", "a=recvonly"))

    page = open_page(server)
    page.page.clock.install()
    page.page.route("**/offer", send_nothing_back)
    page.page.locator("#start").click()
    expect(page.page.locator("#status-what")).to_contain_text("Waiting for the first enhanced frame", timeout=15_000)
    page.page.clock.run_for(10_500)
    page.expect_error("No video returned", "smaller resolution")


def test_no_connection_within_fifteen_seconds_is_explained(open_page, server):
    def lead_nowhere(route: Route) -> None:
        response = route.fetch()
        answer = response.json()
        # A wrong ICE password: neither side accepts the connectivity checks of the other.
        sdp = re.sub(r"a=ice-pwd:.*", "a=ice-pwd:" + "x" * 24, answer["sdp"])
        route.fulfill(response=response, json=answer | {"sdp": sdp})

    page = open_page(server)
    page.page.clock.install()
    page.page.route("**/offer", lead_nowhere)
    with page.page.expect_response("**/offer"):
        page.page.locator("#start").click()
    page.page.clock.run_for(15_500)
    page.expect_error("No connection within 15 seconds", "UDP")


def test_a_codec_that_is_missing_is_explained(open_page, server):
    page = open_page(server)
    body = json.dumps({"error": "no_codec", "message": "The offer has no H264 and no VP8."})
    page.page.route("**/offer", lambda route: route.fulfill(status=422, body=body), times=1)
    page.page.locator("#start").click()
    page.expect_error("no video codec in common", "H.264 or VP8")


@pytest.mark.parametrize("init", [rejecting("NotFoundError"), "delete Navigator.prototype.mediaDevices"])
def test_without_a_camera_the_page_offers_the_sample_clip(open_page, server, init):
    page = open_page(server, init)
    page.page.locator("#start").click()
    offer = page.page.get_by_role("button", name="Use the sample clip")
    offer.click()
    page.wait_until_live()
    expect(offer).to_be_hidden()


def test_a_full_server_is_asked_again_until_there_is_a_place(open_page, tmp_path, output):
    with running_server(tmp_path / "server.log", "--max-sessions", "1") as server:
        first = open_page(server)
        first.start()
        second = open_page(server)
        second.page.locator("#start").click()
        expect(second.page.locator("#status-what")).to_contain_text("server is full", timeout=10_000)
        expect(second.page.locator("#status-next")).to_contain_text("tries again automatically")
        expect(second.page.locator("#status-countdown")).to_have_text(re.compile(r"Next attempt in [1-5] s\."))
        second.page.screenshot(path=output / "full.png", full_page=True)
        first.page.locator("#stop").click()
        second.wait_until_live()
        expect(second.page.locator("#status-countdown")).to_be_empty()
        second.page.locator("#stop").click()


def test_stop_ends_the_waiting_for_a_place(open_page, tmp_path):
    with running_server(tmp_path / "server.log", "--max-sessions", "1") as server:
        first, second = open_page(server), open_page(server)
        first.start()
        second.page.locator("#start").click()
        expect(second.page.locator("#status-countdown")).not_to_be_empty(timeout=10_000)
        second.page.locator("#stop").click()
        expect(second.page.locator("#status-what")).to_have_text("Ready.")
        expect(second.page.locator("#status-countdown")).to_be_empty()
        first.page.locator("#stop").click()


def test_the_call_continues_after_a_restart_of_the_server(open_page, tmp_path):
    with running_server(tmp_path / "server.log") as server:
        page = open_page(server)
        page.start()
        assert server.stop() == 0
        expect(page.page.locator("#status-what")).to_have_text(re.compile("server (ended the call|cannot be reached)"))
        expect(page.page.locator("#status-next")).to_contain_text("reconnects automatically")
        assert page.page.evaluate("document.getElementById('original-video').srcObject.active"), "the camera stays open"
        assert page.page.evaluate(_HELD), "the last pair stays on the screen"
        with running_server(tmp_path / "again.log", port=server.port):
            page.wait_until_live()
            assert not page.page.locator("#stage").get_attribute("data-held")
            page.page.locator("#stop").click()
            expect(page.page.locator("#enhanced-canvas")).to_be_hidden()


def test_a_path_that_is_gone_is_left_at_once_and_the_last_pair_stays(open_page, tmp_path):
    """A server that was killed and restarted answers HTTP but not the session, as after a change of network.

    Chromium alone takes about 20 s to call such a connection failed.
    """
    with running_server(tmp_path / "server.log") as server:
        page = open_page(server, HOLD_CONNECTION)
        page.start()
        first = page.page.evaluate_handle("held.pc")
        server.process.kill()
        server.process.wait()
        server.process.returncode = 0  # it was killed here, not by its own fault
        with running_server(tmp_path / "again.log", port=server.port):
            started = monotonic()
            page.page.evaluate("window.dispatchEvent(new Event('online'))")
            page.until("(first) => held.pc !== first", first, seconds=15)
            assert page.page.evaluate(_HELD), "the last pair stays on the screen"
            page.wait_until_live()
            assert monotonic() - started < 15
            page.page.locator("#stop").click()


def test_a_network_that_is_back_ends_the_waiting(open_page, server):
    page = open_page(server)
    page.page.context.set_offline(True)
    page.page.locator("#start").click()
    expect(page.page.locator("#status-what")).to_have_text("The server cannot be reached.", timeout=10_000)
    expect(page.page.locator("#status-countdown")).to_have_text(_A_LONG_PAUSE, timeout=20_000)
    page.page.context.set_offline(False)
    expect(page.page.locator("#status-countdown")).to_be_empty(timeout=3_000)
    page.wait_until_live()


def test_a_server_that_is_not_there_is_explained(open_page, tmp_path):
    with running_server(tmp_path / "server.log") as server:
        page = open_page(server)
    page.page.locator("#start").click()
    expect(page.page.locator("#status-what")).to_have_text("The server cannot be reached.", timeout=10_000)
    expect(page.page.locator("#status-next")).to_contain_text("reconnects automatically")
    # The pauses get longer; a button skips them.
    expect(page.page.locator("#status-countdown")).to_have_text(_A_LONG_PAUSE, timeout=20_000)
    with page.page.expect_event("requestfailed", timeout=3_000):
        page.page.get_by_role("button", name="Try now").click()


def test_a_server_that_dies_is_noticed(open_page, tmp_path):
    with running_server(tmp_path / "server.log") as server:
        page = open_page(server)
        page.start()
        server.process.kill()
        # Chrome counts a silent peer as interrupted after about 5 s, as lost after about 20.
        expect(page.page.locator("#status-what")).to_contain_text("interrupted", timeout=15_000)
        expect(page.page.locator("#status-what")).to_contain_text(
            re.compile("connection to the server was lost|cannot be reached"), timeout=60_000
        )
        expect(page.page.locator("#status-next")).to_contain_text("reconnects automatically")
        server.process.wait()
        server.process.returncode = 0  # it was killed here, not by its own fault


def test_a_hidden_tab_is_explained(open_page, server):
    page = open_page(server)
    page.start()
    hide = """(hidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.page.evaluate(hide, True)
    expect(page.page.locator("#status-what")).to_have_text("Live, in a hidden tab.")
    expect(page.page.locator("#status-next")).to_contain_text("slow down hidden tabs")
    page.page.evaluate(hide, False)
    expect(page.page.locator("#status-what")).to_have_text(LIVE)
