"""What goes first, and what is never cut."""

from __future__ import annotations

import unicodedata

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.editions.counting import addresses, fits, length
from bot.editions.cuts import Cuts, whole
from bot.editions.fitting import Fitted, Part, fitted, numbered
from bot.errors import RenderError
from bot.model import Counting, Limits
from tests.growth import grows_evenly

URL = "https://record.com/2026/11/ferry"
TITLE = Part("The ferry returns", "title")
SUMMARY = "Boats run again from Monday. The quay was mended in October. Tickets cost as much as before."
BREAK = Part("\n\n")


def story(summary: str = SUMMARY, title: Part = TITLE, hashtags: str = "#Ferry #Harbour #CityCouncil") -> list[Part]:
    return [title, BREAK, Part(summary, "summary"), BREAK, Part(URL, "url"), BREAK, Part(hashtags, "hashtags")]


def made(characters: int, *goes_first: str, **parts: str) -> Fitted:
    return fitted(story(**parts), Limits(characters=characters), template="posts/own.txt.j2", goes_first=goes_first)  # type: ignore[arg-type]


def test_what_fits_stands_whole_and_nothing_is_lost() -> None:
    assert made(300) == Fitted(f"The ferry returns\n\n{SUMMARY}\n\n{URL}\n\n#Ferry #Harbour #CityCouncil")


def test_hashtags_go_one_by_one_from_the_last() -> None:
    assert made(170, "hashtags").text.endswith(f"{URL}\n\n#Ferry #Harbour")
    assert made(159, "hashtags").text.endswith(f"{URL}\n\n#Ferry")
    bare = made(150, "hashtags")
    assert bare.text == f"The ferry returns\n\n{SUMMARY}\n\n{URL}"
    assert bare.lost == ("hashtags",)


def test_a_template_may_let_the_summary_go_before_hashtags() -> None:
    kept = made(150, "summary")
    assert kept.text.endswith("#Ferry #Harbour #CityCouncil")
    assert "Boats run again from Monday. The quay was mended in October.\n" in kept.text
    assert kept.lost == ("summary",)


def test_without_an_order_the_longest_goes_first_and_the_headline_last() -> None:
    assert made(170).lost == ("summary",)
    assert "The ferry returns" in made(90).text


def test_sentences_go_before_words_and_only_words_leave_a_mark() -> None:
    texts = [made(characters, "hashtags").text for characters in range(60, 160)]
    told = [text.split("\n\n")[1] for text in texts if text.count("\n\n") > 1 and text.split("\n\n")[1] != URL]
    assert "Boats run again from Monday." in told
    assert "Boats run again…" in told
    for each in told:
        assert SUMMARY.startswith(each.removesuffix("…"))
        assert each.endswith("…") or f"{each} " in f"{SUMMARY} "
        assert each.endswith((".", "…"))


def test_what_went_comes_back_as_far_as_a_later_cut_made_room() -> None:
    kept = made(72, "hashtags", "summary", summary=f"“{'Boats will run again ' * 9}”")
    assert kept.text == f"The ferry returns\n\n{URL}\n\n#Ferry #Harbour"
    assert kept.lost == ("summary", "hashtags")


def test_the_title_is_cut_at_a_word_and_last() -> None:
    title = Part("The ferry returns to Port Alder after a winter of storms", "title")
    kept = fitted(story(title=title), Limits(characters=70), template="x", goes_first=("hashtags",))
    assert kept.text == f"The ferry returns to Port Alder…\n\n{URL}"
    assert kept.lost == ("title", "summary", "hashtags")


def test_a_template_that_says_too_much_is_named() -> None:
    with pytest.raises(RenderError, match=r"templates/posts/own\.txt\.j2:1: .*or the words of the warning"):
        fitted([Part("x" * 40)], Limits(characters=50), template="posts/own.txt.j2", warning="War, and violence")


def test_links_beyond_what_the_network_takes_are_left_out_with_their_words() -> None:
    summary = "More at https://a.com/1, https://a.com/2 and https://a.com/3 from Monday on."
    kept = fitted(story(summary), Limits(links=3), template="x")
    assert addresses(kept.text) == ("https://a.com/1", "https://a.com/2", URL)
    assert "More at https://a.com/1, https://a.com/2 and…" in kept.text
    assert kept.text.endswith("#CityCouncil")


QUOTED = [
    ("He said: “We will run the boats again, whatever the weather is.”", "“”"),
    ("Er sagte: „Wir fahren wieder, bei jedem Wetter und an jedem Tag.“", "„“"),
    ("Il a dit : « Les bateaux reprendront lundi, quel que soit le temps. »", "«»"),
    ("Han sagde: »Vi sejler igen, uanset vejret og på alle dage.«", "»«"),
    ("Hän sanoi: ”Laivat kulkevat taas, oli sää mikä tahansa.”", "””"),
    ('He said: "We will run the boats again, whatever the weather is."', '""'),
    ("彼は言った：「月曜日から船は再び運航する、天気に関わらず毎日。」", "「」"),
    ("彼は言った：『月曜日から船は再び運航する、天気に関わらず毎日。』", "『』"),
    ("He said: ‘We will run the boats again, whatever the weather is.’", "‘’"),
]


@pytest.mark.parametrize(("text", "marks"), QUOTED)
def test_no_cut_leaves_a_mark_of_a_quotation_alone(text: str, marks: str) -> None:
    lead = "The ferrymen of Port Alder spoke up on Monday."
    for around in (f"{lead} {text}", f"{lead} {text} That was on Monday, and nobody doubted it at all in the town."):
        cuts = Cuts(around)
        shorter = [*cuts.sentences(), *filter(None, (cuts.ended(end) for end in cuts.ends()))]
        assert shorter
        for each in shorter:
            assert whole(each)
            assert sum(each.count(mark) for mark in set(marks)) in (0, 2)


