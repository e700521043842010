"""The page's modules in a browser without a camera, from a server that serves only files."""

import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.chromium import launch_chromium

_ROOT = Path(__file__).parents[3]


class _Files(SimpleHTTPRequestHandler):
    """Serves index.html at `/` and `/static/`, as `acutance serve` does; 404 for its API."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".js": "text/javascript"}

    def do_GET(self) -> None:
        if self.path.partition("?")[0] == "/":
            self.path = "/static/index.html"
        self.path = self.path.replace("/static/students/", "/model/weights/")
        if self.path.startswith(("/static/", "/model/weights/")):
            super().do_GET()
        else:
            self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that navigates closes its connections.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@pytest.fixture(scope="package")
def site() -> Iterator[str]:
    """Return the URL of the page's files."""
    with _Server(("127.0.0.1", 0), partial(_Files, directory=str(_ROOT))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(chromium_program: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = launch_chromium(playwright.chromium, chromium_program)
        yield running
        running.close()


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def modules(tab: Page, site: str) -> Page:
    """Reload the page, so that no test sees the replacements of another one."""
    tab.goto(site)
    return tab
