"""Makes the README's picture of the page again: `python -m tests.browser.screenshot [docs/page.png]`."""

import os
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.acutance_page import AcutancePage
from tests.browser.chromium import MISSING, find_chromium, launch_chromium
from tests.browser.moving_picture import write_moving_picture
from tests.browser.real_server import running_server

_DEFAULT = Path(__file__).parents[2] / "docs" / "page.png"
_SETTLE_MS = 15_000  # the sender's bit rate climbs from 300 kbit/s


def main() -> int:
    """Write the picture; return 1 with one line where no browser is installed."""
    program = find_chromium()
    if program is None:
        print(f"screenshot: {MISSING}", file=sys.stderr)
        return 1
    target = Path(sys.argv[1] if len(sys.argv) > 1 else _DEFAULT).resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # Chromium calls the camera by its file: a short name looks better than a path
        camera = write_moving_picture(Path("moving picture.y4m"))
        with running_server(Path("server.log")) as server, sync_playwright() as playwright:
            browser = launch_chromium(playwright.chromium, program, camera)
            page = AcutancePage(browser.new_page(viewport={"width": 1280, "height": 900}), server.url)
            page.open()
            page.start()
            page.page.wait_for_timeout(_SETTLE_MS)
            page.page.screenshot(path="page.png", full_page=True)
            browser.close()
        # Without the lowest bit, which nobody sees, it stays below 500 kB; a palette would change the colours.
        picture = (
            Image.open("page.png").convert("RGB").point([min((level + 1) // 2 * 2, 255) for level in range(256)] * 3)
        )
        target.parent.mkdir(exist_ok=True)
        picture.save(target, optimize=True)
    print(f"screenshot: {target}, {target.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
