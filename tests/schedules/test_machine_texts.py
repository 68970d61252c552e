"""A newsroom with a language model behind a real HTTP server: what is asked, what is kept, and what is sent."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.base import KINDS
from bot.editions.changes import refresh
from bot.editions.origin import origin
from bot.model import EditionState, TextKind
from bot.schedules import machine_texts, ticker
from bot.schedules.draft import draft
from bot.schedules.installation import Installation
from bot.schedules.machine_texts import RESTS, coming, inside_http, write_now, write_texts
from bot.schedules.plan import Slot
from bot.schedules.preview import preview
from bot.schedules.slot import advance, make
from bot.schedules.tick import tick
from bot.schedules.ticker import Ticker
from bot.summaries.extractive import summarise
from bot.summaries.grounding import Ground
from bot.testing import KEYS, NOW, ScriptedChannel, article, settings, subscribe
from tests.schedules.conftest import SCHEDULE, Scripted
from tests.summaries.model_server import Question, Raw, careless, chat, honest, liar, serving

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
BODIES = {
    "The ferry returns": "The ferry to Heron Spit returns on Monday after 14 weeks in the dock. "
    "Its new engine cost the county $2.1 million. Ida Roe steers her again.",
    "The library opens": "The library of Port Alder opens its doors on Sunday. "
    "It holds 31,000 books and one stuffed heron. Tove Sand runs it.",
    "The market moves": "The fish market moves to Mill Lane in January. "
    "Forty traders have signed so far. Omar Haddad speaks for them.",
}


class Poster(ScriptedChannel):
    """A network."""

    Options = Scripted.Options

    def __init__(self, name, options, around):
        super().__init__(medium="post")


@pytest.fixture
def newsroom(store, clock, tmp_path, monkeypatch):
    """Builds an installation that asks the model at ``url``; ``extra`` is added to the schedule's table."""
    monkeypatch.setitem(KINDS, "scripted", Scripted)
    monkeypatch.setitem(KINDS, "poster", Poster)
    subscribe(store, "reader@example.org")

    def build(url, llm="", extra="", channels='["mail"]'):
        toml = SCHEDULE.replace('["mail"]', channels) + extra
        toml += f'\n[channels.net]\ntype = "poster"\n[llm]\nurl = "{url}"\nmodel = "tiny"\n{llm}'
        return Installation(settings(tmp_path, toml), store, KEYS, clock)

    return build


@pytest.fixture
def publish(store):
    def put(**changed):
        with store.write() as tx:
            for number, (title, text) in enumerate(BODIES.items()):
                published = NOW - timedelta(hours=1 + number)
                each = article(
                    guid=f"g{number}",
                    url=f"https://record.example/{number}",
                    title=title,
                    standfirst="",
                    body=f"<p>{text}</p>",
                    published=published,
                    **changed,
                )
                tx.articles.put(each, url_key=each.url, present={each.guid}, now=published)

    return put


def ask(installation, **more):
    async def asked():
        async with inside_http(installation) as http:
            return await write_texts(installation, http, "morning", SLOT, NOW, **more)

    return asyncio.run(asked())


def mail(edition):
    return next(each.email for each in edition.renditions if each.email)


def report(store, edition):
    with store.read() as tx:
        return tx.editions.report(edition.id)


def test_what_a_model_wrote_and_the_article_says_is_sent(newsroom, publish, store):
    publish()
    with serving(honest) as server:
        installation = newsroom(server.url)
        ask(installation)
    made = make(installation, "morning", SLOT, NOW)
    assert {story.summary.text for story in made.stories} == {
        "Its new engine cost the county $2.1 million.",
        "It holds 31,000 books and one stuffed heron.",
        "Forty traders have signed so far.",
    }
    assert {story.summary.origin for story in made.stories} == {"llm"}
    for text in (mail(made).html, mail(made).text):
        assert "Forty traders have signed so far." in text
        assert "language model" in text
    assert "sentences from the articles" not in mail(made).text
    assert {each["summary"] for each in report(store, made)["picks"]} == {"llm"}


def test_a_mail_holds_only_what_its_articles_say_though_the_model_lies_at_times(newsroom, publish, store):
    publish()

    def sometimes(question: Question) -> object:
        title = question.article["title"]
        return {"The ferry returns": liar, "The library opens": careless}.get(title, honest)(question)

    with serving(sometimes) as server:
        installation = newsroom(server.url, 'write = ["summaries", "subjects"]')
        ask(installation)
    made = make(installation, "morning", SLOT, NOW)
    origins = {story.article.title: story.summary.origin for story in made.stories}
    assert origins == {"The ferry returns": "extract", "The library opens": "llm", "The market moves": "llm"}
    for story in made.stories:
        assert Ground(story.article).offences(story.summary.text, characters=1000) == ()
    assert "987,654" not in mail(made).html + mail(made).text + mail(made).subject
    assert advance(installation, made, NOW) is EditionState.SENDING
    picks = {each["title"]: each for each in report(store, made)["picks"]}
    assert "987,654" in picks["The ferry returns"]["machine"]["summary"]["reason"]
    assert picks["The ferry returns"]["summary"] == "extract"


