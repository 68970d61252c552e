"""What makes a sentence tell much of its article."""

from __future__ import annotations

import pytest

from bot.summaries.salience import likeness, tellings
from bot.summaries.units import units

FERRY = "The ferry of Port Alder stays in harbour until the storm is over."
STORM = "The storm tore two cables of the ferry in the harbour of Port Alder."
CHOIR = "A choir sang carols beside the town hall on Sunday evening."


def scores(*texts: str, title: str = "", tag: str = "en") -> list[float]:
    return [telling.score for telling in tellings(tuple(units(texts, tag)), title)]


def test_the_same_sentence_tells_more_at_the_top() -> None:
    first, _, third = scores(FERRY, CHOIR, FERRY)
    assert first > third


def test_what_the_article_is_about_tells_more_than_an_aside() -> None:
    _, aside, about, _ = scores(FERRY, CHOIR, STORM, FERRY)
    assert about > aside


def test_what_the_title_names_tells_more() -> None:
    plain, named = scores(FERRY, CHOIR)[1], scores(FERRY, CHOIR, title="Choir carols")[1]
    assert named == pytest.approx(plain + 1.0)


def test_a_number_tells_more_and_a_quotation_less() -> None:
    told = scores("The ferry waits for wind.", "The ferry waits for 12 winds.")
    quoted = scores("The ferry waits for wind.", "“The ferry waits for 12 winds,” said Roe.")
    assert told[1] > quoted[1]


def test_a_thin_sentence_tells_less_than_a_full_one_and_an_endless_one_less_again() -> None:
    clause = ", and the harbour office checks anchors, buoys, chains, cranes and lamps beside the northern quay"
    base = "Sailors wait"
    thin, full, endless = (scores(CHOIR, f"{base}{clause * times}.")[1] for times in (0, 1, 4))
    assert full > thin
    assert full > endless


def test_chinese_and_japanese_sentences_are_alike_by_their_characters() -> None:
    told = tellings(tuple(units(["港口的渡轮停航。", "渡轮周一停航。", "合唱团周日演出。"], "zh")), "")
    assert likeness(told[0].vector, told[1].vector) > likeness(told[0].vector, told[2].vector)


def test_a_text_without_a_term_is_no_error() -> None:
    assert len(scores("!!!", "…", title="?")) == 2
