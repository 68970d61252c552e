from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Article, Selected
from bot.settings import SelectionTable
from bot.stories.selection import Circumstances, select

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
HOUR = timedelta(hours=1)

COUNCIL = (
    "<p>The council of Port Alder voted on Monday night to keep the Quay Street bridge open through the winter, after "
    "shopkeepers had warned that a closure would cost the harbour quarter its Christmas trade.</p>"
    "<p>Engineers will now repair the eastern pier in six nights of January, when few ferries land and the road can "
    "be narrowed to one lane without long queues.</p>"
)


def article(number: int, hours_ago: float = 1, **fields: object) -> Article:
    known: dict[str, object] = {
        "id": number,
        "source": "record",
        "guid": f"g{number}",
        "url": f"https://record.example/{number}",
        "title": f"Title {number}",
        "published": NOW - hours_ago * HOUR,
        "first_seen": NOW - hours_ago * HOUR,
    }
    return Article(**(known | fields))  # type: ignore[arg-type]


def around(**fields: object) -> Circumstances:
    known: dict[str, object] = {
        "now": NOW,
        "since": NOW - 24 * HOUR,
        "first_run": False,
        "consumed": frozenset(),
        "reserved": frozenset(),
    }
    return Circumstances(**(known | fields))  # type: ignore[arg-type]


def picked(selected: Selected) -> list[int]:
    return [pick.story.lead.id for pick in selected.picks]


def rule_of(selected: Selected, number: int) -> str:
    return next(each.rule for each in selected.rejections if each.article.id == number)


def reason_of(selected: Selected, number: int) -> str:
    return next(each.reason for each in selected.rejections if each.article.id == number)


@pytest.mark.parametrize(
    ("fields", "rules", "rule", "reason"),
    [
        ({"withdrawn": True}, {}, "withdrawn", "The newsroom withdrew it."),
        (
            {"published": NOW + HOUR},
            {},
            "in-future",
            "Its time of publication, 24 November 2026, 09:00, is still to come.",
        ),
        (
            {},
            {"sources": ("city", "wire")},
            "source",
            "Its source is record; the schedule takes city or wire.",
        ),
        ({}, {"sections": ("Sport",)}, "section", "It has no section; the schedule takes Sport."),
        (
            {"sections": ("City hall", "Life")},
            {"sections": ("Sport",)},
            "section",
            "Its section is City hall, Life; the schedule takes Sport.",
        ),
        (
            {"sections": ("Obituaries",)},
            {"exclude_sections": ("obituaries",)},
            "excluded-section",
            "Its section Obituaries is one the schedule leaves out.",
        ),
        ({"tags": ("sun",)}, {"tags": ("rain",)}, "tag", "Its tag is sun; the schedule takes rain."),
        (
            {"tags": ("Sponsored",)},
            {"exclude_tags": ("sponsored",)},
            "excluded-tag",
            "Its tag Sponsored is one the schedule leaves out.",
        ),
        (
            {"authors": ("Ida Berg",)},
            {"authors": ("Tom Reyes",)},
            "author",
            "Its author is Ida Berg; the schedule takes Tom Reyes.",
        ),
        (
            {"authors": ("Ida Berg",)},
            {"exclude_authors": ("IDA BERG",)},
            "excluded-author",
            "Its author Ida Berg is one the schedule leaves out.",
        ),
        ({"language": "es"}, {"languages": ("en",)}, "language", "Its language is es; the schedule takes en."),
        (
            {"language": "es-MX"},
            {"exclude_languages": ("es",)},
            "excluded-language",
            "Its language is es-MX, which the schedule leaves out.",
        ),
        (
            {"published": NOW - timedelta(days=5)},
            {},
            "too-old",
            "Published 19 November 2026, 08:00: older than 3 days, the most it may be.",
        ),
        (
            {"published": NOW - 25 * HOUR, "first_seen": NOW - 25 * HOUR},
            {},
            "before-window",
            "Published 23 November 2026, 07:00, before the window that opened 23 November 2026, 08:00.",
        ),
    ],
)
def test_what_is_left_out_has_its_rule_and_a_reason_with_the_facts(
    fields: dict[str, object], rules: dict[str, object], rule: str, reason: str
) -> None:
    selected = select([article(1, **fields)], SelectionTable(**rules), around(timezone="Europe/Berlin"))
    assert picked(selected) == []
    assert [(each.rule, each.reason) for each in selected.rejections] == [(rule, reason)]


