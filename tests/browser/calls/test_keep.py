"""Still images and recordings of a call."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from time import monotonic

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Download, expect

from tests.browser.fidelity import gain_db
from tests.browser.numbered_video import FRAMES, number_in
from tests.browser.stage_page import StagePage

RECORDED_MS = 4_000


@pytest.fixture(scope="module")
def camera(numbered_camera: Path) -> Path:
    return numbered_camera


@pytest.fixture
def stage(live_stage: StagePage) -> Iterator[StagePage]:
    live_stage.reset()
    yield live_stage
    # A test that failed may have left a recording.
    record = live_stage.page.locator("#record")
    if record.get_attribute("data-recording") is not None:
        if record.is_enabled():
            record.click()
        expect(record).to_have_text("Record", timeout=15_000)


def test_a_still_is_the_pair_pixel_by_pixel_with_what_it_shows_below(stage, output):
    stage.freeze()
    original, enhanced = stage.halves()
    with stage.page.expect_download() as download:
        stage.press("stage-save")
    path = save(download.value, output)
    made = datetime.strptime(path.name, "acutance-%Y-%m-%d-%H%M%S.png")
    assert abs((datetime.now() - made).total_seconds()) < 60
    expect(stage.page.locator("#stage-message")).to_contain_text(path.name)

    picture = Image.open(path)
    assert picture.info == {}, "no metadata about a person or a place"
    pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape[1] == 2 * 640
    assert np.array_equal(pixels[:360, :640], original[..., :3])
    assert np.array_equal(pixels[:360, 640:], enhanced[..., :3])
    assert number_in(original) == number_in(enhanced)
    assert gain_db(pixels[:360, :640], pixels[:360, 640:]) > 0
    caption = pixels[360:]
    assert 40 < caption.shape[0] < 120
    for half in (caption[:, :640], caption[:, 640:]):
        assert half.max() == 255, "white letters under each half"
        assert (half.max(-1) > 128).mean() < 0.2


@pytest.mark.parametrize(("what", "container"), [("enhanced", "mp4"), ("both", "webm"), ("both", "mp4")])
def test_a_recording_moves_and_is_as_long_as_the_page_shows(stage, output, what, container):
    stage.page.locator("#record-what").select_option(what)
    stage.page.locator("#record-format").select_option(container)
    pressed = monotonic()
    stage.press("record")
    expect(stage.page.locator("#record")).to_have_text("Stop recording")
    started = monotonic()
    displayed = []
    for _ in range(8):
        stage.page.wait_for_timeout(RECORDED_MS // 8)
        displayed.append(stage.halves())
    assert re.fullmatch(r"0:\d\d\.\d · \d+\.\d MB", stage.whole.text("record-progress"))
    stopping = monotonic()
    with stage.page.expect_download() as download:
        stage.press("record")
    ended = monotonic()
    path = save(download.value, output)
    assert path.suffix == f".{container}"
    measured, size = re.fullmatch(r"0:(\d\d\.\d) · (\d+\.\d) MB", stage.whole.text("record-progress")).groups()
    assert path.stat().st_size == pytest.approx(float(size) * 1e6, abs=60_000)
    assert stopping - started - 0.5 <= float(measured) <= ended - pressed

    times, pictures = frames_of(path)
    assert times[-1] - times[0] == pytest.approx(float(measured), abs=0.5)
    assert pictures[0].shape == (360, 640 if what == "enhanced" else 1280, 3)
    shown = [halves_of(picture) for picture in pictures[len(pictures) // 4 :]]
    assert len({numbers[-1] for numbers in shown}) > 5, "it moves"
    forward = [(later[-1] - sooner[-1]) % FRAMES for sooner, later in pairwise(shown)]
    assert max(forward) < FRAMES // 2, "and never backwards"
    if what == "both":
        assert all(original == enhanced for original, enhanced in shown)
        recorded = {number_in(picture[:, :640]): np.split(picture, 2, axis=1) for picture in pictures}
        # On a busy host the stage may show two frames that are only close in time; they are not recorded.
        same = [pair for pair in displayed if number_in(pair[0]) == number_in(pair[1])]
        found = [(pair, recorded[number_in(pair[0])]) for pair in same if number_in(pair[0]) in recorded]
        assert len(found) >= 2, "what was displayed is in the file"
        for (original, enhanced), (left, right) in found:
            assert projection(left, right, original, enhanced) > 0, "the halves are not exchanged"


def test_sound_that_comes_back_is_in_the_file(stage, output):
    stage.page.locator("#microphone").check()
    stage.whole.until(_HEARS)
    stage.page.locator("#record-what").select_option("both")
    stage.page.locator("#record-format").select_option("mp4")
    stage.press("record")
    stage.page.wait_for_timeout(RECORDED_MS)
    with stage.page.expect_download() as download:
        stage.press("record")
    path = save(download.value, output)
    times, _ = frames_of(path)
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    assert frames[-1].time - frames[0].time == pytest.approx(times[-1] - times[0], abs=0.5)
    # Chromium's made-up microphone beeps once a second.
    loud = [np.abs(frame.to_ndarray()).max() > 0.02 for frame in frames]
    assert 0.02 < np.mean(loud) < 0.9
    stage.page.locator("#microphone").uncheck()


def test_the_end_of_the_call_ends_a_recording_and_keeps_it(stage, output):
    """The last of this module: the call is over then."""
    stage.page.locator("#record-what").select_option("enhanced")
    stage.press("record")
    stage.page.wait_for_timeout(1_500)
    with stage.page.expect_download() as download:
        stage.whole.stop()
    times, _ = frames_of(save(download.value, output))
    assert times[-1] - times[0] > 0.7
    expect(stage.page.locator("#record")).to_be_disabled()
    expect(stage.page.locator("#record")).to_have_text("Record")
    stage.press("stage-save")
    expect(stage.page.locator("#stage-message")).to_have_text("There is no frame to save yet.")


_HEARS = """() => document.getElementById('enhanced-video').srcObject.getAudioTracks()
    .some(({ readyState, muted }) => readyState === 'live' && !muted)"""


def projection(left: np.ndarray, right: np.ndarray, original: np.ndarray, enhanced: np.ndarray) -> float:
    """Return the difference of the halves along that of the frames: about 1 if they are these frames, -1 if exchanged.

    The recording's own losses are far larger than the difference of the frames, but alike in both halves.
    """
    halves, frames = (
        one[..., :3].astype(float) - other[..., :3] for one, other in ((left, right), (original, enhanced))
    )
    return float((halves * frames).sum() / (frames * frames).sum())


def save(download: Download, folder: Path) -> Path:
    path = folder / download.suggested_filename
    download.save_as(path)
    return path


def frames_of(path: Path) -> tuple[list[float], list[np.ndarray]]:
    """Return when each frame is shown, in seconds, and the frames as RGB."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [frame.time for frame in frames], [frame.to_ndarray(format="rgb24") for frame in frames]


def halves_of(picture: np.ndarray) -> list[int | None]:
    """Return the numbers in a recorded picture: of the original, if it is there, and of the enhanced."""
    return [number_in(half) for half in np.split(picture, picture.shape[1] // 640, axis=1)]