def test_an_apostrophe_is_no_quotation() -> None:
    cuts = Cuts("The mayor’s boats run again and the town’s people are glad of it")
    assert "The mayor’s boats run again…" in [cuts.ended(end) for end in cuts.ends()]


def test_no_cut_falls_into_a_number_an_address_or_a_word() -> None:
    text = (
        "Losses came to $68 billion, €14.1 million and 1 204 boats "
        "(see https://a.com/x?y=1 or mail ed@a.com) of the town’s"
    )
    for each in filter(None, (Cuts(text).ended(end) for end in Cuts(text).ends())):
        kept = each.removesuffix("…")
        assert text[len(kept)] in " ,.)(" or text[len(kept) :].startswith((",", " "))
        assert not regex.search(r"\d$", kept)
        assert "https" not in kept or "https://a.com/x?y=1" in kept


def test_the_number_of_a_part_stands_at_the_end_of_its_first_line() -> None:
    text = "".join(part.text for part in numbered(story(), "2/5"))
    assert text.startswith("The ferry returns 2/5\n\nBoats")
    assert "".join(part.text for part in numbered([Part("\n"), TITLE], "2/5")) == "\nThe ferry returns 2/5"
    own = [Part("News\n\n"), TITLE, BREAK]
    assert "".join(part.text for part in numbered(own, "1/2")).startswith("News 1/2\n\nThe")


NETWORKS = {
    "x": Limits(characters=280, counting=Counting.WEIGHTED, url=23),
    "mastodon": Limits(characters=500, counting=Counting.MASTODON, url=23, warning=True),
    "bluesky": Limits(characters=300, size=3000),
    "threads": Limits(characters=500, counting=Counting.THREADS, links=5),
    "telegram": Limits(characters=1024, counting=Counting.UTF16),
    "ntfy": Limits(size=400),
    "tight": Limits(characters=90, counting=Counting.CODE_POINTS),
}
CLUSTERS = [
    "e\u0301",
    "👩\u200d👩\u200d👧",
    "🇩🇪",
    "क्षि",
    "中文",
    "بيان",
    "“",
    "”",
    "«",
    "»",
    "„",
    '"',
    "‘",
    "’",
    "「",
    "」",
]
TEXT = st.lists(
    st.sampled_from([*"ab 1,.$", " the ", " ferry ", ". Then ", " 14.1 ", " https://a.com/b ", *CLUSTERS]), max_size=160
).map(lambda texts: unicodedata.normalize("NFC", " ".join("".join(texts).split())))


@settings(max_examples=60)
@given(
    title=TEXT,
    summary=TEXT,
    hashtags=st.lists(st.sampled_from(["#Ferry", "#Häfen", "#渡し船", "#CityCouncil"]), max_size=4, unique=True),
    first=st.lists(st.sampled_from(["title", "summary", "hashtags"]), unique=True),
)
def test_any_story_fits_every_network_whole_where_it_must_be(
    title: str, summary: str, hashtags: list[str], first: list[str]
) -> None:
    for network, limits in NETWORKS.items():
        parts = story(summary, Part(title, "title"), " ".join(hashtags))
        kept = fitted(parts, limits, template="x", goes_first=first)
        text = kept.text
        assert fits(text, limits), network
        assert text.count(URL) == 1
        assert text == unicodedata.normalize("NFC", text).strip()
        text.encode()
        rest = text
        for each in ("title", "summary"):
            source = next(part.text for part in parts if part.name == each)
            left = text if each in kept.lost else ""
            if not left and source:
                assert unicodedata.normalize("NFC", source) in unicodedata.normalize("NFC", rest)
        if whole(title) and whole(summary) and not any(mark in title + summary for mark in '‘’"'):
            for line in text.split("\n\n"):
                assert whole(line), network
        tail = text.split(URL)[1].split()
        assert tail == hashtags[: len(tail)]
        assert length(text, limits) <= (limits.characters or 10_000)


def test_no_cut_leaves_a_straight_single_quotation_open() -> None:
    text = "Mayor 'did not lie' to the workers' council, says 'fully independent' report of '24 that isn't out"
    ends = [each for each in (Cuts(text).ended(end) for end in Cuts(text).ends()) if each]
    assert not [each for each in ends if each.endswith(("'did…", "not…", "'fully…"))]
    assert "Mayor 'did not lie'…" in ends and "Mayor 'did not lie' to the workers' council, says…" in ends
    assert ends[-1] == f"{text.removesuffix(' out')}…"


def test_a_sentence_that_ends_in_a_quotation_is_no_place_to_end() -> None:
    assert Cuts("He said: 'I stay. I will not go.' Nobody laughed. So it was.").sentences() == (
        "He said: 'I stay. I will not go.' Nobody laughed.",
        "He said: 'I stay. I will not go.'",
    )


def test_endless_single_marks_are_cut_in_no_time() -> None:
    assert grows_evenly(lambda text: Cuts(text).ends(), "'a " * 30_000)


def test_an_ellipsis_stands_behind_no_full_stop_of_another_script() -> None:
    text = "市長は辞任しないと述べた。議会は反対した。"
    ends = [each for each in (Cuts(text, "ja").ended(end) for end in Cuts(text, "ja").ends()) if each]
    assert "市長は辞任しないと述べた…" in ends and not [each for each in ends if "。…" in each]
