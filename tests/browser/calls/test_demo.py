"""The demonstration of the page in a call."""

import re

from playwright.sync_api import expect

# Decibels before and after; the sample clip is drawn by the page, which compares with the drawn frame.
PSNR = """() => {
    const [before, after] = document.getElementById('headline-psnr').textContent.split('→').map(parseFloat);
    return after > before + 1;
}"""


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
