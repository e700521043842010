"""Enhancement on the viewer's device, in a call."""

import re

from playwright.sync_api import expect

from tests.browser.acutance_page import LIVE
from tests.browser.modules.test_edge import runtime

FIGURE = re.compile(r"^\d")


@runtime
def test_the_device_enhances_what_the_server_forwards_and_both_are_compared(open_page, server):
    page = open_page(server)
    tab = page.page
    assert tab.evaluate("crossOriginIsolated")
    page.choose("sample")
    page.start()
    for figure in ("ms", "fps"):
        expect(tab.locator(f"#edge-server-{figure}")).to_have_text(FIGURE, timeout=20_000)
    tab.get_by_role("switch", name="Enhance on this device").check()
    expect(tab.locator("#status-what")).to_have_text("Live: repairing on this device.", timeout=40_000)
    expect(tab.locator(".enhanced figcaption")).to_contain_text("enhanced on this device")
    expect(tab.locator("#server-encoder")).to_contain_text("forwarded as received", timeout=20_000)
    for figure in ("ms", "fps", "psnr"):
        expect(tab.locator(f"#edge-device-{figure}")).to_have_text(FIGURE, timeout=30_000)
    expect(tab.locator("#edge-device-provider")).to_contain_text("WebAssembly")
    tab.get_by_role("switch", name="Enhance on this device").uncheck()
    expect(tab.locator("#status-what")).to_have_text(LIVE, timeout=40_000)
    expect(tab.locator(".enhanced figcaption")).to_contain_text("returned by the server")


def test_a_server_without_the_runtime_says_so(open_page, server):
    page = open_page(server)
    page.page.route("**/edge/runtime/version.txt", lambda route: route.fulfill(status=404))
    page.page.get_by_role("switch", name="Enhance on this device").check()
    expect(page.page.locator("#edge-message")).to_contain_text("make edge")
    expect(page.page.locator("#edge")).not_to_be_checked()
