"""The page in a browser tab, used like a person uses it."""

import json
import re
from collections.abc import Callable
from time import monotonic
from typing import Any, Literal

from playwright.sync_api import ConsoleMessage, Page, Request, expect

Pane = Literal["original", "enhanced"]

# From Start to the first returned frame: the camera, ICE, DTLS and the first keyframe on a busy 2-core machine.
CONNECT_MS = 30_000

LIVE = re.compile("^Live: (repairing|restoring)")
"""Status of a call while the server enhances."""

# Variance of the Laplacian of the middle of a frame's luma: more detail, more variance. Returned with a sum of
# the pixels, which changes while the video moves.
_MEASURE = """(id) => {
    const video = document.getElementById(id);
    const [width, height] = [video.videoWidth, video.videoHeight];
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const luma = new Float32Array(width * height);
    for (let i = 0; i < luma.length; i++) {
        luma[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
    }
    let [sum, squares, n, pixels] = [0, 0, 0, 0];
    for (let y = 8; y < height - 8; y++) {
        for (let x = 8; x < width - 8; x++) {
            const i = y * width + x;
            const value = luma[i - 1] + luma[i + 1] + luma[i - width] + luma[i + width] - 4 * luma[i];
            sum += value; squares += value * value; n++; pixels += luma[i] * (x + 3 * y);
        }
    }
    return { sharpness: squares / n - (sum / n) ** 2, fingerprint: pixels };
}"""


# Init script: `held.pc` and `held.channel` are the current connection and its data channel.
HOLD_CONNECTION = """
    const create = RTCPeerConnection.prototype.createDataChannel;
    RTCPeerConnection.prototype.createDataChannel = function (...of) {
        const channel = create.apply(this, of);
        window.held = { pc: this, channel };
        return channel;
    };
"""
UNKNOWN = "\N{EN DASH}"


def size_text(width: int, height: int) -> str:
    """Return a size as the page writes it."""
    return f"{width} \N{MULTIPLICATION SIGN} {height}"


class AcutancePage:
    """One tab with the page open; records errors of the page."""

    def __init__(self, page: Page, url: str):
        self.page = page
        self.url = url
        self.faults: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", self._on_request)

    def open(self, ready: str = "Ready.") -> None:
        self.page.goto(self.url)
        expect(self.page.locator("#status-what")).to_have_text(ready)

    def start(self) -> None:
        """Press Start and wait until both videos are shown and measured."""
        self.page.locator("#start").click()
        self.wait_until_live()

    def wait_until_live(self) -> None:
        expect(self.page.locator("#status-box")).to_have_attribute("data-kind", "live", timeout=CONNECT_MS)
        for figure in ("figure-sent", "figure-returned", "figure-displayed"):
            expect(self.page.locator(f"#{figure}")).to_have_text(re.compile(r"^[1-9]"), timeout=10_000)

    def choose(self, source: str) -> None:
        """Choose the video source: ``screen``, ``file``, ``sample``."""
        self.page.locator("#source").select_option(source)

    def report(self) -> dict[str, Any]:
        """Return the copied report of "Copy as JSON"."""
        # Permissions that are not listed are revoked, also that of the camera during a call.
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera", "microphone"])
        self.page.locator("#copy").click()
        expect(self.page.locator("#copy-message")).to_contain_text("Copied.")
        copied: dict[str, Any] = json.loads(self.page.evaluate("navigator.clipboard.readText()"))
        return copied

    def stop(self) -> None:
        self.page.locator("#stop").click()

    def until(self, true: str, argument: object = None, seconds: float = 10.0) -> None:
        """Wait until a JavaScript function returns true; the policy of the page forbids `wait_for_function`."""
        end = monotonic() + seconds
        while not self.page.evaluate(true, argument):
            assert monotonic() < end, f"not within {seconds:g} s: {true}"
            self.page.wait_for_timeout(50)

    def wait_until(self, true: Callable[[], bool], seconds: float = 15.0) -> None:
        """Wait until a check of the test returns true."""
        end = monotonic() + seconds
        while not true():
            assert monotonic() < end, f"not within {seconds:g} s"

    def text(self, element: str) -> str:
        return self.page.locator(f"#{element}").inner_text()

    def number(self, element: str) -> float:
        return float(re.sub(r"[^\d.].*", "", self.text(element)))

    def measure(self, pane: Pane) -> dict[str, float]:
        """Return ``sharpness`` and ``fingerprint`` of the frame that is shown now."""
        measured: dict[str, float] = self.page.evaluate(_MEASURE, f"{pane}-video")
        return measured

    def expect_error(self, what: str, next_step: str, timeout: float = 10_000) -> None:
        """Expect a message with the error and the next step, and an enabled Start button."""
        expect(self.page.locator("#status-what")).to_contain_text(what, timeout=timeout)
        expect(self.page.locator("#status-box")).to_have_attribute("data-kind", "error")
        expect(self.page.locator("#status-next")).to_contain_text(next_step)
        expect(self.page.locator("#start")).to_be_enabled()
        expect(self.page.locator("#stop")).to_be_disabled()

    def _on_console(self, message: ConsoleMessage) -> None:
        # Chromium itself logs every request that fails; the page shows its own message.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.faults.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "blob:", "data:")):
            self.faults.append(f"a request to another host: {request.url}")
