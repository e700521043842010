"""Whatever goes wrong is said in words with a next step, and Start works again."""

import json
import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.acutance_page import AcutancePage
from tests.browser.chromium import launch_chromium
from tests.browser.real_server import running_server


def rejecting(name: str) -> str:
    return f"""
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        let rejections = 1;
        navigator.mediaDevices.getUserMedia = (wishes) =>
            rejections-- > 0 ? Promise.reject(new DOMException('as the test wants', '{name}')) : open(wishes);
    """


@pytest.mark.parametrize(
    ("name", "what", "next_step"),
    [
        ("NotAllowedError", "not allowed to use the camera", "address bar"),
        ("NotFoundError", "No camera was found", "Connect one"),
        ("NotReadableError", "probably in use", "Close the other program"),
        ("TypeError", "could not be opened: as the test wants.", "another camera"),
    ],
)
def test_a_camera_that_does_not_open_is_explained_and_start_works_again(open_page, server, name, what, next_step):
    page = open_page(server, rejecting(name))
    page.page.locator("#start").click()
    page.expect_trouble(what, next_step)
    page.start()


def test_a_denied_permission_is_explained(browser, chromium_program, camera, server):
    denying = launch_chromium(browser.browser_type, chromium_program, camera, allow_camera=False)
    try:
        page = AcutancePage(denying.new_page(), server.url)
        page.open()
        page.page.locator("#start").click()
        page.expect_trouble("not allowed to use the camera", "address bar")
        assert page.faults == []
    finally:
        denying.close()


def test_an_insecure_page_is_explained(open_page, server):
    page = open_page(server, "delete Navigator.prototype.mediaDevices")
    page.page.locator("#start").click()
    page.expect_trouble("secure pages only", "https://")


def test_a_browser_without_webrtc_is_explained(open_page, server):
    page = open_page(server, "delete window.RTCPeerConnection")
    page.page.locator("#start").click()
    page.expect_trouble("WebRTC is missing", "current Chrome")


def test_a_camera_that_is_unplugged_in_a_call_ends_it(open_page, server):
    page = open_page(server)
    page.start()
    page.page.evaluate(
        "document.getElementById('original-video').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))"
    )
    page.expect_trouble("The camera stopped", "Connect it again")
    page.start()


@pytest.mark.parametrize(
    ("status", "body", "what"),
    [
        (422, json.dumps({"error": "no_codec", "message": "No codec in common."}), "No codec in common."),
        (502, "<h1>Bad gateway</h1>", "HTTP status 502."),
        (200, json.dumps({"sdp": "v=0\r\nno", "type": "answer", "session": "x"}), ""),
    ],
)
def test_a_refusal_shows_what_the_server_says(open_page, server, status, body, what):
    page = open_page(server)
    page.page.route("**/offer", lambda route: route.fulfill(status=status, body=body), times=1)
    page.page.locator("#start").click()
    page.expect_trouble(f"refused the call: {what}", "Press Start")
    page.start()


def test_no_picture_within_ten_seconds_is_explained(open_page, server):
    def send_nothing_back(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("a=sendrecv", "a=recvonly"))

    page = open_page(server)
    page.page.clock.install()
    page.page.route("**/offer", send_nothing_back)
    page.page.locator("#start").click()
    expect(page.page.locator("#status-what")).to_contain_text("Waiting for the first enhanced frame", timeout=15_000)
    page.page.clock.run_for(10_500)
    page.expect_trouble("No picture came back", "smaller resolution")


def test_no_connection_within_fifteen_seconds_is_explained(open_page, server):
    def lead_nowhere(route: Route) -> None:
        response = route.fetch()
        answer = response.json()
        # The right password is not this one: neither side believes the other's checks.
        sdp = re.sub(r"a=ice-pwd:.*", "a=ice-pwd:" + "x" * 24, answer["sdp"])
        route.fulfill(response=response, json=answer | {"sdp": sdp})

    page = open_page(server)
    page.page.clock.install()
    page.page.route("**/offer", lead_nowhere)
    with page.page.expect_response("**/offer"):
        page.page.locator("#start").click()
    page.page.clock.run_for(15_500)
    page.expect_trouble("No connection came about", "UDP")


def test_a_full_server_says_when_to_come_back(open_page, tmp_path, output):
    with running_server(tmp_path / "server.log", "--max-sessions", "1") as server:
        first = open_page(server)
        first.start()
        second = open_page(server)
        second.page.locator("#start").click()
        second.expect_trouble("The server is full", "Press Start again in 5 seconds")
        second.page.screenshot(path=output / "full.png", full_page=True)
        first.page.locator("#stop").click()
        second.page.wait_for_timeout(3_000)
        second.start()
        second.page.locator("#stop").click()


def test_a_server_that_ends_is_explained_in_a_call_and_at_the_next_start(open_page, tmp_path):
    with running_server(tmp_path / "server.log") as server:
        page = open_page(server)
        page.start()
        assert server.stop() == 0
        page.expect_trouble("The server ended the call: the server is stopping.", "Press Start")
        page.page.locator("#start").click()
        page.expect_trouble("cannot be reached", "whether it is running")


def test_a_server_that_dies_is_noticed(open_page, tmp_path):
    with running_server(tmp_path / "server.log") as server:
        page = open_page(server)
        page.start()
        server.process.kill()
        # Chrome counts a silent peer as interrupted after about 5 s, as lost after about 20.
        expect(page.page.locator("#status-what")).to_contain_text("interrupted", timeout=15_000)
        page.expect_trouble("connection to the server was lost", "press Start", timeout=60_000)
        server.process.wait()
        server.process.returncode = 0  # it was killed here, not by its own fault