def _dead() -> str:
    with serving(honest) as server:
        return server.url


def test_with_a_dead_endpoint_the_edition_is_made_of_the_articles_own_words(newsroom, publish, store):
    publish()
    installation = newsroom(_dead())
    written = ask(installation)
    assert [each.text for each in written] == ["", "", ""]
    made = make(installation, "morning", SLOT, NOW)
    assert [story.summary for story in made.stories] == [summarise(story.article) for story in made.stories]
    assert "sentences from the articles themselves" in " ".join(mail(made).text.split())
    assert all("no connection" in each["machine"]["summary"]["reason"] for each in report(store, made)["picks"])


def test_a_slow_model_is_left_behind_and_the_edition_goes_out(newsroom, publish, store):
    publish()

    def slow(question: Question) -> object:
        if question.article["title"] != "The ferry returns":
            server.open.wait(30)
        return honest(question)

    with serving(slow) as server:
        installation = newsroom(server.url)
        written = ask(installation, seconds=1.0)
        made = make(installation, "morning", SLOT, NOW)
    assert len(written) == 3
    assert sorted(story.summary.origin for story in made.stories) == ["extract", "extract", "llm"]
    assert advance(installation, made, NOW) is EditionState.SENDING
    reasons = {each["machine"]["summary"]["reason"] for each in report(store, made)["picks"]}
    assert reasons == {"", "the model was not done in time"}


def test_a_text_is_asked_and_paid_for_once(newsroom, publish):
    publish()
    with serving(honest) as server:
        installation = newsroom(server.url)
        assert len(ask(installation)) == 3
        assert ask(installation) == ()
        assert len(server.asked) == 3


def test_a_refused_text_is_not_asked_for_again_but_a_changed_article_is(newsroom, publish, store):
    publish()
    with serving(liar) as server:
        installation = newsroom(server.url)
        ask(installation)
        assert ask(installation) == ()
        asked = len(server.asked)
        with store.write() as tx:
            found = tx.articles.newest(since=NOW - timedelta(days=2))[0]
            changed = replace(found, body=found.body + "<p>More of it.</p>", id=0, revision=0)
            tx.articles.put(changed, url_key=changed.url, present={changed.guid}, now=NOW)
        assert len(ask(installation)) == 1
        assert len(server.asked) == asked + 2


def test_a_changed_revision_keeps_no_words_about_the_old_one(newsroom, publish, store):
    publish()
    with serving(honest) as server:
        installation = newsroom(server.url, 'write = ["summaries", "subjects", "posts"]', channels='["mail", "net"]')
        ask(installation)
    made = make(installation, "morning", SLOT, NOW)
    old = made.stories[0]
    assert old.summary.origin == "llm"
    assert old.subject
    assert old.post
    now = replace(old.article, revision=2, body="<p>It was another boat. It cost $3 million.</p>")
    (fresh, *_) = refresh(
        made.stories, {each.article.id: each.article for each in made.stories} | {now.id: now}
    ).stories
    assert (fresh.summary.origin, fresh.subject, fresh.post) == ("extract", "", "")
    with store.read() as tx:
        assert tx.machine_texts.of([now.fingerprint], "any") == {}


def test_an_editors_standfirst_is_never_replaced(newsroom, publish):
    publish()
    with serving(honest) as server:
        installation = newsroom(server.url)
        with installation.store.write() as tx:
            own = article(
                guid="own", url="https://record.example/own", title="Ours", standfirst="An editor wrote this."
            )
            tx.articles.put(own, url_key=own.url, present={"own"}, now=own.published)
        ask(installation)
        made = make(installation, "morning", SLOT, NOW)
    assert next(each.summary.text for each in made.stories if each.article.title == "Ours") == "An editor wrote this."
    assert all(each.article["title"] != "Ours" for each in server.asked)


