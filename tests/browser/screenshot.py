"""Renews the images of the page in docs/: `python -m tests.browser.screenshot [folder]`."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.acutance_page import AcutancePage
from tests.browser.chromium import MISSING, find_chromium, launch_chromium
from tests.browser.moving_video import write_moving_video
from tests.browser.real_server import Server, running_server

_DEFAULT = Path(__file__).parents[2] / "docs"
_SETTLE_MS = 15_000  # the sender's bit rate climbs from 300 kbit/s
_SHOWN_MS = 5_000
_DESKTOP = {"width": 1280, "height": 900}
_PHONE = {"width": 390, "height": 844}
_NO_CAMERA = """() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); };
}"""


def _open(browser: Browser, server: Server, **context: object) -> AcutancePage:
    page = AcutancePage(browser.new_context(**{"viewport": _DESKTOP} | context).new_page(), server.url)
    page.open()
    return page


def _settled(browser: Browser, server: Server, **context: object) -> AcutancePage:
    page = _open(browser, server, **context)
    page.start()
    page.page.wait_for_timeout(_SETTLE_MS)
    return page


def _difference(browser: Browser, server: Server, path: Path, **context: object) -> None:
    page = _open(browser, server, **{"viewport": {"width": 1280, "height": 800}} | context)
    page.choose("sample")
    page.page.get_by_role("button", name="Show me the difference").click()
    expect(page.page.locator("#demo-values")).to_contain_text("restored from memory", timeout=60_000)
    page.page.wait_for_timeout(_SHOWN_MS)
    page.page.screenshot(path=path)
    page.page.context.close()


def _divider(browser: Browser, server: Server, path: Path) -> None:
    page = _open(browser, server, color_scheme="dark")
    page.page.get_by_role("button", name="Low bit rate").click()
    page.page.get_by_role("button", name="Divider").click()
    page.start()
    page.page.wait_for_timeout(_SETTLE_MS)
    page.page.screenshot(path=path)
    page.page.context.close()


def _statistics(browser: Browser, server: Server, path: Path) -> None:
    page = _settled(browser, server)
    for preset in ("Low bit rate", "Half size", "No limit"):
        page.page.get_by_role("button", name=preset).click()
        page.page.wait_for_timeout(_SETTLE_MS)
    page.page.locator(".figures").screenshot(path=path)
    page.page.context.close()


def _error(browser: Browser, server: Server, path: Path) -> None:
    page = _open(browser, server)
    page.page.evaluate(_NO_CAMERA)
    page.page.locator("#start").click()
    expect(page.page.locator("#status-action")).to_be_visible()
    page.page.screenshot(path=path, clip={"x": 0, "y": 0, "width": 1280, "height": 600})
    page.page.context.close()


def _phone(browser: Browser, server: Server, path: Path) -> None:
    _difference(browser, server, path, viewport=_PHONE, device_scale_factor=2, is_mobile=True)


_PICTURES: dict[str, Callable[[Browser, Server, Path], None]] = {
    "page": _difference,
    "page-divider-dark": _divider,
    "page-statistics": _statistics,
    "page-error": _error,
    "page-phone": _phone,
}


def main() -> int:
    """Write the images; return 1 and print one line if no browser is installed."""
    program = find_chromium()
    if program is None:
        print(f"screenshot: {MISSING}", file=sys.stderr)
        return 1
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else _DEFAULT).resolve()
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)  # Chromium calls the camera by its file: a short name looks better than a path
        camera = write_moving_video(Path("moving video.y4m"))
        with running_server(Path("server.log")) as server, sync_playwright() as playwright:
            browser = launch_chromium(playwright.chromium, program, camera)
            for name, take in _PICTURES.items():
                target = folder / f"{name}.png"
                take(browser, server, Path("taken.png").resolve())
                _save(Path("taken.png"), target)
                print(f"screenshot: {target}, {target.stat().st_size // 1000} kB")
            browser.close()
    return 0


def _save(taken: Path, target: Path) -> None:
    # Without the lowest bit, which is invisible, the file stays below 500 kB; a palette would change the colours.
    levels = [min((level + 1) // 2 * 2, 255) for level in range(256)] * 3
    Image.open(taken).convert("RGB").point(levels).save(target, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
