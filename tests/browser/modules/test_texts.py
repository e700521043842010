"""Texts in both languages."""

import re

import pytest
from playwright.sync_api import expect

SAME_IN_GERMAN = {
    "controls.start": "Start",
    "control.encoder": "Encoder",
    "token.label": "Token",
    "edge.server": "Server",
    "headline.psnr": "PSNR",
    "stage.title": "Video",
    "stage.original": "Original",
    "stage.record.format": "Format",
}
"""Texts that are German as they are in English. Everything else that is equal was not translated."""

TEXTS = """async () => {
    const [en, de] = await Promise.all(['en', 'de'].map((name) => import(`/static/texts/${name}.js`)));
    return { en: en.default, de: de.default };
}"""


def test_both_languages_have_every_text_with_the_same_places_to_fill(modules):
    texts = modules.evaluate(TEXTS)
    assert texts["en"].keys() == texts["de"].keys()
    for key, english in texts["en"].items():
        german = texts["de"][key]
        assert german
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", german)), key


def test_every_text_is_translated(modules):
    texts = modules.evaluate(TEXTS)
    equal = {key: english for key, english in texts["en"].items() if texts["de"][key] == english}
    assert equal == SAME_IN_GERMAN


def test_german_texts_have_no_english_words(modules):
    # Frequent English words that do not exist in German.
    english = re.compile(r"\b(the|is|are|of|and|not|this|that|with|for|to|or|by|from|again)\b", re.IGNORECASE)
    texts = modules.evaluate(TEXTS)
    assert {key: text for key, text in texts["de"].items() if english.search(text)} == {}


@pytest.mark.parametrize("file", ["index.html", "watch/index.html", "publish/index.html"])
def test_the_page_is_english_before_any_script(modules, file):
    different = modules.evaluate(
        """async (file) => {
        const html = await (await fetch(`/static/${file}`)).text();
        const page = new DOMParser().parseFromString(html, 'text/html');
        const { default: en } = await import('/static/texts/en.js');
        const shown = {
            'data-text': (element) => element.textContent,
            'data-text-label': (element) => element.getAttribute('aria-label'),
            'data-text-title': (element) => element.title,
            'data-text-option': (element) => element.getAttribute('label'),
        };
        return Object.entries(shown).flatMap(([mark, read]) => [...page.querySelectorAll(`[${mark}]`)]
            .filter((element) => read(element) !== en[element.getAttribute(mark)])
            .map((element) => element.getAttribute(mark)));
    }""",
        file,
    )
    assert different == []


def test_a_page_without_its_modules_is_not_blank(tab, site):
    tab.route("**/main.js", lambda route: route.abort())
    tab.goto(site)
    try:
        expect(tab.get_by_role("button", name="Start")).to_be_visible()
    finally:
        tab.unroute("**/main.js")
