"""A simulated bad uplink: the sent video gets worse and is returned at its original size."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acutance_page import HOLD_CONNECTION, LIVE, size_text

ENCODING = "held.pc.getSenders().find(({ track }) => track?.kind === 'video').getParameters().encodings[0]"

# Decibels before and after; the sample clip is drawn by the page, which compares with the drawn frame.
PSNR = """() => {
    const [before, after] = document.getElementById('headline-psnr').textContent.split('→').map(parseFloat);
    return after > before + 1;
}"""


def sharpness(page, pane: str) -> float:
    """Return the middle of five."""
    values = []
    for _ in range(5):
        values.append(page.measure(pane)["sharpness"])
        page.page.wait_for_timeout(100)
    return sorted(values)[2]


@pytest.fixture
def live(open_page, server):
    page = open_page(server, HOLD_CONNECTION)
    page.start()
    return page


def test_presets_make_the_uplink_bad_and_good_again(live):
    tab = live.page
    for button in ("No limit", "Low bit rate", "Half size"):
        pressed = str(button == "No limit").lower()
        expect(tab.get_by_role("button", name=button)).to_have_attribute("aria-pressed", pressed)
    tab.get_by_role("button", name="Half size").click()
    expect(tab.get_by_role("button", name="Half size")).to_have_attribute("aria-pressed", "true")
    expect(tab.locator("#uplink-bitrate-value")).to_have_text("86 kbit/s, 0.05 bits per pixel")
    expect(tab.locator("#uplink-scale-value")).to_have_text("1 : 2")
    # The sent video has half the size; the returned video has the full size.
    expect(tab.locator("#original-size")).to_have_text(size_text(320, 180), timeout=15_000)
    expect(tab.locator("#server-size")).to_have_text(f"{size_text(320, 180)} → {size_text(640, 360)}", timeout=15_000)
    tab.wait_for_timeout(4_000)
    assert live.number("figure-bits-up") < 130
    assert tab.evaluate(ENCODING)["maxBitrate"] == 86_400

    tab.get_by_role("button", name="No limit").click()
    expect(tab.locator("#original-size")).to_have_text(size_text(640, 360), timeout=15_000)
    assert "maxBitrate" not in tab.evaluate(ENCODING)
    expect(tab.locator("#status-what")).to_have_text(LIVE)


@pytest.mark.parametrize("by", ["frames", "canvas"])
def test_a_soft_camera_is_softened_before_it_is_sent_and_sharp_again_when_switched_off(open_page, server, by):
    page = open_page(server, "delete globalThis.MediaStreamTrackProcessor" if by == "canvas" else "")
    page.choose("sample")
    page.start()
    sharp = sharpness(page, "original")
    switch = page.page.get_by_role("switch", name="Soften the camera")
    slider = page.page.get_by_role("slider", name="Softness")
    expect(slider).to_be_hidden()
    switch.check()
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "4.0 ×")  # noqa: RUF001 - as it is written on the page
    page.wait_until(lambda: sharpness(page, "original") < sharp / 2)
    soft = sharpness(page, "original")
    assert sharpness(page, "enhanced") > soft, "the enhanced frame is closer to the photograph"
    switch.uncheck()
    page.wait_until(lambda: sharpness(page, "original") > 2 * soft)
    expect(page.page.locator("#status-what")).to_have_text(LIVE)


def test_settings_from_before_the_call_apply_in_it(open_page, server):
    page = open_page(server, HOLD_CONNECTION)
    page.page.get_by_role("button", name="Half size").click()
    page.start()
    assert page.page.evaluate(ENCODING)["maxBitrate"] == 86_400
    expect(page.page.locator("#server-size")).to_have_text(
        f"{size_text(320, 180)} → {size_text(640, 360)}", timeout=15_000
    )


def test_a_poor_connection_shows_what_the_memory_restores(open_page, server, output):
    page = open_page(server, viewport={"width": 1280, "height": 800})
    page.choose("sample")
    page.page.get_by_role("button", name="Show me the difference").click()
    expect(page.page.locator("#demo-what")).to_contain_text("Good connection", timeout=30_000)
    expect(page.page.locator("#demo-what")).to_contain_text("Poor connection", timeout=30_000)
    expect(page.page.locator("#uplink-presets [data-value=half]")).to_have_attribute("aria-pressed", "true")
    expect(page.page.locator("#stage-panes")).to_have_attribute("data-zoom", "2", timeout=15_000)
    expect(page.page.locator("#demo-values")).to_contain_text("restored from memory", timeout=30_000)
    expect(page.page.locator("#status-what")).to_have_text("Live: restoring detail from memory.", timeout=15_000)
    page.until(PSNR, seconds=30)
    page.page.screenshot(path=output / "demo.png")

    flip = page.page.locator("#stage-flip")
    flip.focus()
    page.page.keyboard.down("Space")
    expect(page.page.locator("#stage")).to_have_attribute("data-flip", "")
    page.page.keyboard.up("Space")
    expect(page.page.locator("#stage")).not_to_have_attribute("data-flip", re.compile(""))

    page.page.get_by_role("button", name="No limit").click()
    expect(page.page.locator("#demo-caption")).to_be_hidden()