def test_the_model_writes_the_subject_line_from_the_lead_story(newsroom, publish):
    publish()
    with serving(lambda question: dict.fromkeys(question.kinds, question.sentences[0][:-1])) as server:
        installation = newsroom(server.url, 'write = ["subjects"]')
        ask(installation)
    made = make(installation, "morning", SLOT, NOW)
    lead = made.stories[0]
    assert mail(made).subject == BODIES[lead.article.title].partition(". ")[0]
    assert [each.kinds for each in server.asked] == [["subject"]]
    assert lead.summary.origin == "extract"
    assert "language model" in mail(made).text


def test_a_schedules_own_subject_wins(newsroom, publish):
    publish()
    with serving(honest) as server:
        installation = newsroom(server.url, 'write = ["subjects"]', 'subject = "Today: {{ lead.title }}"\n')
        assert ask(installation) == ()
    assert mail(make(installation, "morning", SLOT, NOW)).subject.startswith("Today: ")
    assert server.asked == []


def test_a_machines_subject_is_no_template(newsroom, publish):
    publish(sections=("{{ 7 * 7 }}",))
    with serving(lambda question: {"subject": "{{ 7 * 7 }} The ferry returns"}) as server:
        installation = newsroom(server.url, 'write = ["subjects"]')
        ask(installation)
    assert "49" not in mail(make(installation, "morning", SLOT, NOW)).subject


def test_posts_say_what_the_model_wrote(newsroom, publish):
    publish()
    with serving(honest) as server:
        installation = newsroom(server.url, 'write = ["posts"]', 'posts = "each"\n', '["mail", "net"]')
        ask(installation)
    made = make(installation, "morning", SLOT, NOW)
    posts = [each.post.text for each in made.renditions if each.post]
    assert len(posts) == 3
    assert any("Tove Sand runs it." in each for each in posts)
    # A post is no part of the mail.
    assert "language model" not in mail(made).text


def test_a_days_budget_ends_the_asking_and_survives_a_restart(newsroom, publish, store, clock):
    publish()
    with serving(honest) as server:
        installation = newsroom(server.url, "requests_per_day = 2")
        written = ask(installation)
        assert len(server.asked) == 2
        assert [each.reason for each in written if not each.text] == [
            "the budget of 24 hours is used up (llm.requests_per_day)"
        ]
        again = Installation(installation.settings, store, KEYS, clock)
        clock.advance(minutes=10)
        assert [each.text for each in ask(again)] == [""]
        assert len(server.asked) == 2
        clock.advance(hours=26)
        assert [bool(each.text) for each in ask(again)] == [True]


def test_tokens_are_counted_by_what_they_cost(newsroom, publish):
    publish()
    # A question is taken for some 2,700 tokens until it is known that it cost 100.
    with serving(honest) as server:
        installation = newsroom(server.url, "tokens_per_day = 6000")
        assert all(each.text for each in ask(installation))
    with installation.store.read() as tx:
        assert (
            tx.connection.exec_driver_sql("SELECT sum(used) FROM allowances WHERE key = 'llm:tokens'").scalar() == 300
        )


def test_tokens_that_are_used_up_end_the_asking(newsroom, publish):
    publish()
    usage = {"usage": {"total_tokens": 4_000}}
    with serving(lambda question: chat('{"summary": "Forty traders have signed so far."}', **usage)) as server:
        installation = newsroom(server.url, "tokens_per_day = 5000")
        written = ask(installation)
    assert len(server.asked) == 1
    assert written[-1].reason == "the budget of 24 hours is used up (llm.tokens_per_day)"


def test_an_endpoint_that_failed_is_left_alone_for_a_while_by_every_process(newsroom, publish, store, clock):
    publish()
    with serving(lambda _: Raw(429, b"", {"Retry-After": "600"})) as server:
        installation = newsroom(server.url)
        ask(installation)
        assert len(server.asked) == 1
        server.model = honest
        clock.advance(minutes=6)
        again = Installation(installation.settings, store, KEYS, clock)
        assert "left alone until" in ask(again)[0].reason
        assert len(server.asked) == 1
        clock.advance(minutes=6)
        assert all(each.text for each in ask(again))
    with store.read() as tx:
        assert tx.flags.get(RESTS)


def test_a_model_that_answers_nothing_of_use_is_not_asked_at_every_look(newsroom, publish, clock):
    publish()
    with serving(lambda _: chat("no")) as server:
        installation = newsroom(server.url)
        ask(installation)
        assert ask(installation) == ()
        assert len(server.asked) == 3
        clock.advance(minutes=5)
        assert len(ask(installation)) == 3


