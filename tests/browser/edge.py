"""Compares the server with the browser on one machine: `python -m tests.browser.edge [student]`.

The sample clip at 640x360 over three connections; for each the figures of the page's table, after ten seconds with the
server and ten with the browser. Both share the processors of this machine.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.acutance_page import AcutancePage
from tests.browser.chromium import MISSING, find_chromium, launch_chromium
from tests.browser.real_server import running_server

_SETTLE_MS = 10_000
_FIGURES = ("ms", "fps", "psnr", "provider")


def main() -> None:
    """Print one line for each connection and side."""
    student = sys.argv[1] if len(sys.argv) > 1 else "nano"
    program = find_chromium()
    if program is None:
        sys.exit(MISSING)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        options = ("--student", student, "--no-memory")
        with running_server(Path(folder) / "server.log", *options) as server:
            browser = launch_chromium(playwright.chromium, program)
            page = AcutancePage(browser.new_page(viewport={"width": 1280, "height": 900}), server.url)
            page.open()
            page.choose("sample")
            page.start()
            for connection in ("No limit", "Low bit rate", "Half size"):
                _compare(page.page, connection)
            browser.close()


def _compare(tab: Page, connection: str) -> None:
    tab.get_by_role("button", name=connection).click()
    switch = tab.get_by_role("switch", name="Enhance on this device")
    for side in ("server", "device"):
        switch.set_checked(side == "device")
        what = "Live: repairing on this device." if side == "device" else "Live: repairing."
        expect(tab.locator("#status-what")).to_have_text(what, timeout=30_000)
        tab.wait_for_timeout(_SETTLE_MS)
        figures = [tab.locator(f"#edge-{side}-{figure}").inner_text() for figure in _FIGURES]
        print(f"{connection}, {side}: {', '.join(figures)}; both halves {tab.locator('#headline-psnr').inner_text()}")
        message = tab.locator("#edge-message").inner_text()
        if message:
            print(f"  {message}")


if __name__ == "__main__":
    main()
