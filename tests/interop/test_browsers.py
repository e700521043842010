"""Chromium and Firefox: the server's page, the example page from another origin, and a WHIP and WHEP library of npm."""

from urllib.parse import quote

import pytest

from tests.browser.chromium import find_chromium
from tests.browser.real_server import Server
from tests.interop.conftest import Record, closes, node, program

FRAMES = 60
BROWSERS = ("chrome", "firefox")


def _program(browser: str) -> str:
    if browser == "chrome":
        return find_chromium() or pytest.skip("no Chromium: apt-get install chromium")
    return program("firefox-esr", "firefox-esr")


def _see(record: Record, server: Server, browser: str, way: str, address: str, video: str, button: str) -> None:
    seen = node("browser.mjs", _program(browser), browser, address, video, button, str(FRAMES))
    ended = closes(server)
    record(seen["version"].replace("/", " "), way, seen["frames"], f"{seen['width']}x{seen['height']}", ended)
    assert seen["frames"] >= FRAMES, seen
    assert seen["width"] >= 320, seen
    assert ended, "the session did not end with the page"


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_servers_page(record: Record, server: Server, browser: str) -> None:
    _see(record, server, browser, "the server's page", server.url, "#enhanced-video", "#start")


@pytest.mark.parametrize("browser", BROWSERS)
def test_the_example_page_of_another_origin(record: Record, server: Server, site: str, browser: str) -> None:
    address = f"{site}/docs/examples/browser_page.html?server={quote(server.url)}"
    _see(record, server, browser, "`/offer`, docs/examples/browser_page.html", address, "#enhanced", "-")


@pytest.mark.parametrize("browser", BROWSERS)
def test_whip_and_whep_by_a_library(record: Record, server: Server, site: str, browser: str) -> None:
    address = f"{site}/tests/interop/pages/whip.html?server={quote(server.url)}&stream={browser}"
    _see(record, server, browser, "WHIP and WHEP, npm @binbat/whip-whep", address, "#enhanced", "-")
