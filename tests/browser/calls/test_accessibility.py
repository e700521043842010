"""Accessibility: axe-core reports no violation, the keyboard reaches every control, both languages are complete."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.modules.test_texts import SAME_IN_GERMAN

AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ target }) => target.join(' ')) }));
}"""
_NO_CAMERA = """() => {
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); };
}"""
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 900}}


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci --prefix tests/browser")
    return AXE.read_text()


def violations(page: Page, axe: str) -> list[dict[str, Any]]:
    # Injected by the debugger, because the policy of the page allows no inline script.
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_violation_before_during_and_after_a_call(open_page, server, axe, size, scheme):
    page = open_page(server, viewport=SIZES[size], color_scheme=scheme)
    tab = page.page
    assert violations(tab, axe) == []
    page.choose("sample")
    page.start()
    assert violations(tab, axe) == []
    tab.get_by_role("button", name="Divider").click()
    assert violations(tab, axe) == []
    tab.locator("#stop").click()

    tab.evaluate(_NO_CAMERA)
    tab.locator("#source").select_option(index=0)
    tab.locator("#start").click()
    page.expect_error("No camera was found", "sample clip")
    assert violations(tab, axe) == []


def test_axe_finds_no_violation_with_forced_colors_and_pressed_buttons_differ(open_page, server, axe):
    tab = open_page(server, forced_colors="active").page
    assert violations(tab, axe) == []
    colors = tab.evaluate("""() => ['side', 'divider'].map((value) => getComputedStyle(
        document.querySelector(`#stage-view [data-value=${value}]`)).backgroundColor)""")
    assert colors[0] != colors[1]


def test_axe_finds_no_violation_in_the_dialogs(open_page, server, axe):
    tab = open_page(server).page
    tab.evaluate("import('/static/call/token-dialog.js').then(({ askToken }) => void askToken(false))")
    expect(tab.get_by_role("dialog", name="This server requires a token")).to_be_visible()
    assert violations(tab, axe) == []
    tab.keyboard.press("Escape")
    tab.evaluate("document.getElementById('copy-dialog').showModal()")
    assert violations(tab, axe) == []


def test_the_language_of_the_browser_is_taken_and_another_one_kept(open_page, server):
    tab = open_page(server, locale="de-AT", ready="Bereit.").page
    expect(tab.locator("html")).to_have_attribute("lang", "de")
    expect(tab.get_by_role("button", name="Start")).to_be_visible()
    expect(tab.get_by_role("button", name="Niedrige Bitrate")).to_be_visible()
    tab.get_by_role("combobox", name="Sprache").select_option("en")
    expect(tab.locator("#status-what")).to_have_text("Ready.")
    expect(tab.get_by_role("button", name="Low bit rate")).to_be_visible()
    expect(tab.locator("#uplink-bitrate-value")).to_have_text("no limit")
    tab.reload()
    expect(tab.locator("html")).to_have_attribute("lang", "en")
    expect(tab.locator("#status-what")).to_have_text("Ready.")


def test_the_language_changes_in_mid_call_and_figures_follow(open_page, server):
    page = open_page(server)
    page.choose("sample")
    page.start()
    page.page.locator("#language").select_option("de")
    expect(page.page.locator("#status-next")).to_contain_text("Vergleiche Feinheiten")
    expect(page.page.locator("#figure-returned")).to_contain_text(",", timeout=5_000)
    shown = page.page.evaluate("""async () => {
        const { default: en } = await import('/static/texts/en.js');
        return [...document.querySelectorAll('[data-text]')].map(({ dataset: { text }, textContent }) =>
            [text, textContent, en[text]]);
    }""")
    assert [key for key, text, _ in shown if text == ""] == []
    untranslated = {key: text for key, text, english in shown if text == english}
    assert untranslated.items() <= SAME_IN_GERMAN.items()


def test_the_keyboard_reaches_every_control_and_the_focus_is_visible(open_page, server):
    tab = open_page(server).page
    wanted = set(
        tab.evaluate("""() => [...document.querySelectorAll('button, select, input, a[href], summary, [tabindex]')]
            .filter((element) => element.checkVisibility() && !element.disabled && element.tabIndex >= 0
                && !element.closest('dialog:not([open])')).map((element) =>
                element.id || element.dataset.value || element.firstElementChild?.id)""")
    )
    reached = set()
    for _ in range(len(wanted) + 5):
        tab.keyboard.press("Tab")
        focused = tab.evaluate("""() => {
            const element = document.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            const name = element.id || element.dataset.value || element.firstElementChild?.id;
            return { name, ring: outlineStyle !== 'none' && outlineWidth };
        }""")
        if focused["name"]:
            reached.add(focused["name"])
            assert focused["ring"] == "3px", f"no focus ring at {focused['name']}"
    assert wanted <= reached


def test_reduced_motion_stops_every_transition(open_page, server):
    tab = open_page(server, reduced_motion="reduce").page
    moving = tab.evaluate("""() => [...document.querySelectorAll('*')].filter((element) => {
        const { transitionDuration, animationName } = getComputedStyle(element);
        return transitionDuration !== '0s' || animationName !== 'none';
    }).length""")
    assert moving == 0


def test_the_content_security_policy_allows_no_inline_code_and_no_other_host(open_page, server):
    page = open_page(server)
    tab = page.page
    tab.evaluate("""() => {
        window.broken = [];
        document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
            broken.push(effectiveDirective);
        });
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
        document.body.setAttribute('style', 'color: red');
        fetch('https://example.org/').catch(() => {});
    }""")
    page.until("() => broken.length >= 3")
    assert {"script-src-elem", "style-src-attr", "connect-src"} <= set(tab.evaluate("broken"))
    assert tab.evaluate("window.ran") is None
    page.faults.clear()  # Chromium logs each of them on the console; this test causes them
