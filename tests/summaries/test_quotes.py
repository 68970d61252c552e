"""Where quotations stand, and what they are."""

from __future__ import annotations

import pytest

from bot.summaries.quotes import Quotes, begins_with_speech, quotes


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("“We stay,” she said.", Quotes.WHOLE),
        ('"We stay," she said.', Quotes.WHOLE),
        ("„Wir bleiben“, sagte sie.", Quotes.WHOLE),
        ("« Nous restons », dit-elle.", Quotes.WHOLE),
        ("「残る」と話した。", Quotes.WHOLE),
        ("“We stay.", Quotes.OPEN),
        ("「残る。", Quotes.OPEN),
        ("It took long,” she said.", Quotes.STRAY),
        ('A 12" pipe burst.', Quotes.WHOLE),
        ("Nothing is quoted.", Quotes.WHOLE),
        ("", Quotes.WHOLE),
    ],
)
def test_a_quotation_is_whole_open_or_stray(text: str, state: Quotes) -> None:
    assert quotes(text) is state


@pytest.mark.parametrize(
    "text",
    [
        "“We stay,” she said.",
        '"Why?" she asked.',
        "'We stay', she said.",
        "„Wir bleiben“, sagte sie.",
        "« Nous restons », dit-elle.",
        "「残る」と話した。",
        "“我们留下。”她说。",
        "“Whoever built the pier of this bridge never looked at the river for a day” is what she said.",
    ],
)
def test_speech_at_the_beginning_is_told_from(text: str) -> None:
    assert begins_with_speech(text)


@pytest.mark.parametrize(
    "text",
    [
        "“The Tempest” opens on Monday.",
        '"Bridge of Sighs" is closed.',
        "„Faust“ hat am Montag Premiere.",
        "「嵐」は月曜に開幕する。",
        "She said: “We stay.”",
        "",
    ],
)
def test_a_title_in_quotation_marks(text: str) -> None:
    assert not begins_with_speech(text)