@pytest.mark.parametrize(
    ("fields", "rules"),
    [
        ({"sections": ("city hall ",)}, {"sections": ("City Hall",)}),
        ({"language": "en-GB"}, {"languages": ("EN",)}),
        ({"language": ""}, {"languages": ("en",)}),
        ({"language": ""}, {"exclude_languages": ("en",)}),
        ({"language": "en"}, {"exclude_languages": ("en-GB",)}),
        ({"authors": ("Ida Berg", "Tom Reyes")}, {"authors": ("tom reyes",)}),
    ],
)
def test_names_and_languages_match_as_an_editor_means_them(fields: dict[str, object], rules: dict[str, object]) -> None:
    assert picked(select([article(1, **fields)], SelectionTable(**rules), around())) == [1]


def test_a_language_is_not_taken_for_another_that_begins_alike() -> None:
    selected = select([article(1, language="ena")], SelectionTable(languages=("en",)), around())
    assert rule_of(selected, 1) == "language"


def test_what_was_sent_and_what_another_edition_holds_stays_out() -> None:
    selected = select(
        [article(1), article(2), article(3)],
        SelectionTable(),
        around(consumed=frozenset({1}), reserved=frozenset({2})),
    )
    assert picked(selected) == [3]
    assert (rule_of(selected, 1), rule_of(selected, 2)) == ("sent-before", "reserved")


def test_an_article_that_arrived_late_is_not_lost_at_the_edge_of_the_window() -> None:
    late = article(1, 30, first_seen=NOW - 2 * HOUR)
    much_too_late = article(2, 49, first_seen=NOW - 2 * HOUR)
    selected = select([late, much_too_late], SelectionTable(), around())
    assert picked(selected) == [1]
    assert rule_of(selected, 2) == "before-window"


def test_the_first_run_never_sends_the_backlog() -> None:
    old = [article(number, 25 + number, first_seen=NOW - HOUR) for number in range(1, 30)]
    selected = select([*old, article(99, 3)], SelectionTable(), around(first_run=True))
    assert picked(selected) == [99]
    assert {each.rule for each in selected.rejections} == {"backlog"}
    assert reason_of(selected, 1) == (
        "Published 23 November 2026, 05:00; the schedule's first edition goes back to 23 November 2026, 07:00 only."
    )


def test_a_fixed_window_counts_from_now_whatever_was_sent() -> None:
    selected = select(
        [article(1, 5), article(2, 7, first_seen=NOW)], SelectionTable(window="last 6h"), around(since=NOW - HOUR)
    )
    assert picked(selected) == [1]
    assert rule_of(selected, 2) == "before-window"


def test_a_copy_is_named_with_its_lead_and_travels_with_the_story() -> None:
    own = article(1, 2, title="Bridge stays open", body=COUNCIL, authors=("Ida Berg",), standfirst="Repairs can wait.")
    wire = article(2, 3, source="wire", title="Council keeps bridge", body=COUNCIL)
    selected = select([wire, own], SelectionTable(), around())
    (pick,) = selected.picks
    assert [each.id for each in pick.story.articles] == [1, 2]
    assert (rule_of(selected, 2), reason_of(selected, 2)) == (
        "copy",
        "A copy of “Bridge stays open” (record), which leads its story.",
    )


def test_a_copy_of_what_was_sent_yesterday_is_not_sent_today() -> None:
    sent = article(1, 20, title="Bridge stays open", body=COUNCIL)
    wire = article(2, 1, source="wire", body=f"<p>PORT ALDER (Wire) - {COUNCIL[3:]}")
    selected = select([sent, wire], SelectionTable(), around(consumed=frozenset({1})))
    assert picked(selected) == []
    assert "“Bridge stays open”, which another edition" in reason_of(selected, 2)


def test_a_follow_up_that_repeats_what_was_sent_is_news() -> None:
    more = "".join(
        f"<p>On night {each} of the works a crew of {each + 4} will lift span {each} by crane, said the engineer.</p>"
        for each in range(12)
    )
    selected = select(
        [article(1, 20, body=COUNCIL), article(2, 1, body=COUNCIL + more)],
        SelectionTable(),
        around(consumed=frozenset({1})),
    )
    assert picked(selected) == [2]


