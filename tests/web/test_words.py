from __future__ import annotations

import string

import pytest

from bot.testing import subscribe
from bot.web.public.words import languages, words_of


def _holes(phrase):
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_phrase_with_the_same_holes(language):
    english, other = languages()["en"], languages()[language]
    assert other.keys() == english.keys()
    assert {key: _holes(phrase) for key, phrase in other.items()} == {
        key: _holes(phrase) for key, phrase in english.items()
    }


def test_a_dialect_speaks_its_language_and_an_unknown_one_english():
    assert words_of("de-AT").plain("undo") == "Rückgängig machen"
    assert words_of("de-AT").language == "de-AT"
    assert words_of("cy").language == "en"


def test_a_foreign_value_is_escaped_and_keeps_its_own_direction():
    said = words_of("ar").say("unsubscribe_title", name="<b>Morning</b>")
    assert "<bdi>&lt;b&gt;Morning&lt;/b&gt;</bdi>" in said


@pytest.mark.parametrize(
    ("language", "direction", "word"),
    [("ar", "rtl", "إلغاء الاشتراك"), ("ja", "ltr", "停止"), ("de", "ltr", "Abbestellen")],
)
async def test_public_pages_speak_the_newsrooms_language(build_web, language, direction, word):
    web = build_web(newsroom=f'language = "{language}"')
    reader = subscribe(web.store, "mara@example.org")[0]
    page = await web.get(web.unsubscribe_path(reader))
    assert f'<html lang="{language}" dir="{direction}">' in page.text
    assert word in page.text