def test_two_processes_do_not_ask_the_same(newsroom, publish, store, clock):
    publish()
    begun, others = [], []

    def meanwhile(question: Question) -> object:
        if not begun:
            begun.append(True)
            others.extend(write_now(Installation(installation.settings, store, KEYS, clock), "morning", SLOT, NOW))
        return honest(question)

    with serving(meanwhile) as server:
        installation = newsroom(server.url)
        mine = ask(installation)
    assert (len(mine), len(others)) == (1, 2)
    assert len({each.article["title"] for each in server.asked}) == len(server.asked) == 3


def test_without_an_address_nobody_is_asked(newsroom, publish):
    publish()
    installation = newsroom("")
    assert write_now(installation, "morning", SLOT, NOW) == ()
    made = make(installation, "morning", SLOT, NOW)
    assert {story.summary.origin for story in made.stories} == {"extract"}


def test_the_model_is_not_asked_while_a_transaction_is_open(newsroom, publish, store):
    publish()
    free = []

    def writes(question: Question) -> object:
        with store.write() as tx:
            tx.flags.set("while the model thinks", "1", NOW)
        free.append(True)
        return honest(question)

    with serving(writes) as server:
        assert all(each.text for each in ask(newsroom(server.url)))
    assert len(free) == 3


def test_texts_are_begun_before_a_slot_is_drafted(newsroom, publish):
    installation = newsroom("http://127.0.0.1:1/v1", 'ahead = "10m"', "approval = true\n")
    drafted = NOW - timedelta(minutes=30)
    assert coming(installation, drafted - timedelta(minutes=11)) == []
    assert coming(installation, drafted - timedelta(minutes=9)) == [("morning", SLOT, drafted)]
    assert coming(installation, drafted) == []


def test_texts_written_ahead_fit_the_edition_that_is_drafted_later(newsroom, publish, store):
    publish()
    with serving(honest) as server:
        installation = newsroom(server.url)
        write_now(installation, "morning", SLOT, NOW, seconds=60)
    with store.read() as tx:
        stories = draft(tx, installation, "morning", SLOT, NOW).edition.stories
        kept = tx.machine_texts.of([each.article.fingerprint for each in stories], "no such maker")
    assert {story.summary.origin for story in stories} == {"llm"}
    assert kept == {}


def test_a_store_that_is_held_asks_nobody(newsroom, publish, store):
    publish()
    with store.write() as tx:
        tx.flags.set("moved", "postgresql://elsewhere", NOW)
    with serving(honest) as server:
        assert ask(newsroom(server.url)) == ()
    assert server.asked == []


def test_a_refused_summary_does_not_lose_the_post(newsroom, publish, store):
    publish()

    def half(question: Question) -> object:
        return {**honest(question), **({"summary": "It cost 987,654 crowns."} if "summary" in question.kinds else {})}

    with serving(half) as server:
        installation = newsroom(server.url, 'write = ["summaries", "posts"]', channels='["mail", "net"]')
        written = ask(installation)
    lead = [each for each in written if each.kind is TextKind.POST]
    assert len(lead) == 1
    assert lead[0].text
    assert [each.text for each in written if each.kind is TextKind.SUMMARY] == ["", "", ""]


def test_the_ticker_writes_ahead_and_the_tick_takes_what_is_there(newsroom, publish, store, clock, monkeypatch):
    publish()
    told = []
    monkeypatch.setattr(ticker, "collect_now", lambda *_: [])
    with serving(honest) as server:
        installation = newsroom(server.url)
        clock.advance(minutes=-20)
        tick(installation, clock())
        working = Ticker(installation, told=told.append)
        working._write()
        assert server.asked == []
        clock.advance(minutes=15)
        working._write()
        assert len(server.asked) == 3
    clock.advance(minutes=5)
    working._tick()
    with store.read() as tx:
        made = tx.editions.of_slot("morning", SLOT.key)
    assert made.state is EditionState.SENDING
    assert {story.summary.origin for story in made.stories} == {"llm"}


def test_a_ticker_that_stops_leaves_the_model_alone(newsroom, publish, clock):
    publish()

    def asked(question: Question) -> object:
        working._stopping.set()
        server.open.wait(30)
        return honest(question)

    with serving(asked) as server:
        installation = newsroom(server.url)
        clock.advance(minutes=-5)
        working = Ticker(installation, told=lambda _: None)
        working._write()
        assert len(server.asked) == 1


SPORT = SCHEDULE[SCHEDULE.index("[schedules") :].replace("morning", "sport")
"""A second schedule, drafted when the first one is."""


