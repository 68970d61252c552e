"""What an editor is told of a burst: readers, providers and answers, each counted once."""

from __future__ import annotations

from datetime import timedelta

from bot.delivery.suspects import ALL, NAMED, summed_up
from bot.model import Answer, Effect, Event, Hit, Verdict
from bot.testing import NOW


def back(reader, domain="company.example", said="550 5.1.1 no such user", minutes=0):
    made = Event(
        key=f"{reader}-{minutes}",
        at=NOW + timedelta(minutes=minutes),
        verdict=Verdict.HARD,
        source="maildir",
        effect=Effect.WAITING,
        subscriber=reader,
        evidence=said,
    )
    return made, f"reader{reader}@{domain}"


def test_nobody_is_no_suspect():
    assert summed_up([], {}) is None


def test_a_reader_of_whom_two_servers_report_is_one():
    found = summed_up([back(1, minutes=5), back(1), back(2)], {ALL: 10})
    assert (found.number, found.tried, found.since) == (2, 10, NOW)


def test_the_domains_of_one_provider_are_one():
    found = summed_up([back(1, "hotmail.com"), back(2, "live.com"), back(3, "example.org")], {"outlook.com": 7})
    assert found.providers == (Hit("outlook.com", 2, 7), Hit("example.org", 1, 0))


def test_the_same_words_about_several_readers_are_one_answer_without_the_readers():
    words = "smtp; 550 5.1.1 <reader{0}@company.example>: no reader{0} here"
    found = summed_up([back(each, said=words.format(each)) for each in range(3)], {})
    assert found.answers == (Answer("550 5.1.1 …: no … here", 3),)


def test_those_of_most_are_named_and_the_rest_is_counted():
    kinds = [(kind, each) for kind in range(7) for each in range(kind + 1)]
    found = summed_up([back(10 * kind + each, f"d{kind}.example", f"550 no {kind}") for kind, each in kinds], {})
    assert [each.number for each in found.providers] == [each.number for each in found.answers] == [7, 6, 5, 4, 3]
    assert len(found.providers) == NAMED
    assert (found.elsewhere, found.otherwise) == (3, 3)


def test_a_report_without_words_is_no_answer():
    found = summed_up([back(1, said=""), back(2)], {})
    assert (found.answers, found.otherwise) == ((Answer("550 5.1.1 no such user", 1),), 1)
