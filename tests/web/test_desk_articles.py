"""Articles on the desk: found by words, compared by words, and corrected when they changed after they were sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.errors import DeliveryError
from bot.model import EditionState, EditionStory, Summary
from bot.schedules.corrected import watch_changes
from bot.testing import NOW, article, subscribe
from tests.html_validate import PAGE
from tests.web.test_delivery import deliver

HOSTILE = "\"><script>alert('x')</script>"
OLD = "<p>The subsidy is $14 million a year.</p><p>It sails on Friday.</p><p>Nobody objected.</p>"
NEW = OLD.replace("14", "1.4")


def put(web, each, now=NOW):
    with web.store.write() as tx:
        tx.articles.put(each, url_key=each.url, present={each.guid}, now=now)


@pytest.fixture
def changed(web):
    """Article 1, which an edition told and the newsroom changed."""
    put(web, article(title="The ferry returns", body=OLD))
    with web.store.read() as tx:
        before = tx.articles.get(1)
    story = EditionStory(position=1, article=before, summary=Summary("It gets $14 million a year."), article_ids=(1,))
    made = web.add_edition(stories=(story,))
    with web.store.write() as tx:
        tx.editions.consume(made.id)
        tx.editions.move(made.id, to=EditionState.SENT, since=[EditionState.DRAFTED], now=NOW)
    put(web, replace(before, body=NEW), NOW + timedelta(hours=1))
    web.installation.clock.advance(hours=2)
    assert watch_changes(web.installation, web.installation.clock()) == 1
    return made


def waiting(web):
    with web.store.read() as tx:
        return tx.changes.count()


CHOICE = {"said": "It gets $14 million a year.", "right": "The subsidy is $1.4 million a year.", "mail": "morning"}


async def test_articles_are_found_by_words_and_the_filters_stay(web):
    put(web, article(title="Ferry fares frozen", sections=("Transport",)))
    put(web, article(title="The bakery closes"))
    page = (await web.get("/articles", params={"q": "ferry", "section": "transport", "day": "2026-11-24"})).text
    assert "Ferry fares frozen" in page
    assert "bakery" not in page
    assert 'value="transport"' in page
    assert "No article matches" in (await web.get("/articles?q=nonsense")).text


async def test_older_articles_are_a_page_further_with_the_same_filters(web):
    for number in range(51):
        put(web, article(title=f"Ferry {number}", published=NOW - timedelta(hours=number)))
    page = (await web.get("/articles?q=ferry")).text
    assert "Ferry 49<" in page and "Ferry 50<" not in page
    older = page.partition('rel="next" href="./')[2].partition('"')[0].replace("&amp;", "&")
    assert "q=ferry" in older
    further = (await web.get(f"/{older}")).text
    assert "Ferry 50<" in further and "Ferry 49<" not in further
    assert ">Newest<" in further


@pytest.mark.parametrize(
    "query", ["day=x", "day=9999-12-31", "day=0001-01-01", "after=x", "after=2026-01-01~1", "after=~", "q=%00%25_"]
)
async def test_a_mistyped_filter_is_no_fault(web, query):
    put(web, article())
    assert (await web.get(f"/articles?{query}")).status_code == 200


async def test_what_changed_after_it_was_sent_is_listed_until_somebody_decides(web, changed):
    page = (await web.get("/articles?changed=yes")).text
    assert "1 article changed after it was sent" in page
    assert "The subsidy is $14 million a year." in page
    assert f'href="./editions/{changed.id}"' in page
    assert "Changed after it was sent" in (await web.get("/articles")).text


async def test_an_article_shows_its_difference_by_words_with_before_and_after_for_screen_readers(web, changed):
    page = (await web.get("/articles/1")).text
    assert '<del><span class="unseen">before: </span>$14</del>' in page
    assert '<ins><span class="unseen">after: </span>$1.4</ins>' in page
    # Title and standfirst before it, two paragraphs behind it.
    assert page.count("2 paragraphs unchanged") == 2
    whole = (await web.get("/articles/1?show=whole")).text
    assert "paragraphs unchanged" not in whole and "Nobody objected." in whole


async def test_an_article_shows_where_the_old_words_went_with_them_marked(web, changed):
    page = (await web.get("/articles/1")).text
    assert f'href="../editions/{changed.id}"><bdi>Morning briefing</bdi></a>' in page
    assert '<mark class="old">$14</mark>' in page
    assert "this was sent" in page


async def test_a_correction_reaches_the_next_edition_and_settles_the_decision(web, changed):
    answer = await web.post("/articles/1/correct", data=CHOICE)
    assert (answer.status_code, answer.headers["location"]) == (303, "../../articles/1")
    with web.store.read() as tx:
        (made,) = tx.corrections.waiting("morning")
        assert made.right == "The subsidy is $1.4 million a year."
    assert waiting(web) == 0
    page = (await web.get("/articles/1")).text
    assert "the next edition tells it" in page
    assert "Corrected by" in page


async def test_what_the_article_does_not_say_is_named_and_needs_a_second_look(web, changed):
    wrong = {**CHOICE, "right": "The subsidy is $2.6 million a year."}
    answer = await web.post("/articles/1/correct", data=wrong)
    assert answer.status_code == 422
    assert "Not in the article" in answer.text
    assert "2.6 million" in answer.text
    assert waiting(web) == 1
    assert (await web.post("/articles/1/correct", data={**wrong, "sure": "yes"})).status_code == 303


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("right", "Write one or two sentences."),
        ("said", "Write one or two sentences."),
        ("mail", "Choose who is told"),
    ],
)
async def test_a_form_with_a_gap_says_so_and_keeps_the_rest(web, changed, missing, said):
    given = {name: value for name, value in CHOICE.items() if name != missing}
    answer = await web.post("/articles/1/correct", data=given)
    assert answer.status_code == 422
    assert said in answer.text
    for value in given.values():
        assert value in answer.text


async def test_not_needed_is_decided_with_a_name_on_record(web, changed):
    assert (await web.post("/articles/1/dismiss")).status_code == 303
    assert waiting(web) == 0
    with web.store.read() as tx:
        assert [act.what for act in tx.acts.newest(thing="article:1")] == ["correction not needed"]
    assert (await web.post("/articles/1/dismiss")).status_code == 409
    assert "Nothing to decide" in (await web.get("/articles?changed=yes")).text


async def test_a_correction_in_a_mail_of_its_own_is_seen_and_approved_on_its_page(web, clock):
    put(web, article(title="The ferry returns", body=OLD))
    with web.store.read() as tx:
        told = tx.articles.get(1)
    subscribe(web.store, "ada@example.org", "tom@example.org")
    story = EditionStory(position=1, article=told, summary=Summary("It gets $14 million a year."), article_ids=(1,))
    made = web.add_edition(stories=(story,), state=EditionState.DRAFTED)
    web.send(made)
    await deliver(web, clock, {"tom@example.org": DeliveryError("550 gone", permanent=True, code=550)})
    put(web, replace(told, body=NEW), NOW + timedelta(hours=1))
    clock.advance(hours=2)
    assert "in a mail of its own" in (await web.get("/articles/1")).text

    answer = await web.post("/articles/1/correct", data={**CHOICE, "mail_now": "yes"})
    with web.store.read() as tx:
        (correction,) = tx.corrections.of_article(1)
    own = f"/editions/{correction.carried}"
    assert answer.headers["location"] == f"../..{own}/email"
    page = (await web.get(f"{own}/email")).text
    assert "Correction: The ferry returns" in page
    assert "Goes out at once when it is approved" in page
    assert "1 reader<" in page
    assert "<textarea" not in page, "it says what was decided, and is not to be changed"
    assert "The subsidy is $1.4 million a year." in (await web.get(f"{own}/preview/mail")).text
    today = (await web.get("/")).text
    assert "It goes to the 1 reader who has the mail that was wrong." in today
    assert (await web.post(f"{own}/approve", data={"version": "1"})).status_code == 303
    with web.store.read() as tx:
        assert tx.editions.get(correction.carried).state is EditionState.APPROVED
    for path in (own, f"{own}/checks", f"{own}/changes", "/articles/1", "/calendar"):
        assert (await web.get(path)).status_code == 200, path


async def test_a_correction_that_no_edition_tells_yet_is_taken_back(web, changed):
    await web.post("/articles/1/correct", data=CHOICE)
    assert (await web.post("/articles/1/drop", data={"correction": "1"})).status_code == 303
    with web.store.read() as tx:
        assert tx.corrections.waiting("morning") == []
    assert (await web.post("/articles/1/drop", data={"correction": "1"})).status_code == 409


@pytest.mark.parametrize("number", ["0", "7", "-1", "x", "9" * 30, "٣"])
async def test_an_article_that_is_not_there_is_missing(web, number):
    assert (await web.get(f"/articles/{number}")).status_code == 404
    assert (await web.post(f"/articles/{number}/correct", data=CHOICE)).status_code == 404


async def test_what_a_poisoned_article_says_stays_text(web):
    poisoned = article(
        title=f"T {HOSTILE}",
        url="javascript:alert(1)",
        authors=(HOSTILE,),
        sections=(HOSTILE,),
        standfirst=HOSTILE,
        language='en"><b>',
        body=f"<p>{'&lt;script&gt;alert(1)&lt;/script&gt;'}</p>",
    )
    put(web, poisoned)
    put(web, replace(poisoned, body="<p>Other &lt;script&gt; words</p>"), NOW + timedelta(hours=1))
    for path in ("/articles", "/articles/1", "/articles/1?show=whole", "/articles/1?from=1"):
        page = (await web.get(path)).text
        assert "<script>alert" not in page and "<b>" not in page, path
        assert 'href="javascript' not in page, path


async def test_the_pages_are_good_html(web, changed, validator, tmp_path):
    wrong = {**CHOICE, "right": "The subsidy is $2.6 million a year."}
    pages = {
        "list": (await web.get("/articles?q=a")).text,
        "none": (await web.get("/articles?q=nonsense")).text,
        "changed": (await web.get("/articles?changed=yes")).text,
        "article": (await web.get("/articles/1")).text,
        "refused": (await web.post("/articles/1/correct", data=wrong)).text,
    }
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""


async def test_pages_ask_the_store_as_often_however_many_articles_there_are(web, changed):
    paths = ("/articles", "/articles?changed=yes", "/sources")
    few = [max(await queries(web, path), await queries(web, path)) for path in paths]
    for number in range(60):
        put(web, article(title=f"Ferry {number}"))
    many = [min(await queries(web, path), await queries(web, path)) for path in paths]
    assert all(later <= earlier for later, earlier in zip(many, few, strict=True)), (few, many)


async def queries(web, path):
    asked = []

    def count(*_args):
        asked.append(1)

    event.listen(web.store._engine, "before_cursor_execute", count)
    try:
        assert (await web.get(path)).status_code == 200
    finally:
        event.remove(web.store._engine, "before_cursor_execute", count)
    return len(asked)