@pytest.fixture
def two(newsroom, publish, store):
    """Builds an installation with two schedules at 07:00, of which the second takes the section Sport alone."""
    publish(sections=("Town",))
    with store.write() as tx:
        game = article(
            guid="game",
            url="https://record.example/game",
            title="The rowers win",
            standfirst="",
            body="<p>Port Alder wins the regatta in heavy rain. Its eight was ahead by 12 seconds.</p>",
            sections=("Sport",),
            published=NOW - timedelta(hours=1),
        )
        tx.articles.put(game, url_key=game.url, present={game.guid}, now=game.published)

    def build(url):
        only = '[schedules.{}.selection]\nsections = ["{}"]\n'
        return newsroom(url, extra=only.format("morning", "Town") + SPORT + only.format("sport", "Sport"))

    return build


def test_schedules_of_the_same_moment_share_the_time(two, store):
    def slow(question: Question) -> object:
        if question.article["title"] in BODIES:
            server.open.wait(30)
        return honest(question)

    begun = time.monotonic()
    with serving(slow) as server:
        made = two(server.url)
        # What is left is real time.
        running = Installation(
            made.settings,
            store,
            KEYS,
            lambda: NOW - timedelta(seconds=4) + timedelta(seconds=time.monotonic() - begun),
        )
        Ticker(running, told=lambda _: None)._write()
    (story,) = make(made, "sport", replace(SLOT, schedule="sport"), NOW).stories
    assert (story.summary.origin, story.summary.text) == ("llm", "Its eight was ahead by 12 seconds.")


def test_a_fault_in_one_schedule_costs_another_none_of_its_texts(two, clock, caplog, monkeypatch):
    def faulty(tx, installation, schedule, *rest, **more):
        if schedule == "morning":
            raise RuntimeError("a fault in the program")
        return draft(tx, installation, schedule, *rest, **more)

    monkeypatch.setattr(machine_texts, "draft", faulty)
    with serving(honest) as server:
        made = two(server.url)
        clock.advance(minutes=-5)
        Ticker(made, told=lambda _: None)._write()
        assert [each.article["title"] for each in server.asked] == ["The rowers win"]
    assert "no text is written by the model" in caplog.text
    clock.advance(minutes=5)
    (story,) = make(made, "sport", replace(SLOT, schedule="sport"), NOW).stories
    assert story.summary.origin == "llm"


def test_a_refusal_stands_on_the_desks_page_in_words(newsroom, publish, store):
    publish()
    with serving(liar) as server:
        installation = newsroom(server.url)
        ask(installation)
    made = make(installation, "morning", SLOT, NOW)
    with store.read() as tx:
        found = tx.editions.report(made.id)
    assert origin(made.stories[0], found).startswith("no summary by the language model, refused: a number")


@pytest.mark.parametrize("body", [b"bo\0om", b"half \xed\xa0\xbd", b"\x1b[31m red", "\u202e turned".encode()])
def test_an_error_of_hostile_letters_is_a_reason_on_record(newsroom, publish, store, caplog, body):
    publish()
    with serving(lambda _: Raw(500, body)) as server:
        installation = newsroom(server.url)
        written = write_now(installation, "morning", SLOT, NOW)
    assert len(written) == 3
    made = make(installation, "morning", SLOT, NOW)
    reasons = [each["machine"]["summary"]["reason"] for each in report(store, made)["picks"]]
    assert all("answers 500" in each and each.isprintable() for each in reasons)
    assert all(each.getMessage().isprintable() for each in caplog.records)


@pytest.mark.parametrize("letter", ["\0", "\ud83d", "\ufffd"])
def test_a_text_with_a_letter_that_is_none_is_refused_on_record(newsroom, publish, store, letter):
    publish()
    with serving(lambda question: {"summary": f"{question.sentences[1][:-1]}{letter}."}) as server:
        installation = newsroom(server.url)
        server.model = lambda question, plain=server.model: chat(json.dumps(plain(question)))
        write_now(installation, "morning", SLOT, NOW)
    made = make(installation, "morning", SLOT, NOW)
    assert {story.summary.origin for story in made.stories} == {"extract"}
    assert all("invisible mark" in each["machine"]["summary"]["reason"] for each in report(store, made)["picks"])


def test_a_fault_while_texts_are_written_is_logged_and_never_raised(newsroom, publish, store, caplog):
    publish()
    with store.write() as tx:
        # Whoever wrote it there.
        tx.flags.set(RESTS, "soon", NOW)
    with serving(honest) as server:
        installation = newsroom(server.url)
        assert write_now(installation, "morning", SLOT, NOW) == ()
        seen = asyncio.run(preview(installation, "morning", SLOT, None))
    assert caplog.text.count("no text is written by the model") == 2
    assert len(seen.edition.stories) == 3
    assert make(installation, "morning", SLOT, NOW).state is EditionState.DRAFTED
