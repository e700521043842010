"""The layout on a desktop and a phone, light and dark: no state moves the videos or overflows the page."""

import pytest
from playwright.sync_api import Page, expect

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
_PANES = "() => [...document.querySelectorAll('.pane')].map((pane) => pane.getBoundingClientRect().toJSON())"

_DENY = """() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); };
}"""

# Every message in turn, in both languages, with a detail of usual length and a button where there may be one.
_ERRORS = """async () => {
    const [{ default: en }, { chooseLanguage }, { showStatus }] = await Promise.all(
        ['texts/en', 'texts', 'status'].map((name) => import(`/static/${name}.js`)));
    const values = { because: ': The offer has no H264 and no VP8.', host: 'acutance.example.org', port: ':8080',
        reason: 'The offer has no H264 and no VP8.' };
    const stage = document.getElementById('stage');
    const tops = [];
    for (const language of ['de', 'en']) {
        chooseLanguage(language);
        for (const key of Object.keys(en).filter((name) => /^(state|error)[.](?!microphone).*what$/.test(name))) {
            const action = key.startsWith('error') ? { label: 'state.sample', act: () => {} } : null;
            showStatus({ kind: 'error', what: key, next: key.replace(/what$/, 'next'), values, action });
            tops.push({ language, key, top: stage.getBoundingClientRect().top });
        }
    }
    return tops;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("name", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_no_state_moves_the_videos_or_makes_the_page_scroll_sideways(open_page, server, output, name, viewport, scheme):
    page = open_page(server, viewport=viewport, color_scheme=scheme, device_scale_factor=2)
    before = page.page.evaluate(_PANES)
    page.page.screenshot(path=output / f"idle-{name}-{scheme}.png", full_page=True)
    assert_fits(page.page)
    page.start()
    page.page.wait_for_timeout(2_500)
    page.page.screenshot(path=output / f"live-{name}-{scheme}.png", full_page=True)
    assert page.page.evaluate(_PANES) == before
    assert_fits(page.page)
    page.page.locator("#stop").click()

    page.page.evaluate(_DENY)
    page.page.locator("#start").click()
    expect(page.page.locator("#status-box")).to_have_attribute("data-kind", "error")
    page.page.screenshot(path=output / f"error-{name}-{scheme}.png", full_page=True)
    assert page.page.evaluate(_PANES) == before
    assert_fits(page.page)


@pytest.mark.parametrize("width", [3840, 1280, 1024, 768, 600, 390, 320])
def test_no_message_moves_the_videos(open_page, server, width):
    page = open_page(server, viewport={"width": width, "height": 900}).page
    top = page.evaluate("document.getElementById('stage').getBoundingClientRect().top")
    assert [moved for moved in page.evaluate(_ERRORS) if moved["top"] != top] == []
    assert_fits(page)


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 800}, PHONE], ids=["desktop", "phone"])
def test_comparison_figures_and_presets_are_visible_without_scrolling(open_page, server, viewport):
    page = open_page(server, viewport=viewport).page
    for part in (".panes", ".headline", "#uplink-presets", "#stage-view"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= viewport["height"], part
    page.get_by_role("button", name="Divider").click()
    box = page.locator("#uplink-presets").bounding_box()
    assert box["y"] + box["height"] <= viewport["height"]


def test_view_and_panels_are_as_at_the_last_visit(open_page, server):
    page = open_page(server).page
    panels = page.locator("details")
    assert [panel.get_attribute("open") for panel in panels.all()] == [""] * panels.count()
    page.get_by_role("button", name="Divider").click()
    page.get_by_role("heading", name="Enhancement").click()
    page.reload()
    expect(page.locator("#stage")).to_have_attribute("data-view", "divider")
    expect(page.locator("#student")).to_be_hidden()
    expect(page.locator("#resolution")).to_be_visible()
    page.goto(f"{server.url}?view=side")
    expect(page.locator("#stage")).to_have_attribute("data-view", "side")


def test_every_control_has_a_name_and_the_status_is_a_live_region(open_page, server):
    page = open_page(server).page
    for role, name in (
        ("combobox", "Video source"),
        ("combobox", "Resolution"),
        ("combobox", "Student"),
        ("slider", "Strength"),
        ("switch", "Soften the camera"),
        ("switch", "Send the microphone"),
        ("button", "Start"),
    ):
        expect(page.get_by_role(role, name=name, exact=True)).to_have_count(1)
    expect(page.locator("#status")).to_have_role("status")
    expect(page.locator("#status")).to_contain_text("Ready.")
    for video in ("original-video", "enhanced-video"):
        for attribute in ("playsinline", "muted", "autoplay"):
            expect(page.locator(f"#{video}")).to_have_attribute(attribute, "")


def assert_fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
