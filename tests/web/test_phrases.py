"""What the layers below say is said in the editor's language, and none of it in English."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from babel.messages.extract import extract_from_dir
from sqlalchemy import text

from bot.accounts import desk_key
from bot.clock import SetClock
from bot.delivery.alert import Alert
from bot.delivery.alerting import tell
from bot.delivery.sending import PROGRAM, pause
from bot.editions import lifecycle
from bot.editions.compose import report
from bot.errors import ChannelRefused, StateError
from bot.model import Act, EditionState, Phrase, Several, Way, plural
from bot.schedules import newcomer
from bot.schedules.moving import skip_slot
from bot.settings.tables import AlertsTable
from bot.sources.discovery import Found
from bot.sources.first_look import FirstLook
from bot.speech.catalog import LANGUAGES, speak
from bot.speech.phrases import capital, sentence, told, told_error
from bot.store.chunks import LOST
from bot.stories.rules import RULES, Circumstances
from bot.stories.selection import select
from bot.testing import KEYS, NOW, ScriptedChannel, Zones, article
from bot.web.editor.deeds import SENTENCES
from bot.web.editor.reasons import known as known_of
from bot.web.editor.schedule_words import left_out
from bot.web.setup import app as setup

BOT = Path(__file__).parents[2] / "bot"
PLACEHOLDER = re.compile(r"%\(\w+\)s")
HOUR = timedelta(hours=1)
FOREIGN = [each for each in LANGUAGES if each != "en"]


@pytest.fixture
def german():
    speak("de")
    yield
    speak("en")


def known():
    """Runs of three English words or more, of all that the layers below and the record say."""
    keywords = {"Phrase": None, "plural": (2, 3)}
    texts = list(SENTENCES.values())
    for _file, _line, message, _comments, _context in extract_from_dir(BOT, [("**.py", "python")], keywords=keywords):
        texts += message if isinstance(message, tuple) else (message,)
    runs = (run.strip(" ,;:.“”()") for text in texts for run in PLACEHOLDER.split(text))
    return {run for run in runs if len(run.split()) > 2}


def words_of(page):
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.partition("<main")[2])))


def test_a_phrase_is_said_with_its_facts_as_the_language_writes_them(german):
    rejected = Phrase("Published %(time)s: older than %(most)s, the most it may be.", time=NOW, most=timedelta(days=3))
    assert told(rejected) == "Erschienen 24. November 2026, 07:00: älter als die erlaubten 3 Tage."
    wanted = Several(("Sport", "Kultur"), Way.OR)
    assert told(Phrase("It has no tag; the schedule takes %(wanted)s.", wanted=wanted)).endswith("Sport oder Kultur.")
    assert told(plural(1204, "%(count)s link leads nowhere", "%(count)s links lead nowhere")).startswith("1.204 Links")


def test_what_is_no_phrase_stands_as_it_is(german):
    assert told("The council's own words") == "The council's own words"


def test_what_an_error_says_is_a_sentence_of_its_own(german):
    assert sentence(told_error(StateError(Phrase("that is more than a year ahead")))).endswith(" im Voraus.")
    speak("ja")
    assert sentence(told_error(StateError(Phrase("that is more than a year ahead")))) == "1年以上先です。"


def test_what_the_program_says_of_a_delivery_is_told_from_its_english_too(german):
    assert known_of(str(LOST)) == "der Sendeprozess hielt an, während sie unterwegs war"
    assert known_of("", LOST) == known_of(str(LOST), LOST) == known_of(str(LOST))
    assert known_of("550 5.1.1 the edition was cancelled", LOST) == "550 5.1.1 the edition was cancelled"


@pytest.fixture
def edition(web):
    """An edition of three stories with what its schedule left out, edited, held and released."""
    around = Circumstances(
        now=NOW, since=NOW - timedelta(hours=12), first_run=False, consumed=frozenset({3}), reserved=frozenset({4})
    )
    found = [
        article(title=f"Ferry {number} returns to the {number}th quay", published=NOW - number * timedelta(hours=1))
        for number in range(1, 20)
    ]
    found = [replace(each, id=number, guid=str(number)) for number, each in enumerate(found, start=1)]
    rules = web.installation.settings.schedules["morning"].selection
    selected = select(found, rules, around)
    assert len(selected.rejections) > 4
    made = web.add_edition(lead=selected.picks[0].story.lead, report=report(selected))
    lifecycle.hold(web.store, made.id, who="Tom", now=NOW)
    lifecycle.release(web.store, made.id, who="Inés", now=NOW)
    with web.store.write() as tx:
        for each in found:
            tx.articles.put(each, url_key=each.url, present=(), now=NOW)
    return made


@pytest.mark.parametrize("language", LANGUAGES)
async def test_nothing_that_the_layers_below_say_is_english_on_a_foreign_desk(web, edition, language):
    english, seen = known(), set()
    async with web.client() as client:
        client.headers["accept-language"] = language
        for address in (
            "/",
            "/activity",
            f"/editions/{edition.id}",
            f"/editions/{edition.id}?left=before-window",
            f"/editions/{edition.id}/checks",
            "/schedules/morning?look=yes",
        ):
            answer = await client.get(address)
            assert answer.status_code == 200
            assert f'<html lang="{language}"' in answer.text
            seen |= {run for run in english if run in words_of(answer.text)}
    if language == "en":
        # What is not there in English says nothing by its absence elsewhere.
        assert len(seen) > 12
    else:
        assert seen == set()


@pytest.mark.parametrize("language", FOREIGN)
def test_every_rule_of_a_selection_is_named(language):
    speak(language)
    assert [name for name, _rule in RULES if left_out(name) == name] == []
    speak("en")


@pytest.fixture
def troubles(web):
    """Editions by what became of them, each with the reason that the program, or an act, gave it."""
    made = {
        name: web.add_edition(slot_key=name, slot=NOW + number * HOUR, state=state)
        for number, (name, state) in enumerate(
            {
                "returned": EditionState.AWAITING,
                "expired": EditionState.DRAFTED,
                "held": EditionState.AWAITING,
                "paused": EditionState.SENDING,
            }.items(),
            start=1,
        )
    }
    late = Phrase("later than its schedule allows")
    held = Phrase(
        "nobody approved it by its slot; %(why)s", why=Phrase("changed by %(who)s after it was approved", who="Mara")
    )
    lifecycle.return_(web.store, made["returned"].id, who="Tom", now=NOW, note="The lead is old.")
    lifecycle.expire(web.store, made["expired"].id, now=NOW, reason=late)
    lifecycle.hold(web.store, made["held"].id, who="broadsheet", now=NOW, note=held)
    with web.store.write() as tx:
        off = plural(
            2,
            "the books do not balance: %(count)s delivery, %(snapshot)s in the snapshot",
            "the books do not balance: %(count)s deliveries, %(snapshot)s in the snapshot",
            snapshot=1204,
        )
        assert pause(tx, made["paused"].id, off, NOW)
    return made


REASONS = {
    "returned": "zurückgegeben von Tom: The lead is old.",
    "expired": "später, als der Zeitplan erlaubt",
    "held": "bis zum Termin hat sie niemand freigegeben; von Mara nach der Freigabe geändert",
    "paused": "die Summen stimmen nicht: 2 Zustellungen, 1.204 in der Momentaufnahme",
}


@pytest.mark.parametrize("which", REASONS)
async def test_an_edition_says_in_the_editors_language_why_it_stands_as_it_does(web, troubles, which):
    async with web.client() as client:
        client.headers["accept-language"] = "de"
        page = words_of((await client.get(f"/editions/{troubles[which].id}", follow_redirects=True)).text)
    assert REASONS[which] in page


async def test_today_the_calendar_and_the_record_say_in_the_editors_language_why(web, troubles):
    async with web.client() as client:
        client.headers["accept-language"] = "de"
        today = words_of((await client.get("/")).text)
        calendar = words_of((await client.get("/calendar?day=2026-11-24")).text)
        record = words_of((await client.get("/activity")).text)
    assert [name for name, said in REASONS.items() if said not in today and capital(said) not in today] == []
    assert REASONS["held"] in calendar
    assert [name for name in ("expired", "held", "paused") if REASONS[name] not in record] == []
    seen = {run for run in known() if any(run in page for page in (today, calendar, record))}
    assert seen == set()


async def test_programs_are_told_in_english_why_an_edition_stands_as_it_does(web, troubles):
    with web.store.read() as tx:
        reasons = {name: json.loads(json.dumps(tx.editions.get(each.id).reason)) for name, each in troubles.items()}
    assert reasons["returned"] == "returned by Tom: The lead is old."
    assert reasons["paused"].endswith("1,204 in the snapshot")


ZONES = {
    "record.news": {"TXT": ["v=spf1 include:gone.news -all"], "MX": ["0 ."]},
    "_dmarc.record.news": {"TXT": ["v=DMARC1; p=reject"]},
}


@pytest.fixture
async def first_run(tmp_path, monkeypatch):
    """A browser at the first run of a newsroom whose site was read, in German; the DNS is ``ZONES``."""
    look = FirstLook(
        found=Found(type="feed", url="https://record.news/feed"), newest=(article(),), total=1, lately=1, whole=True
    )
    monkeypatch.setattr(setup, "_look", lambda _url, _now: look)
    monkeypatch.setattr(newcomer, "SystemResolver", lambda: Zones(ZONES))
    app = setup.setup_app(tmp_path / "config", keys=KEYS, done=lambda _: None, clock=SetClock(NOW))
    kept = {desk_key.cookie(KEYS): desk_key.token(KEYS, NOW)}
    transport, headers = httpx.ASGITransport(app), {"Sec-Fetch-Site": "same-origin", "Accept-Language": "de"}
    url = "http://127.0.0.1:8080"
    async with httpx.AsyncClient(transport=transport, base_url=url, cookies=kept, headers=headers) as client:
        named = {"name": "The Record", "url": "https://record.news", "address": "1 Quay", "timezone": "Europe/Berlin"}
        assert (await client.post("/setup", data=named)).status_code == 303
        yield client


async def test_what_the_dns_says_of_a_sender_is_told_in_the_editors_language(first_run):
    sender = {"sender": "news@record.news", "host": "127.0.0.1:1", "act": "try"}
    answer = await first_run.post("/setup/sender", data=sender)
    page = words_of(answer.text)
    assert "Empfänger verwerfen den SPF-Eintrag: include von record.news: gone.news hat keine SPF-Einträge" in page
    assert "berichtigen: v=spf1 include:gone.news -all" in page
    assert "_dmarc.record.news: p=reject, und es werden keine Berichte verlangt" in page
    assert "rua=mailto:dmarc@record.news hinzufügen" in page
    assert "veröffentlichen: record.news. 3600 IN MX 10 YOUR-MAIL-SERVER; oder eine andere Domain verwenden" in page
    assert {run for run in known() if run in page} == set()


async def test_the_record_says_in_the_editors_language_of_what_alerts_told_and_whom_they_missed(web):
    title = Phrase("%(name)s is held: %(why)s", name="Morning briefing", why=Phrase("later than its schedule allows"))
    alert = Alert(flag="alert:held:x", at=NOW, edition=None, status="", title=title, said=(), facts=(), do=(), page="")

    def refuse(_parcel):
        raise ChannelRefused("421 busy")

    await tell(
        [alert],
        store=web.store,
        channels={"ops": ScriptedChannel(answer=refuse, medium="webhook")},
        keys=KEYS,
        newsroom=web.installation.newsroom,
        folders=[],
        rules=AlertsTable(channels=["ops"]),
        clock=web.installation.clock,
    )
    with web.store.write() as tx:
        tx.acts.add(
            Act(at=NOW, who=PROGRAM, what="alert", thing="alert:old", note="“Old one”; ines@record.example by mail")
        )
    async with web.client() as client:
        client.headers["accept-language"] = "de"
        record = words_of((await client.get("/activity")).text)
    assert (
        "„Morning briefing wird zurückgehalten: später, als der Zeitplan erlaubt“; nicht erreicht: ops (421 busy)"
        in record
    )
    assert "“Old one”; ines@record.example by mail" in record


@pytest.mark.parametrize("old", [False, True])
async def test_a_slot_that_somebody_skipped_says_so_in_the_editors_language(web, old):
    slot = web.installation.timetable("morning").after(NOW, count=1)[0]
    made = skip_slot(web.installation, "morning", slot.key, who="Inés", now=NOW, note="a holiday")
    if old:
        with web.store.write() as tx:
            tx.connection.execute(text("UPDATE editions SET reason = 'skipped by Inés: a holiday'"))
    async with web.client() as client:
        client.headers["accept-language"] = "de"
        page = words_of((await client.get("/schedules/morning")).text)
    assert made.state is EditionState.SKIPPED
    assert ("skipped by Inés: a holiday" if old else "übersprungen von Inés: a holiday") in page
