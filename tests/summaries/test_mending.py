"""What would be true in the place of what an article does not say."""

from __future__ import annotations

import pytest

from bot.summaries.grounding import Offence
from bot.summaries.mending import mending
from bot.summaries.source import SourceSentence


@pytest.mark.parametrize(
    ("what", "wrong", "sentence", "source", "right"),
    [
        ("number", "£4.2 million", "It costs £4.2 million.", "The work costs £2.4 million.", "£2.4 million"),
        (
            "number",
            "£4.2 million",
            "The work costs the council £4.2 million.",
            "The work costs £2.4 million, of which the government pays £1.1 million.",
            "£2.4 million",
        ),
        ("number", "12", "12 people were hurt.", "13 people were hurt when 2 trams met.", "13"),
        ("number", "12 %", "Rents rose 12 %.", "Rents rose by 21 percent.", "21 percent"),
        ("date", "3 May", "It opens on 3 May.", "The bridge opens on 5 May, the mayor said.", "5 May"),
        ("name", "Caldor", "Ruth Caldor spoke.", "“It is bad,” said Ruth Calder.", "Calder"),
        # What could be meant is not sure.
        ("number", "9", "9 came.", "From 5 towns 7 came and 8 left.", ""),
        ("number", "£9", "It costs £9.", "It costs 12 euros.", ""),
        ("date", "3 May", "It opens on 3 May.", "It opens on 5 May and closes on 6 June.", ""),
        ("name", "Miller", "Ann Miller spoke.", "Ruth Calder spoke.", ""),
        ("quotation", "“Bad”", "He said “Bad”.", "He said “Good”.", ""),
    ],
)
def test_the_articles_own_is_offered_where_one_thing_differs(what, wrong, sentence, source, right):
    assert mending(Offence(what, wrong), sentence, SourceSentence(1, source), "en") == right