def test_the_best_are_taken_and_the_others_say_where_they_rank() -> None:
    selected = select([article(number, number) for number in range(1, 6)], SelectionTable(maximum=3), around())
    assert picked(selected) == [1, 2, 3]
    assert reason_of(selected, 5) == "It ranks 5 among 5 new stories; the edition takes 3."
    assert rule_of(selected, 5) == "over-maximum"


def test_too_few_stories_skip_the_slot_and_say_so() -> None:
    selected = select([article(1), article(2)], SelectionTable(minimum=3), around())
    assert selected.skip == "2 new stories, at least 3 are wanted"
    assert select([article(1)], SelectionTable(minimum=3), around()).skip == "1 new story, at least 3 are wanted"


def test_nothing_new_skips_the_slot_and_names_the_window() -> None:
    assert select([], SelectionTable(), around()).skip == "nothing new since 23 November 2026, 07:00"
    assert select([], SelectionTable(window="last 6h"), around()).skip == "nothing new in 6 h"


def test_copies_do_not_count_towards_the_minimum() -> None:
    copies = [article(1, body=COUNCIL), article(2, source="wire", body=COUNCIL)]
    assert select(copies, SelectionTable(minimum=2), around()).skip == "1 new story, at least 2 are wanted"


def test_a_flood_is_held_for_an_editor() -> None:
    many = [article(number, number / 10) for number in range(1, 13)]
    selected = select(many, SelectionTable(flood=10), around())
    assert selected.hold == "12 new articles at once, more than the 10 that may go out unseen"
    assert len(selected.picks) == 7
    assert select(many, SelectionTable(flood=12), around()).hold == ""


bodies = st.sampled_from(["", "<p>Ferry late.</p>", COUNCIL, COUNCIL + "<p>More is to follow at noon.</p>"])
articles = st.builds(
    lambda hours, seen, body, source, section, language, withdrawn: article(
        1,
        hours,
        first_seen=NOW - seen * HOUR,
        body=body,
        source=source,
        sections=(section,) if section else (),
        language=language,
        withdrawn=withdrawn,
    ),
    hours=st.integers(-5, 100),
    seen=st.integers(0, 100),
    body=bodies,
    source=st.sampled_from(["record", "wire"]),
    section=st.sampled_from(["", "Sport", "City hall"]),
    language=st.sampled_from(["", "en", "es"]),
    withdrawn=st.booleans(),
)
tables = st.builds(
    SelectionTable,
    window=st.sampled_from(["since last", "last 24h"]),
    sources=st.sampled_from([(), ("record",)]),
    exclude_sections=st.sampled_from([(), ("sport",)]),
    languages=st.sampled_from([(), ("en",)]),
    maximum=st.integers(1, 4),
    flood=st.integers(1, 5),
    minimum=st.integers(1, 3),
)


@settings(max_examples=150, deadline=None)
@given(
    given_articles=st.lists(articles, max_size=12),
    table=tables,
    first_run=st.booleans(),
    held=st.sets(st.integers(1, 12), max_size=4),
    seed=st.integers(0, 1000),
)
def test_each_article_ends_in_one_place_and_order_does_not_matter(
    given_articles: list[Article], table: SelectionTable, first_run: bool, held: set[int], seed: int
) -> None:
    known = [replace(each, id=place, guid=f"g{place}") for place, each in enumerate(given_articles, start=1)]
    consumed = frozenset(each for each in held if each % 2)
    where = around(first_run=first_run, consumed=consumed, reserved=frozenset(held) - consumed)
    selected = select(known, table, where)

    leads = [pick.story.lead.id for pick in selected.picks]
    rejected = [each.article.id for each in selected.rejections]
    assert sorted(leads + rejected) == [each.id for each in known]
    assert not held & {each.id for pick in selected.picks for each in pick.story.articles}
    others = {each.id for pick in selected.picks for each in pick.story.others}
    assert others <= {each.article.id for each in selected.rejections if each.rule in ("copy", "same-event")}
    assert len(leads) <= table.maximum
    assert all(each.reason.endswith(".") for each in (*selected.picks, *selected.rejections))

    shuffled = known.copy()
    Random(seed).shuffle(shuffled)
    assert select(shuffled, table, where) == selected


