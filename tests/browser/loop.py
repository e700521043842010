"""Makes the loop of the README and the stills of the page: `python -m tests.browser.loop CLIP`.

A browser sends the clip to a server, first over a good connection, then at half the size with few bits, as the
demonstration of the page does; the pairs of frames are those that the page shows. The clip's licence must allow it.
"""

import argparse
import base64
import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from playwright.sync_api import Page, expect, sync_playwright
from skimage.metrics import peak_signal_noise_ratio

from tests.browser.acutance_page import AcutancePage
from tests.browser.chromium import MISSING, find_chromium, launch_chromium
from tests.browser.real_server import running_server

_ROOT = Path(__file__).parents[2]
_SECONDS = 6.0
_RATE = 8  # frames per second of the loop: below 1 MB
_QUALITY = 62
_GOOD_MS = 15_000  # the sender's bit rate climbs from 300 kbit/s
_SIZE = (640, 360)
_CROP = (400, 300)
_BAR = 26

# Both halves of one pair, as PNG in Base64.
_PAIR = """async () => {
    const ids = ['original-canvas', 'enhanced-canvas'];
    const bitmaps = await Promise.all(ids.map((id) => createImageBitmap(document.getElementById(id))));
    return Promise.all(bitmaps.map(async (bitmap) => {
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        canvas.getContext('2d').drawImage(bitmap, 0, 0);
        const bytes = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
        let text = '';
        for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
        return btoa(text);
    }));
}"""


@dataclass(frozen=True)
class Pair:
    """One frame, as it was sent and as it was returned; `at` in seconds."""

    at: float
    before: Image.Image
    after: Image.Image


def _shoot(tab: Page) -> list[Pair]:
    began = time.monotonic()
    pairs = []
    while (at := time.monotonic() - began) < _SECONDS:
        before, after = (Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB") for text in tab.evaluate(_PAIR))
        pairs.append(Pair(at, before, after))
        rest = (len(pairs) / _RATE) - (time.monotonic() - began)
        tab.wait_for_timeout(max(1000 * rest, 0))
    return pairs


def _luma(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"))


def _reduce(clip: Path, to: Path) -> list[np.ndarray]:
    """Write the middle of the clip at the size of the call, and return the luma of its frames.

    It is played forwards and backwards, because a cut at its end would look like another scene.
    """
    pictures = []
    with av.open(str(clip)) as source, av.open(str(to), "w") as target:
        rate = source.streams.video[0].average_rate or 25
        stream = target.add_stream("libx264", rate=rate, options={"crf": "4", "preset": "veryfast"})
        stream.width, stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        for frame in source.decode(video=0):
            pictures.append(ImageOps.fit(frame.to_image(), _SIZE, Image.Resampling.LANCZOS))
        for picture in [*pictures, *reversed(pictures)]:
            target.mux(stream.encode(av.VideoFrame.from_image(picture)))
        target.mux(stream.encode(None))
    return [_luma(picture) for picture in pictures]


def _psnr(pairs: list[Pair], truth: list[np.ndarray]) -> tuple[float, float]:
    """Return the means before and after, each pair against the frame of the clip that is closest to both."""
    sums = np.zeros(2)
    for pair in pairs:
        halves = [_luma(pair.before), _luma(pair.after)]
        mean = np.mean(halves, axis=0)
        closest = min(truth, key=lambda frame: float(np.square(frame - mean).mean()))
        sums += [peak_signal_noise_ratio(closest, half, data_range=255) for half in halves]
    before, after = sums / len(pairs)
    return float(before), float(after)


def _frame(pair: Pair, corner: tuple[int, int], words: tuple[str, str]) -> Image.Image:
    across, down = _CROP
    left, top = corner
    made = Image.new("RGB", (2 * across + 4, down + _BAR), "#0c0f13")
    draw = ImageDraw.Draw(made)
    font = ImageFont.load_default(15)
    for index, half in enumerate((pair.before, pair.after)):
        x = index * (across + 4)
        made.paste(half.crop((left, top, left + across, top + down)), (x, _BAR))
        draw.text((x + 8, 4), words[index], fill="#ffffff", font=font)
    return made


def main() -> int:
    """Write the files and print the figures; return 1 and print one line if no browser is installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.loop", description=__doc__)
    parser.add_argument("clip", type=Path, help="a video file whose camera stands still")
    parser.add_argument("--left", type=int, default=70, help="left edge of the shown part, of 640 columns")
    parser.add_argument("--top", type=int, default=30, help="its upper edge, of 360 rows")
    parser.add_argument("--out", type=Path, default=_ROOT, help="root of the repository")
    options = parser.parse_args()
    program = find_chromium()
    if program is None:
        print(f"loop: {MISSING}")
        return 1
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_server(Path(scratch) / "server.log", "--student", "nano") as server,
        sync_playwright() as playwright,
    ):
        browser = launch_chromium(playwright.chromium, program)
        page = AcutancePage(browser.new_page(), server.url)
        page.open()
        tab = page.page
        clip = Path(scratch) / "clip.mp4"
        truth = _reduce(options.clip, clip)
        tab.locator("#file").set_input_files(clip)
        tab.locator("#source").select_option("file")
        page.start()
        tab.wait_for_timeout(_GOOD_MS)
        tab.get_by_role("button", name="Show me the difference").click()
        expect(tab.locator("#demo-values")).to_contain_text("restored from memory", timeout=60_000)
        tab.wait_for_timeout(3_000)
        pairs = _shoot(tab)
        student = page.text("server-student")
        share = page.text("headline-memory").partition(" (")[0]
        sent = page.text("headline-sent").partition(",")[0]
        browser.close()
    before, after = _psnr(pairs, truth)
    words = (
        f"Sent: half size, {sent}, PSNR {before:.1f} dB",
        f"Returned: student {student}, {share} from memory, {after:.1f} dB",
    )
    frames = [_frame(pair, (options.left, options.top), words) for pair in pairs]
    ends = [pair.at for pair in pairs[1:]] + [_SECONDS]
    durations = [round(1000 * (end - pair.at)) for pair, end in zip(pairs, ends, strict=True)]
    loop = options.out / "docs" / "loop.webp"
    frames[0].save(
        loop, save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=_QUALITY, method=6
    )
    stills = options.out / "static" / "stills"
    stills.mkdir(exist_ok=True)
    middle = pairs[len(pairs) // 2]
    middle.before.save(stills / "before.webp", quality=80, method=6)
    middle.after.save(stills / "after.webp", quality=80, method=6)
    print(f"loop: {loop}, {loop.stat().st_size // 1000} kB, {len(frames)} frames; {'; '.join(words)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
