"""Texts in both languages."""

import re

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
