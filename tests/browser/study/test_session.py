"""A rater goes through a whole session by keyboard; what is shown is exact; everyone can use it."""

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from acutance.server.study.manifest import load
from acutance.server.study.study_file import read
from tests.browser.calls.test_accessibility import axe, violations
from tests.browser.chromium import launch_chromium
from tests.browser.study.conftest import Served

__all__ = ["axe"]  # a fixture

_ANSWERS = """async () => {
    const { questions } = await import('/static/study/vision/questions.js');
    return questions(window.seeded()).map(({ right }) => right);
}"""


def step(page: Page) -> str:
    """Return the step that is shown."""
    shown: str = page.evaluate("document.querySelector('main > section:not([hidden])').id")
    return shown


def picture(page: Page, output: Path, name: str) -> None:
    page.screenshot(path=output / f"study-{name}.png")


def see(page: Page, axe: str, output: Path, name: str) -> None:
    """Take a picture of a step, and let axe look at it."""
    picture(page, output, name)
    assert violations(page, axe) == [], name


def check_sight(page: Page, see_step: Any = lambda name: None) -> None:
    """Answer the questions of the eyesight check."""
    expect(page.locator("#vision")).to_be_visible()
    answers = page.evaluate(_ANSWERS)
    for number, key in enumerate(answers, 1):
        expect(page.locator("#vision-question")).to_contain_text(f"{number} ")
        if number in (1, 2, 3, 8):
            see_step(f"vision-{number}")
        page.keyboard.press(key)


def vote(page: Page, key: str, see_step: Any = lambda name: None) -> None:
    """Watch the clips of a trial once and vote."""
    expect(page.locator("#trial")).to_be_visible()
    expect(page.locator(".option input").first).to_be_enabled(timeout=15_000)
    instruction = page.locator("#instruction")
    if instruction.is_visible():
        see_step("trap")
        asked = instruction.inner_text()
        options = page.locator(".option span:not(.key)").all_inner_texts()
        key = str(1 + next(index for index, words in enumerate(options) if f"“{words}”" in asked))
    page.keyboard.press(key)
    see_step("chosen")
    page.keyboard.press("Enter")


