"""An installed Chromium or Chrome with a moving video as its camera. Nothing is ever downloaded."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import Browser, BrowserType

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "no Chromium or Chrome found: install one (Debian: apt-get install chromium) or name it in ACUTANCE_CHROMIUM"


def find_chromium() -> str | None:
    """Return the program to run: $ACUTANCE_CHROMIUM, else the first of the usual names on the path."""
    return os.environ.get("ACUTANCE_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


def launch_chromium(
    browser_type: BrowserType,
    program: str,
    camera: Path | None = None,
    allow_camera: bool = True,
    more: tuple[str, ...] = (),
) -> Browser:
    """Run it without a window.

    Args:
        browser_type: of Playwright.
        program: to run.
        camera: y4m file that the fake camera plays; None for Chromium's own test pattern.
        allow_camera: False denies each request for a camera or microphone.
        more: further arguments of the program.
    """
    arguments = [
        "--use-fake-device-for-media-stream",
        f"--use-fake-ui-for-media-stream{'' if allow_camera else '=deny'}",
        *([f"--use-file-for-fake-video-capture={camera}"] if camera else []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        *more,
    ]
    # Chromium's sandbox refuses to run as root, which containers are.
    sandbox = not hasattr(os, "geteuid") or os.geteuid() != 0
    return browser_type.launch(executable_path=program, args=arguments, chromium_sandbox=sandbox)
