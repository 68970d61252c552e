"""What the program says is an English text that knows of what it is made."""

from __future__ import annotations

import json
import pickle
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from bot.model import Phrase, Several, Way, plural, several
from bot.testing import NOW

LONDON = ZoneInfo("Europe/London")


def everything():
    return Phrase(
        "%(who)s took %(count)s of %(sections)s, %(ratio)s, at %(clock)s on %(day)s, %(age)s late: %(why)s",
        who="Inés 100 %(who)s",
        count=12_408,
        sections=Several(("Sport", Phrase("the %(name)s", name="wire"), "Culture"), Way.OR),
        ratio=4.456,
        clock=time(7, 5),
        day=NOW.astimezone(LONDON),
        age=timedelta(hours=3, minutes=20),
        why=plural(2, "%(count)s picture", "%(count)s pictures"),
    )


def test_a_phrase_is_read_as_english():
    assert everything() == (
        "Inés 100 %(who)s took 12,408 of Sport, the wire or Culture, 4.5, at 07:05 on 24 November 2026, 07:00, "
        "3 h late: 2 pictures"
    )


def test_the_form_follows_the_number():
    said = [plural(number, "%(count)s story of %(all)s", "%(count)s stories of %(all)s", all=9) for number in (0, 1, 2)]
    assert said == ["0 stories of 9", "1 story of 9", "2 stories of 9"]


def test_durations_are_told_in_their_largest_unit():
    spans = (timedelta(minutes=-5), timedelta(minutes=59), timedelta(hours=1), timedelta(hours=47), timedelta(days=2))
    assert [Phrase("%(age)s", age=each) for each in spans] == ["0 min", "59 min", "1 h", "47 h", "2 days"]


def test_it_comes_back_from_json_with_all_that_it_is_made_of():
    said = everything()
    back = Phrase.from_content(json.loads(json.dumps(said.content())))
    assert (back, back.template, dict(back.facts)) == (said, said.template, dict(said.facts))
    assert back.facts["day"].tzinfo == LONDON
    assert back.facts["why"].many == "%(count)s pictures"


def test_it_goes_from_process_to_process():
    said = pickle.loads(pickle.dumps(everything()))  # noqa: S301
    assert (said, said.facts["age"]) == (everything(), timedelta(hours=3, minutes=20))


def test_a_hostile_fact_stays_one_line():
    said = Phrase("The part “%(title)s” is empty", title="a\r\nb\x1b[2J\u202ec")
    assert said == "The part “a b [2J c” is empty"
    assert several(("a\nb", "c"), Way.APART) == "a b; c"


def test_a_phrase_is_rewritten_in_its_facts_however_deep_and_nowhere_else():
    said = Phrase(
        "a key of %(who)s: %(why)s, %(all)s, %(count)s",
        who="key-1",
        why=Phrase("a key: %(said)s", said="key-2"),
        all=Several(("key-3", Phrase("the key %(name)s", name="key-4"))),
        count=2,
    )
    written = said.rewritten(lambda text: text.replace("key", "…"))
    assert written == "a key of …-1: a key: …-2, …-3, the key …-4, 2"
    assert written.template == said.template