FERRY = {
    "title": "Ferry crews begin three-day strike",
    "body": "<p>The crews of the island ferries stopped work at midnight for three days. Their union, Seamen's Bond, "
    "asks for 6 per cent more pay; the company Norline offers 2.5. Only the hospital boat sails.</p>",
}
SAME_FERRY = {
    "source": "wire",
    "title": "Norline ferry crews strike for three days",
    "body": "<p>Crews of the island ferries have stopped work for three days. The union Seamen's Bond wants 6 per cent "
    "more pay, while Norline offers 2.5 per cent. A boat for the hospital still sails.</p>",
}


def test_one_event_told_by_two_outlets_is_one_story_and_the_other_says_so() -> None:
    own = article(1, 3, authors=("Ida Berg",), sections=("Harbour",), **FERRY)
    selected = select([article(2, 2, **SAME_FERRY), own], SelectionTable(), around())
    (pick,) = selected.picks
    assert [each.id for each in pick.story.articles] == [1, 2]
    assert pick.reason == "Newest in Harbour, told by 2 sources; 3 h old."
    assert (rule_of(selected, 2), reason_of(selected, 2)) == (
        "same-event",
        "Tells the same event as “Ferry crews begin three-day strike” (record), which leads its story.",
    )


def test_the_newsrooms_own_article_leads_whoever_was_first() -> None:
    own = article(1, 1, url="https://www.town.example/1", **FERRY)
    wire = article(2, 3, **(SAME_FERRY | {"standfirst": "Boats stay in port."}))
    assert picked(select([wire, own], SelectionTable(), around(site="town.example"))) == [1]
    assert picked(select([wire, own], SelectionTable(), around())) == [2]


def test_what_was_sent_is_not_told_again_in_another_outlets_words() -> None:
    sent, again = article(1, 10, **FERRY), article(2, 9, **SAME_FERRY)
    selected = select([sent, again], SelectionTable(), around(consumed=frozenset({1})))
    assert picked(selected) == []
    assert (rule_of(selected, 2), reason_of(selected, 2)) == (
        "told-before",
        "Tells in other words what “Ferry crews begin three-day strike” told, which another edition of this schedule "
        "took.",
    )


def test_a_development_of_what_was_sent_goes_out_and_its_reason_names_it() -> None:
    ended = SAME_FERRY | {"title": "Norline ferry crews end strike after Okafor mediates"}
    selected = select(
        [article(1, 10, **FERRY), article(2, 1, **ended)], SelectionTable(), around(consumed=frozenset({1}))
    )
    (pick,) = selected.picks
    assert pick.reason == (
        "New article; 1 h old. It follows “Ferry crews begin three-day strike”, which an earlier edition told."
    )
    assert pick.parts["told"] == -0.3


def test_a_section_that_is_full_says_so() -> None:
    sport = [article(number, number, sections=("Sport",)) for number in range(1, 4)]
    selected = select(sport, SelectionTable(section_maximum=2), around())
    assert picked(selected) == [1, 2]
    assert (rule_of(selected, 3), reason_of(selected, 3)) == (
        "section-full",
        "The edition holds 2 stories of Sport already, the most it takes of one section.",
    )


def test_a_site_that_moved_sends_nothing_again_under_new_names_and_dates() -> None:
    long_ago = article(1, 24 * 20, title="Bridge stays open", body=COUNCIL)
    moved = article(2, 1, guid="new-guid", url="https://new.example/bridge", title="Bridge stays open", body=COUNCIL)
    selected = select([moved], SelectionTable(), around(sent=(long_ago,)))
    assert picked(selected) == []
    assert reason_of(selected, 2) == "A copy of “Bridge stays open”, which another edition of this schedule took."


def test_a_notice_that_comes_each_week_goes_out_each_week() -> None:
    notice = {"title": "Market", "body": "<p>The farmers sell at the Corn Hall from seven.</p>"}
    sent = article(1, 24 * 7, **notice)
    assert picked(select([article(2, 1, **notice)], SelectionTable(), around(sent=(sent,)))) == [2]


def test_the_copy_of_a_withdrawn_article_takes_its_place() -> None:
    held = article(1, 2, body=COUNCIL, withdrawn=True)
    moved = article(2, 2, guid="new-guid", url="https://new.example/bridge", body=COUNCIL)
    assert picked(select([held, moved], SelectionTable(), around(reserved=frozenset({1})))) == [2]
