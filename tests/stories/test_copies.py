from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Article, Image, Story
from bot.stories.copies import retold, stories_of
from tests.growth import grows_evenly

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)

BRIDGE = [
    "The council of Port Alder voted on Monday night to keep the Quay Street bridge open through the winter.",
    "Shopkeepers had warned that a closure would cost the harbour quarter its Christmas trade.",
    "Engineers will repair the eastern pier in six nights of January, when few ferries land.",
    "The road can then be narrowed to one lane without long queues, the mayor told the meeting.",
    "A fund of 1.4 million pays for the steel, and the county adds the cranes.",
    "Two members voted against, since they had asked for a second opinion on the bearings.",
]
SCHOOL = [
    "Pupils of the North Hill school planted three hundred oaks along the old railway this weekend.",
    "The trees come from the town nursery, which had grown them from acorns of the castle park.",
    "Teachers plan a second round in spring, and neighbours promised to water the saplings in dry weeks.",
]
COAST = (
    "港の橋は冬のあいだも通行できると市議会が月曜日の夜に決めた。"
    "商店主たちは閉鎖すれば年末の売り上げが失われると訴えていた。"
)


def article(number: int, *sentences: str, minutes: int = 0, **fields: object) -> Article:
    known: dict[str, object] = {
        "id": number,
        "source": "record",
        "guid": f"g{number}",
        "url": f"https://record.example/{number}",
        "title": f"Title {number}",
        "published": NOON + timedelta(minutes=minutes),
        "body": "".join(f"<p>{sentence}</p>" for sentence in sentences),
    }
    return Article(**(known | fields))  # type: ignore[arg-type]


def told(stories: tuple[Story, ...]) -> list[list[int]]:
    return [[each.id for each in story.articles] for story in stories]


def test_a_wire_story_cut_by_half_is_a_copy() -> None:
    cut = article(2, f"PORT ALDER (Wire) - {BRIDGE[0]}", *BRIDGE[2:4], "Read our terms of use here.", source="wire")
    assert told(stories_of([article(1, *BRIDGE), cut])) == [[1, 2]]


def test_two_events_are_two_stories_newest_first() -> None:
    assert told(stories_of([article(1, *BRIDGE), article(2, *SCHOOL, minutes=5)])) == [[2], [1]]


def test_the_newsrooms_own_article_leads_over_an_earlier_wire_copy() -> None:
    wire = article(1, *BRIDGE, authors=("Associated Press",), image=Image(url="https://wire.example/a.jpg"))
    own = article(
        2,
        *BRIDGE,
        minutes=90,
        authors=("Ida Berg",),
        standfirst="Repairs wait.",
        image=Image(url="https://r.example/b"),
    )
    assert told(stories_of([wire, own])) == [[2, 1]]


def test_among_equals_the_earliest_leads() -> None:
    later, earlier = article(1, *BRIDGE, minutes=30), article(2, *BRIDGE, source="wire")
    assert told(stories_of([later, earlier])) == [[2, 1]]


def test_a_round_up_does_not_make_one_story_of_all_it_quotes() -> None:
    bridge = article(1, *BRIDGE, standfirst="Repairs wait.")
    school = article(2, *SCHOOL, standfirst="Three hundred oaks.", minutes=1)
    round_up = article(3, *BRIDGE, *SCHOOL, minutes=2)
    assert told(stories_of([bridge, school, round_up])) == [[2], [1, 3]]


def test_a_paragraph_on_every_page_makes_no_copies() -> None:
    call = (
        "If you saw something, call the newsroom day or night, or write to the desk; we protect those who talk to us."
    )
    short = [
        article(number, f"Police found a {thing} on Pier {number}.", call, minutes=-number)
        for number, thing in enumerate(["bicycle", "sofa", "piano", "canoe"], start=1)
    ]
    assert told(stories_of(short)) == [[1], [2], [3], [4]]


def test_short_items_are_copies_only_of_the_very_same_words() -> None:
    same = article(1, "Ferry cancelled today.", title="Ferry"), article(2, "Ferry cancelled  TODAY", title="Ferry")
    other = article(3, "Ferry cancelled today, too.", title="Ferry", minutes=-1)
    assert told(stories_of([*same, other])) == [[1, 2], [3]]


def test_items_without_text_are_not_copies_of_one_another() -> None:
    assert len(stories_of([article(1, title=""), article(2, title=""), article(3), article(4)])) == 4


