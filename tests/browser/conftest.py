"""Fixtures: a real browser, a real server, and a moving video as camera.

The browser lives as long as a module: Playwright's event loop would be in the way of asyncio tests elsewhere.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.acutance_page import AcutancePage
from tests.browser.chromium import MISSING, find_chromium, launch_chromium
from tests.browser.moving_video import write_moving_video
from tests.browser.numbered_video import write_numbered_video
from tests.browser.real_server import Server, running_server
from tests.browser.stage_page import StagePage

OUTPUT = Path(__file__).parents[1] / "output"

OpenPage = Callable[..., AcutancePage]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium_program() -> str:
    return find_chromium() or pytest.skip(MISSING)


@pytest.fixture(scope="session")
def camera(chromium_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = write_moving_video(tmp_path_factory.mktemp("camera") / "camera.y4m")
    yield path
    path.unlink()  # 60 MB, and pytest keeps its folders


@pytest.fixture(scope="session")
def numbered_camera(chromium_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = write_numbered_video(tmp_path_factory.mktemp("camera") / "numbered.y4m")
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def browser(chromium_program: str, camera: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = launch_chromium(playwright.chromium, chromium_program, camera)
        yield running
        running.close()


@pytest.fixture(scope="module")
def server(chromium_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("server") / "server.log") as running:
        yield running


@pytest.fixture
def output() -> Path:
    OUTPUT.mkdir(exist_ok=True)
    return OUTPUT


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens the page of a server in its own browser context; at the end the page must have logged no error."""
    pages: list[AcutancePage] = []

    def open_one(server: Server, init_script: str = "", ready: str = "Ready.", **context: object) -> AcutancePage:
        tab = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context).new_page()
        if init_script:
            tab.add_init_script(init_script)
        page = AcutancePage(tab, server.url)
        pages.append(page)
        page.open(ready)
        return page

    yield open_one
    for page in pages:
        page.page.context.close()
    assert [fault for page in pages for fault in page.faults] == []


# The page does not expose its connection; a test that degrades the uplink needs the sender.
_KEEP_SENDERS = """
    window.senders = [];
    const { addTransceiver } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.addTransceiver = function (...values) {
        const transceiver = addTransceiver.apply(this, values);
        window.senders.push(transceiver.sender);
        return transceiver;
    };
"""


@pytest.fixture(scope="module")
def live_stage(browser: Browser, server: Server) -> Iterator[StagePage]:
    """A call in progress, for all tests of a module."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    tab = context.new_page()
    tab.add_init_script(_KEEP_SENDERS)
    page = AcutancePage(tab, server.url)
    page.open()
    page.start()
    stage = StagePage(page)
    stage.wait_for_pairs()
    yield stage
    context.close()
    assert page.faults == []
