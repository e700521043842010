"""A host name other than localhost: browsers grant it a camera only over HTTPS."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from acutance.server.bench.server import free_port
from tests.browser.acutance_page import AcutancePage
from tests.browser.chromium import launch_chromium
from tests.browser.real_server import running_server

NAME = "acutance.test"


@pytest.fixture(scope="module")
def browser(chromium_program: str, camera: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        resolved = (f"--host-resolver-rules=MAP {NAME} 127.0.0.1",)
        running = launch_chromium(playwright.chromium, chromium_program, camera, more=resolved)
        yield running
        running.close()


@contextmanager
def page_by_name(browser: Browser, log: Path, scheme: str, *arguments: str) -> Iterator[AcutancePage]:
    port = free_port()
    url = f"{scheme}://{NAME}:{port}"
    # On the loopback interface the server accepts only localhost as host name, unless --origin names another.
    with running_server(log, "--origin", url, *arguments, port=port):
        # A person would compare the fingerprint and press "Advanced".
        context = browser.new_context(ignore_https_errors=True)
        page = AcutancePage(context.new_page(), url)
        page.open()
        yield page
        context.close()
    # Over HTTP the browser logs that it ignores the header for isolation.
    assert [fault for fault in page.faults if "the URL's origin was untrustworthy" not in fault] == []


def test_a_call_over_https_with_the_servers_own_certificate(browser, tmp_path):
    with page_by_name(browser, tmp_path / "server.log", "https", "--self-signed") as page:
        assert page.page.evaluate("isSecureContext")
        page.start()
        page.page.locator("#stop").click()


def test_without_https_the_camera_is_missing_and_the_page_says_why(browser, tmp_path):
    with page_by_name(browser, tmp_path / "server.log", "http") as page:
        assert not page.page.evaluate("isSecureContext")
        page.page.locator("#start").click()
        page.expect_error("secure pages only", "https://")