def test_a_title_and_standfirst_stand_in_for_a_missing_body() -> None:
    words = " ".join(BRIDGE[:3])
    first, second = article(1, standfirst=words, title="Bridge"), article(2, standfirst=words, title="The bridge stays")
    assert told(stories_of([first, second])) == [[1, 2]]


def test_copies_are_found_in_a_script_without_spaces() -> None:
    one, cut = (
        article(1, COAST, language="ja"),
        article(2, COAST[: len(COAST) // 2] + "以上。", source="wire", minutes=1),
    )
    other = article(
        3, "北丘小学校の児童たちは今週末、古い鉄道沿いに三百本の樫の木を植えた。苗木は町の苗圃から届いた。", minutes=-1
    )
    assert told(stories_of([one, cut, other])) == [[1, 2], [3]]


def test_a_copy_of_what_was_said_before_names_it() -> None:
    sent = article(1, *BRIDGE)
    assert retold([article(2, *BRIDGE[:5], source="wire"), article(3, *SCHOOL)], [sent]) == [sent, None]
    assert retold([article(4, *BRIDGE, *SCHOOL)], [sent]) == [None]
    assert retold([article(5, *BRIDGE)], []) == [None]


def test_a_thousand_articles_take_no_pairwise_time() -> None:
    rng = Random(7)
    words = [f"word{number}" for number in range(2000)]
    many = [
        article(number, " ".join(rng.choices(words, k=200)), minutes=-number, source=f"s{number % 7}")
        for number in range(1000)
    ]
    assert len(stories_of([*many, article(5000, *BRIDGE), article(5001, *BRIDGE)])) == 1001
    assert grows_evenly(stories_of, many)


texts = st.lists(st.sampled_from([*BRIDGE, *SCHOOL, COAST, "Ferry late."]), max_size=6, unique=True)


@settings(max_examples=100, deadline=None)
@given(bodies=st.lists(texts, max_size=8), seed=st.integers(0, 99))
def test_each_article_is_in_one_story_whatever_the_order(bodies: list[list[str]], seed: int) -> None:
    known = [article(number, *body, minutes=number % 3) for number, body in enumerate(bodies)]
    found = stories_of(known)
    assert sorted(each.id for story in found for each in story.articles) == [each.id for each in known]
    shuffled = known.copy()
    Random(seed).shuffle(shuffled)
    assert stories_of(shuffled) == found


def written(rng: Random, sentences: int) -> list[str]:
    """Sentences of invented words, such as no two writers would choose alike."""
    words = ["".join(rng.choice("bdfgklmnprst") + rng.choice("aeiou") for _ in range(3)) for _ in range(400)]
    return [" ".join(rng.choices(words, k=rng.randint(8, 22))).capitalize() + "." for _ in range(sentences)]


def edited(rng: Random, sentences: list[str], share: float) -> list[str]:
    """The same as another outlet prints it: a dateline, so many sentences dropped, its own lines around it."""
    kept = sorted(rng.sample(range(len(sentences)), k=len(sentences) - int(len(sentences) * share)))
    first, *rest = [sentences[each] for each in kept]
    return [f"PORT ALDER (Wire) - {first}", *rest, "This story first appeared on our site.", "Sign up for our letter."]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.sampled_from([0.1, 0.3, 0.5]), length=st.integers(8, 30))
def test_every_copy_is_found_and_no_pair_besides(seed: int, share: float, length: int) -> None:
    rng = Random(seed)
    originals = [written(rng, length) for _ in range(6)]
    known = [article(number, *text) for number, text in enumerate(originals)]
    known += [
        article(100 + number, *edited(rng, text, share), source=f"outlet{rng.randrange(3)}", title=f"Other {number}")
        for number, text in enumerate(originals)
    ]
    pairs = {frozenset(each.id % 100 for each in story.articles) for story in stories_of(known)}
    assert pairs == {frozenset({number}) for number in range(6)}
    assert len(stories_of(known)) == 6


@pytest.mark.parametrize("times", [3, 5])
def test_copies_within_one_source_are_found_however_many(times: int) -> None:
    more = [article(each, *BRIDGE[: 6 - each % 2], f"Update {each}.", title=f"T{each}") for each in range(times)]
    assert len(stories_of(more)) == 1
    assert retold([article(9, *BRIDGE)], more) != [None]
    text = written(Random(times), 20)
    one = [article(each, f"{' '.join(text)}", f"Update {each}.", title=f"T{each}") for each in range(times)]
    assert len(stories_of(one)) == 1
