"""The stage of the page during a call, used and read like a person does."""

import base64
import io
import re
from typing import Literal

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.acutance_page import AcutancePage
from tests.browser.numbered_video import FRAMES, number_in

View = Literal["side", "divider", "difference"]
Half = Literal["original", "enhanced"]

# All in one script, because nothing is drawn while it runs. Only the requested share of rows at the bottom.
_READ = """([ids, share]) => ids.map((id) => {
    const source = document.getElementById(id);
    const [width, height] = [source.videoWidth ?? source.width, source.videoHeight ?? source.height];
    const rows = Math.round(height * share);
    const copy = new OffscreenCanvas(width, rows).getContext('2d', { willReadFrequently: true });
    copy.drawImage(source, 0, rows - height);
    const { data } = copy.getImageData(0, 0, width, rows);
    let text = '';
    for (let i = 0; i < data.length; i += 0x8000) text += String.fromCharCode(...data.subarray(i, i + 0x8000));
    return [width, rows, btoa(text)];
})"""


class StagePage:
    """A live page; the camera's frames are numbered."""

    def __init__(self, page: AcutancePage):
        self.whole = page
        self.page = page.page
        self.panes = self.page.locator("#stage-panes")

    def reset(self) -> None:
        """Show side by side, the whole frames, moving."""
        self.look("side", "fit")
        if self.page.locator("#stage-freeze").get_attribute("aria-pressed") == "true":
            self.press("stage-freeze")

    def look(self, view: View, zoom: str = "fit") -> None:
        for group, value in (("view", view), ("zoom", zoom)):
            button = self.page.locator(f"#stage-{group} [data-value='{value}']")
            button.click()
            expect(button).to_have_attribute("aria-pressed", "true")

    def press(self, button: str) -> None:
        self.page.locator(f"#{button}").click()

    def freeze(self) -> None:
        self.press("stage-freeze")
        expect(self.page.locator("#stage-freeze")).to_have_attribute("aria-pressed", "true")

    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the original and the enhanced frame that are drawn now, uint8 [H, W, 4]."""
        original, enhanced = self._read(["original-canvas", "enhanced-canvas"], 1.0)
        return original, enhanced

    def numbers(self) -> tuple[int | None, int | None]:
        """Return the numbers of the two frames that are drawn now."""
        original, enhanced = self._read(["original-canvas", "enhanced-canvas"], 0.1)
        return number_in(original), number_in(enhanced)

    def frames_behind_the_camera(self) -> int | None:
        """Return the number of frames by which the drawn frame is behind that of the camera."""
        camera, enhanced = (number_in(rows) for rows in self._read(["original-video", "enhanced-canvas"], 0.1))
        return None if camera is None or enhanced is None else (camera - enhanced) % FRAMES

    def seen(self, half: Half | None = None) -> np.ndarray:
        """Return the pixels on the screen, uint8 [H, W, 3]: the frame of one half, or of both."""
        target: Locator = self.page.locator(f".half.{half} .pane") if half else self.panes
        return np.asarray(Image.open(io.BytesIO(target.screenshot())).convert("RGB"))

    def wait_for_pairs(self) -> None:
        """Wait until the original and the enhanced frame have the same number."""
        expect(self.page.locator("#original-what")).to_have_text("as it was sent", timeout=20_000)
        expect(self.page.locator("#stage-roundtrip")).to_have_text(re.compile("ms$"), timeout=20_000)

    def _read(self, elements: list[str], share: float) -> list[np.ndarray]:
        return [_rgba(*picture) for picture in self.page.evaluate(_READ, [elements, share])]


def luma(rgb: np.ndarray) -> np.ndarray:
    """Return the luma that CSS's grayscale() has (Filter Effects, 'saturate'), as float [H, W]."""
    weighted: np.ndarray = rgb[..., :3].astype(float) @ np.array([0.2126, 0.7152, 0.0722])
    return weighted


def detail(rgb: np.ndarray) -> float:
    """Return the variance of the Laplacian of luma, without the bar code's rows."""
    plane = luma(rgb)[8:-40, 8:-8]
    inner = plane[1:-1, 1:-1]
    laplacian = plane[:-2, 1:-1] + plane[2:, 1:-1] + plane[1:-1, :-2] + plane[1:-1, 2:] - 4 * inner
    return float(laplacian.var())


def _rgba(width: int, height: int, text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)
