"""What is chosen, what never stands alone, and that the budget holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.summaries.antecedents import leans
from bot.summaries.choosing import candidates, choose
from bot.summaries.units import spaced, units

FERRY = "The ferry of Port Alder stays in harbour until Thursday, since a storm tore two of its cables."
CABLES = "New cables for the ferry come from Norway on Wednesday, the harbour of Port Alder said."
CHOIR = "A choir sang carols beside the town hall on Sunday evening."
SCHOOL = "Pupils of the island stay at home until the ferry sails again, and are taught over the network."
QUOTED = "“Nobody asked us. Nobody ever asks,” said Ida Roe."


def chosen(*texts: str, title: str = "", tag: str = "en", sentences: int = 2, characters: int = 1_000) -> list[str]:
    told = tuple(units(texts, tag))
    able = candidates(told, tag)
    found = choose(told, able, title=title, tag=tag, sentences=sentences, characters=characters)
    return [told[at].text for at in found]


def test_the_lead_begins_the_summary() -> None:
    assert chosen(FERRY, CHOIR, CABLES, SCHOOL)[0] == FERRY


def test_an_aside_is_passed_over_for_what_the_article_is_about() -> None:
    assert chosen(FERRY, CHOIR, SCHOOL, CABLES) == [FERRY, CABLES]


def test_the_same_is_not_said_twice() -> None:
    again = "The ferry of Port Alder stays in harbour until Thursday, since the storm tore two cables."
    assert chosen(FERRY, again, SCHOOL, CHOIR) == [FERRY, SCHOOL]


def test_a_sentence_that_does_not_fit_makes_way_for_one_that_does() -> None:
    assert chosen(FERRY, SCHOOL, CHOIR, CABLES, characters=len(FERRY) + len(CHOIR) + 1) == [FERRY, CHOIR]


@pytest.mark.parametrize(
    ("tag", "lead", "skipped", "told"),
    [
        ("en", FERRY, "Who will pay for the ferry of Port Alder?", SCHOOL),
        ("en", FERRY, "This is what the ferry of Port Alder needs:", SCHOOL),
        ("en", FERRY, "“The ferry of Port Alder is our street.”", SCHOOL),
        ("en", FERRY, "Scroll down for video of the ferry of Port Alder.", SCHOOL),
        ("de", "Die Fähre bleibt bis Donnerstag im Hafen.", "Wer zahlt die Fähre?", "Die Insel wartet auf die Fähre."),
        ("ar", "تبقى العبارة في الميناء حتى الخميس.", "من يدفع ثمن العبارة؟", "تنتظر الجزيرة العبارة."),
        ("ja", "渡し船は木曜日まで港にとどまる。", "渡し船の費用は誰が払うのか？", "島は渡し船を待っている。"),
        ("zh", "渡轮停航至周四。", "谁来支付渡轮费用？", "岛上居民等待渡轮。"),
    ],
)
def test_questions_introductions_bare_quotations_and_calls_are_left_out(
    tag: str, lead: str, skipped: str, told: str
) -> None:
    assert chosen(lead, skipped, told, tag=tag) == [lead, told]


def test_a_question_at_the_top_leads_nothing() -> None:
    assert chosen("Who pays for the ferry?", FERRY, CHOIR, SCHOOL)[0] == FERRY


@pytest.mark.parametrize(
    ("tag", "lead", "subject", "leaning"),
    [
        ("en", FERRY, "Ida Roe runs the only shop of the island.", "She sells the bread that the ferry brings."),
        ("en", FERRY, "A mechanic looked at the cables.", "The company said the ferry needs new cables."),
        ("de", "Die Fähre bleibt im Hafen.", "Ida Roe führt den Laden der Insel.", "Sie verkauft Brot von der Fähre."),
        ("fr", "Le bac reste au port.", "Ida Roe tient la boutique de l’île.", "Elle vend le pain que le bac apporte."),
        ("es", "El ferri sigue en puerto.", "Ida Roe lleva la tienda.", "Sin embargo, el ferri no trae pan."),
        ("ar", "تبقى العبارة في الميناء.", "تدير إيدا متجر الجزيرة.", "لكن العبارة لا تجلب الخبز."),
        ("ja", "渡し船は港にとどまる。", "井田さんは島の店を営む。", "彼女は渡し船のパンを売る。"),
        ("zh", "渡轮停航。", "伊达经营岛上商店。", "她出售渡轮运来的面包。"),
    ],
)
def test_a_leaning_sentence_comes_with_its_predecessor_or_not_at_all(
    tag: str, lead: str, subject: str, leaning: str
) -> None:
    for count in (1, 2, 3):
        found = chosen(lead, subject, leaning, lead[::-1], tag=tag, sentences=count)
        assert leaning not in found or found[found.index(leaning) - 1] == subject
    assert leaning not in chosen(lead, subject, leaning, lead[::-1], tag=tag, sentences=2)[1:2]


def test_what_leans_on_a_question_is_left_out_with_it() -> None:
    told = tuple(units([FERRY, "Who is Ida Roe?", "She runs the ferry of Port Alder.", CHOIR], "en"))
    assert [told[at].text for at in candidates(told, "en")] == [FERRY, CHOIR]


def test_a_surname_alone_is_told_only_after_the_full_name() -> None:
    roe, later = "Ida Roe owns a shop.", "The ferry of Port Alder brings bread to the harbour, says Roe."
    assert later not in chosen(FERRY, roe, later, CHOIR, CHOIR[::-1])
    assert chosen(FERRY, roe, later, CHOIR, sentences=3)[1:] == [roe, later]


def test_a_quotation_counts_its_sentences() -> None:
    assert QUOTED not in chosen(FERRY, QUOTED, SCHOOL, CHOIR)


def test_nothing_that_fits_is_nothing_chosen() -> None:
    assert chosen(FERRY, SCHOOL, characters=20) == []


texts = st.lists(
    st.sampled_from(
        [
            FERRY,
            CABLES,
            CHOIR,
            SCHOOL,
            QUOTED,
            "She said so.",
            "“We wait.",
            "It ends,” he said.",
            "Why?",
            "Roe left.",
            "渡轮停航。",
            "但她不同意。",
            "لكن العبارة لا تجلب الخبز.",
        ]
    ),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(
    texts=texts,
    title=st.sampled_from(["", "Ferry of Port Alder", "渡轮"]),
    tag=st.sampled_from(["", "en", "zh", "ar"]),
    sentences=st.integers(1, 12),
    characters=st.integers(1, 900),
)
def test_whatever_the_article_order_budget_and_predecessors_hold(
    texts: list[str], title: str, tag: str, sentences: int, characters: int
) -> None:
    told = tuple(units(texts, tag))
    able = candidates(told, tag)
    found = choose(told, able, title=title, tag=tag, sentences=sentences, characters=characters)
    assert list(found) == sorted(set(found))
    assert set(found) <= set(able)
    assert sum(len(told[at].sentences) for at in found) <= sentences
    assert len(spaced([told[at].text for at in found])) <= characters
    assert all(at == 0 or at - 1 in found or not leans(told[at].text, tag) for at in found)
    assert found == choose(told, able, title=title, tag=tag, sentences=sentences, characters=characters)