def votes(file: Path) -> list[dict[str, Any]]:
    database = sqlite3.connect(f"file:{file.parent / 'study' / 'votes.sqlite'}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    rows = [dict(row) for row in database.execute("SELECT * FROM vote ORDER BY rater, position")]
    database.close()
    return rows


def test_a_rater_goes_through_a_ccr_session_by_keyboard_and_resumes_after_a_reload(
    open_study, study: Served, axe: str, output: Path
):
    page: Page = open_study(study)
    seen: set[str] = set()

    def see_step(name: str) -> None:
        if name not in seen:
            seen.add(name)
            see(page, axe, output, f"ccr-{name}")

    expect(page.locator("#welcome")).to_be_visible()
    expect(page.locator("#consent")).to_have_text("I take part of my own free will.")
    see_step("welcome")
    expect(page.locator("#agree")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#screen-verdict")).to_have_text("The window is large enough.")
    see_step("screen")
    expect(page.locator("#screen-next")).to_be_focused()
    page.keyboard.press("Enter")
    check_sight(page, see_step)
    expect(page.locator("#notice-title")).to_have_text("Practice")
    see_step("notice")
    page.keyboard.press("Enter")
    vote(page, "4", see_step)

    page.reload()
    expect(page.locator("#trial")).to_be_visible()
    expect(page.locator("#progress-text")).to_have_text("Practice 2 of 2")
    see_step("watching")
    vote(page, "7")

    expect(page.locator("#notice-title")).to_have_text("The test")
    page.keyboard.press("Enter")
    for number in range(1, 6):
        expect(page.locator("#progress-text")).to_have_text(f"{number} of 5")
        if number == 3:
            page.reload()
            expect(page.locator("#progress-text")).to_have_text("3 of 5")
        vote(page, "6", see_step)
    expect(page.locator("#done")).to_be_visible()
    see_step("done")
    assert {"trap", "chosen", "vision-8"} <= seen
    page.reload()
    expect(page.locator("#done")).to_be_visible()

    given = votes(study.file)
    manifest = load(read(study.file))
    assert [each["position"] for each in given] == list(range(7))
    assert sorted(each["kind"] for each in given) == ["gold", "same", "test", "test", "training", "training", "trap"]
    assert [each["vote"] for each in given[:2]] == [0, 3]
    for each in given:
        assert each["value"] == (-each["vote"] if each["swapped"] else each["vote"])
        assert manifest.stimuli[each["stimulus"]].role == (each["kind"] if each["kind"] != "trap" else "test")
        timing = json.loads(each["timing"])
        assert timing["plays"] >= 1
        assert timing["vote_ms"] >= timing["shown_ms"] >= 1000  # 0.5 s of grey, 0.5 s of clip


def test_a_rater_rates_single_clips_in_german(open_study, rating: Served, axe: str, output: Path):
    page: Page = open_study(rating, locale="de-DE")
    expect(page.locator("#consent")).to_have_text("Ich nehme freiwillig teil.")
    page.keyboard.press("Enter")
    expect(page.locator("#screen-verdict")).to_have_text("Das Fenster ist groß genug.")
    page.keyboard.press("Enter")
    check_sight(page)
    expect(page.locator("#notice-next")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".option input").first).to_be_enabled(timeout=15_000)
    expect(page.locator("#right")).to_be_hidden()
    assert page.locator(".option span:not(.key)").all_inner_texts() == [
        "schlecht",
        "dürftig",
        "ordentlich",
        "gut",
        "ausgezeichnet",
    ]
    see(page, axe, output, "acr-trial")
    vote(page, "5")
    # By mouse, too.
    expect(page.locator("#progress-text")).to_contain_text("Übung 2")
    expect(page.locator(".option input").first).to_be_enabled(timeout=15_000)
    page.get_by_text("dürftig").click()
    page.get_by_role("button", name="Weiter").click()
    expect(page.locator("#progress-text")).not_to_contain_text("Übung 2")
    assert [each["value"] for each in votes(rating.file)] == [5, 2]


def test_a_window_that_is_too_small_stops_the_rater(open_study, study: Served, axe: str, output: Path):
    page: Page = open_study(study, viewport={"width": 600, "height": 400})
    expect(page.get_by_role("button", name="I agree, begin")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#screen-verdict")).to_contain_text("too small")
    expect(page.locator("#screen-next")).to_be_disabled()
    see(page, axe, output, "ccr-too-small")
    page.set_viewport_size({"width": 900, "height": 700})
    expect(page.locator("#screen-next")).to_be_enabled()


@pytest.mark.parametrize("ratio", [1, 1.5])
def test_a_pixel_of_the_clip_is_a_pixel_of_the_screen(
    chromium_program: str, browser: Browser, study: Served, ratio: float
):
    # Of a real screen: a device that is emulated is scaled as a whole, after the layout.
    arguments = (f"--force-device-scale-factor={ratio}", "--window-size=901,700")
    dense = launch_chromium(browser.browser_type, chromium_program, more=arguments)
    page = dense.new_context(no_viewport=True).new_page()
    page.goto(study.url)
    expect(page.locator("#welcome")).to_be_visible()
    assert page.evaluate("devicePixelRatio") == ratio
    # Lines of one pixel, at any place in the window: resampling or an offset would turn them grey.
    place = page.evaluate("""async () => {
        const { size } = await import('/static/study/pixels.js');
        const { show } = await import('/static/study/steps/show.js');
        show('trial');
        const [left, right] = ['left', 'right'].map((id) => document.getElementById(id));
        for (const canvas of [left, right]) size(canvas, 320, 240);
        const context = right.getContext('2d');
        for (let x = 0; x < 320; x += 1) {
            context.fillStyle = x % 2 ? '#fff' : '#000';
            context.fillRect(x, 0, 1, 240);
        }
        const { x, y } = right.getBoundingClientRect();
        return { x, y };
    }""")
    screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    dense.close()
    left, top = round(place["x"] * ratio), round(place["y"] * ratio)
    shown = screen[top : top + 240, left : left + 320]
    np.testing.assert_array_equal(shown, np.broadcast_to(np.arange(320) % 2 * 255, shown.shape))


@pytest.mark.parametrize("swapped", [False, True])
def test_both_clips_of_a_pair_show_the_same_moment_each_on_its_side(open_study, study: Served, swapped: bool):
    """The clips of `conftest` count their frames in U; the two of a pair of references are equal."""
    page: Page = open_study(study)
    manifest = load(read(study.file))
    same = next(stimulus for stimulus in manifest.of("same"))
    gold = next(stimulus for stimulus in manifest.of("gold"))
    drawn = page.evaluate(
        """async ([same, gold, swapped]) => {
        const { Player } = await import('/static/study/player.js');
        const { fetchClip, fetchStudy } = await import('/static/study/api.js');
        const { show } = await import('/static/study/steps/show.js');
        const study = await fetchStudy();
        show('trial');
        const canvases = ['left', 'right'].map((id) => document.getElementById(id));
        const player = new Player(canvases, study);
        const pixels = () => canvases.map((canvas) => canvas.getContext('2d').getImageData(0, 0, 320, 240).data);
        const frames = { same: [], gold: [] };
        for (const [name, clip] of Object.entries({ same, gold })) {
            const trial = { clip, rate: 30, swapped, training: false, instructed: null };
            await player.play(trial, await fetchClip(clip), ({ at }) => {
                const [left, right] = pixels();
                let difference = 0;
                for (let index = 0; index < left.length; index += 1) difference += Math.abs(left[index] - right[index]);
                // The mean change from pixel to pixel: a poor connection leaves little of it.
                const detail = [left, right].map((data) => {
                    let sum = 0;
                    for (let index = 4; index < data.length; index += 4) sum += Math.abs(data[index] - data[index - 4]);
                    return sum;
                });
                frames[name].push({ at, difference: difference / left.length, detail });
            });
        }
        return { ...frames, grey: pixels().map((data) => [...data.slice(0, 3)]) };
    }""",
        [same.file, gold.file, swapped],
    )
    assert len(drawn["same"]) >= 6
    assert max(frame["difference"] for frame in drawn["same"]) < 1
    sharper_right = {frame["detail"][1] > frame["detail"][0] for frame in drawn["gold"]}
    assert sharper_right == {not swapped}, "the reference is the lower clip of the file"
    assert drawn["grey"] == [[128] * 3] * 2
