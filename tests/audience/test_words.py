from __future__ import annotations

import string

import pytest

from bot.audience.words import catalog, languages, words_of


def _holes(phrase):
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


def _forms(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


def _phrases(language):
    return {message.id: message for message in catalog(language) if message.id}


def test_the_languages_are_those_the_newsroom_was_promised():
    assert set(languages()) >= {"en", "ja", "de", "fr", "es", "ar"}


@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_phrase_with_the_same_holes(language):
    english, other = _phrases("en"), _phrases(language)
    assert other.keys() == english.keys()
    for key, message in other.items():
        assert not message.fuzzy
        assert all(_forms(message)), key
        # A plural form may say the number as a word: "one story".
        wanted, found = (set().union(*map(_holes, _forms(each))) for each in (english[key], message))
        assert found == wanted, key


def test_a_phrase_that_no_catalog_has_is_an_error_and_not_its_key():
    with pytest.raises(KeyError):
        words_of("en").say("no_such_phrase")


def test_a_dialect_speaks_its_language_and_an_unknown_one_english():
    assert words_of("de-AT").plain("undo") == "Rückgängig machen"
    assert words_of("de-AT").language == "de-AT"
    assert words_of("cy").language == "en"


def test_a_foreign_value_is_escaped_and_keeps_its_own_direction():
    said = words_of("ar").say("unsubscribe_title", name="<b>Morning</b>")
    assert "<bdi>&lt;b&gt;Morning&lt;/b&gt;</bdi>" in said
