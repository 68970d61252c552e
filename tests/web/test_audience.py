from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from bot.audience.suppression import suppress
from bot.delivery.flood import FLAG, REST, STOPPED, TRIAL
from bot.model import Consent, EditionState, Evidence, Preferences, Role, Signup, SignupOutcome, Suppression
from bot.schedules.figures import count_readers
from bot.store import growth
from bot.store.reader_days import Day
from bot.testing import NOW, subscribe
from tests.web.test_access import join, with_session

HOSTILE = "<script>alert('x')</script>"
FORMULA = "=HYPERLINK(0)"


def _subscribe(web, address, name="", audience="readers", **fields):
    with web.store.write() as tx:
        tx.subscribers.subscribe(address, audience, Consent(at=NOW, via="sign-up", **fields), name=name)
        return tx.subscribers.id_of(address)


async def test_readers_are_found_by_a_part_of_their_name(web):
    _subscribe(web, "m.l@ellery.example", "Morten Lind")
    _subscribe(web, "ida@ellery.example", "Ida")
    page = (await web.get("/audience?q=lind")).text
    assert "m.l@ellery.example" in page
    assert "ida@ellery.example" not in page
    assert "1 reader matches “lind”." in page


async def test_who_is_never_mailed_from_now_on_is_no_longer_among_those_an_edition_goes_to(web, monkeypatch):
    monkeypatch.setattr(growth, "LIVE", 1)
    subscribe(web.store, "ida@example.org", "tom@example.org", "noor@example.org")
    count_readers(web.installation, NOW)
    made = web.add_edition(state=EditionState.DRAFTED, slot=NOW + timedelta(hours=1))
    web.installation.clock.advance(minutes=1)
    assert "to 3 readers" in (await web.get(f"/editions/{made.id}/bar")).text
    assert (await web.post("/audience/suppressions", data={"address": "ida@example.org"})).status_code == 303
    assert "to 2 readers" in (await web.get(f"/editions/{made.id}/bar")).text
    assert "to 2 readers" in (await web.get("/")).text


async def test_two_letters_are_no_search(web):
    page = (await web.get("/audience?q=li")).text
    assert "A search takes three letters or more" in page


async def test_who_is_not_found_is_said_with_a_way_back(web):
    page = (await web.get(f"/audience?q={HOSTILE}")).text
    assert "No reader matches" in page
    assert "<script>alert" not in page
    assert 'href="./audience"' in page or "/audience" in page


async def test_many_readers_wait_for_letters_or_a_filter(web, monkeypatch):
    monkeypatch.setattr("bot.web.editor.audience.LIVE", 1)
    subscribe(web.store, "ida@example.org", "tom@example.org")
    assert "ida@example.org" not in (await web.get("/audience")).text
    assert "ida@example.org" in (await web.get("/audience?audience=readers")).text
    assert "ida@example.org" in (await web.get("/audience?state=subscribed")).text


async def test_a_list_says_how_each_reader_stands(web):
    left, away, spam, _ = subscribe(
        web.store, "left@example.org", "away@example.org", "spam@example.org", "fine@example.org"
    )
    with web.store.write() as tx:
        tx.subscribers.unsubscribe(left, "readers", via="page", now=NOW)
        tx.subscribers.prefer(away, "readers", Preferences(paused_until=date(2026, 12, 2)))
    suppress(web.store, Suppression(address="spam@example.org", reason="complaint", at=NOW), who="mara")
    page = (await web.get("/audience")).text
    for words in ("Unsubscribed", "Away until 2 Dec", "Not mailed: called a mail spam", "Subscribed"):
        assert words in page


async def test_pages_of_readers_lead_on_and_back(web, monkeypatch):
    monkeypatch.setattr("bot.web.editor.audience.READERS", 2)
    subscribe(web.store, *(f"reader{number}@example.org" for number in range(5)))
    first = (await web.get("/audience?audience=readers")).text
    assert "reader1@example.org" in first
    assert "reader2@example.org" not in first
    assert 'rel="next"' in first
    assert 'rel="prev"' not in first
    second = (await web.get("/audience?audience=readers&after=reader1@example.org")).text
    assert "reader3@example.org" in second
    assert 'rel="prev"' in second


async def test_an_audience_s_week_is_told_with_its_sign(web):
    subscribe(web.store, "ida@example.org", "tom@example.org")
    with web.store.write() as tx:
        tx.reader_days.put("readers", [Day(NOW.date() - timedelta(days=7), 40, 0)], NOW)
        tx.reader_days.put("weekend", [Day(NOW.date() - timedelta(days=7), 0, 0)], NOW)
    page = (await web.get("/audience")).text
    assert "−38 this week" in page
    assert "2 subscriptions to 2 audiences" in page
    assert (await web.get("/audience/growth")).text.count("polyline") == 1


async def test_of_many_readers_the_count_says_when_it_was_made(web, monkeypatch):
    monkeypatch.setattr(growth, "LIVE", 1)
    subscribe(web.store, "ida@example.org", "tom@example.org", "noor@example.org")
    assert "More than 1 reader" in (await web.get("/audience")).text
    with web.store.write() as tx:
        tx.reader_days.put("readers", [Day(NOW.date(), 3, 0)], NOW - timedelta(minutes=30))
    page = (await web.get("/audience")).text
    assert "counted" in page
    assert "06:30" in page


async def test_the_list_asks_as_often_for_fifty_readers_as_for_one(web):
    def asked():
        statements = []
        engine = web.store._engine

        def note(*args):
            # SQLite's own word for the beginning of a transaction asks nothing.
            statements.extend([] if args[2] == "BEGIN" else [args[2]])

        event.listen(engine, "before_cursor_execute", note)
        return statements, lambda: event.remove(engine, "before_cursor_execute", note)

    counts = []
    for number in (1, 49):
        subscribe(web.store, *(f"reader{number}x{each}@example.org" for each in range(number)))
        # Now and then a request looks whether the settings were changed: this one does, the next does not.
        await web.get("/healthz")
        statements, stop = asked()
        page = await web.get("/audience?q=reader")
        stop()
        assert page.status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert counts[1] < 31


async def test_a_reader_is_added_with_the_evidence_of_their_consent(web):
    form = {"address": "Ida@Example.org", "name": "Ida", "audience": "readers", "note": "by telephone, to Mara"}
    answer = await web.post("/audience/add", data=form)
    assert answer.status_code == 303
    with web.store.read() as tx:
        (ida,) = tx.subscribers.find("ida@example.org")
        (act,) = tx.acts.newest(thing=f"subscriber:{ida.id}")
    assert (ida.name, ida.consent.note) == ("Ida", "by telephone, to Mara")
    assert ida.consent.via.startswith("desk by ")
    assert act.what == "subscribe"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("address", "ida@", "Write a whole address"),
        ("audience", "strangers", "Choose the audience"),
        ("note", "yes", "Say where and how they agreed"),
    ],
)
async def test_a_reader_who_cannot_be_added_is_told_at_the_field(web, field, value, words):
    form = {"address": "ida@example.org", "name": HOSTILE, "audience": "readers", "note": "by telephone, to Mara"}
    answer = await web.post("/audience/add", data={**form, field: value})
    assert answer.status_code == 422
    assert words in answer.text
    assert HOSTILE not in answer.text
    assert "&lt;script&gt;alert" in answer.text
    with web.store.read() as tx:
        assert tx.counts()["subscribers"] == 0


async def test_who_must_not_be_mailed_is_not_added(web):
    suppress(web.store, Suppression(address="ida@example.org", reason="complaint", at=NOW), who="mara")
    form = {"address": "ida@example.org", "audience": "readers", "note": "by telephone, to Mara"}
    answer = await web.post("/audience/add", data=form)
    assert answer.status_code == 422
    assert "must not be mailed" in answer.text


async def test_the_form_s_code_names_the_newsletter_and_runs_nothing(web):
    page = (await web.get("/audience/form?newsletter=morning")).text
    assert "https://news.record.example/subscribe/embed?newsletter=morning" in page
    assert "<iframe" not in page


async def test_who_has_not_confirmed_is_listed_and_asked_again_after_a_day(web, clock):
    asked = Signup(
        id="a" * 26,
        address="noor@example.org",
        choices={"readers": Preferences()},
        language="en",
        evidence=Evidence(form="embed", page=f"https://record.example/{HOSTILE}"),
        requested=NOW,
    )
    with web.store.write() as tx:
        tx.signups.add(asked)
        tx.signups.went_ahead(asked.id, SignupOutcome.CONFIRM, NOW)
    page = (await web.get("/audience/waiting")).text
    assert "noor@example.org" in page
    assert "Again from" in page
    assert HOSTILE not in page
    clock.advance(hours=25)
    assert "Send it again" in (await web.get("/audience/waiting")).text
    await web.post("/audience/waiting/again", data={"id": asked.id})
    with web.store.read() as tx:
        assert [each.address for each in tx.signups.due(clock(), 9)] == ["noor@example.org"]


async def test_while_confirmations_are_stopped_the_page_says_until_when(web, clock):
    assert "Confirmation mails are stopped" not in (await web.get("/audience/waiting")).text
    with web.store.write() as tx:
        tx.flags.set(FLAG, STOPPED, clock())
    page = (await web.get("/audience/waiting")).text
    assert "Confirmation mails are stopped: hardly anybody pressed the button in the last hour." in page
    assert "A few go out again" in page
    assert f'datetime="{clock() + REST:%Y-%m-%dT%H:%M}' in page
    with web.store.write() as tx:
        tx.flags.set(FLAG, TRIAL, clock())
    assert "Confirmation mails are stopped" not in (await web.get("/audience/waiting")).text


async def test_an_address_is_put_on_the_list_and_taken_off_with_a_reason(web):
    form = {"address": "ida@example.org", "audience": "", "note": "asked by letter"}
    assert (await web.post("/audience/suppressions", data=form)).status_code == 303
    assert "ida@example.org" in (await web.get("/audience/suppressions?q=ida")).text
    assert "asked by letter" in (await web.get("/audience/suppressions?q=IDA@example.org")).text
    way = "/audience/suppressions/remove"
    assert "Mail this address again?" in (await web.get(f"{way}?address=ida@example.org&audience=")).text
    assert (await web.post(way, data={"address": "ida@example.org"})).status_code == 422
    with web.store.read() as tx:
        assert tx.suppressions.of("ida@example.org")
    assert (await web.post(way, data={"address": "ida@example.org", "note": "a mistake"})).status_code == 303
    with web.store.read() as tx:
        assert tx.suppressions.of("ida@example.org") is None
        assert [act.what for act in tx.acts.newest()] == ["allow", "suppress"]
        assert "a mistake" in tx.acts.newest()[0].note


async def test_an_erased_address_is_found_whole_and_not_shown(web):
    with web.store.write() as tx:
        erased = Suppression(address="ida@example.org", reason="erased", at=NOW)
        tx.suppressions.add(erased, keep_address=False)
    page = (await web.get("/audience/suppressions")).text
    assert "ida@example.org" not in page
    assert "erased" in page


async def test_an_export_opens_safely_in_a_spreadsheet_and_is_on_the_record(web):
    _subscribe(web, "ida@example.org", FORMULA)
    subscribe(web.store, "tom@example.org", audience="weekend")
    answer = await web.post("/audience/export", data={"what": "subscribers", "audience": "readers", "state": ""})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["email"], row["name"]) for row in rows] == [("ida@example.org", f"'{FORMULA}")]
    assert 'filename="subscribers-readers-2026-11-24.csv"' in answer.headers["content-disposition"]
    with web.store.read() as tx:
        (act,) = tx.acts.newest(thing="audience:readers")
    assert (act.what, act.note) == ("export subscribers", "1 row, to a browser")


async def test_who_is_never_mailed_is_exported_too_with_one_header(web):
    for number in range(450):
        suppress(web.store, Suppression(address=f"r{number}@example.org", reason="editor", at=NOW), who="mara")
    answer = await web.post("/audience/export", data={"what": "suppressions"})
    lines = answer.text.splitlines()
    assert len(lines) == 451
    assert sum(line.startswith("email") for line in lines) == 1
    with web.store.read() as tx:
        (act,) = tx.acts.newest(thing="audience:all")
    assert (act.what, act.note) == ("export suppressions", "450 rows, to a browser")


async def test_looking_exports_nothing(web):
    await web.get("/audience/export")
    with web.store.read() as tx:
        assert tx.acts.newest() == []


SEES = (
    "/audience",
    "/audience/growth",
    "/audience/waiting",
    "/audience/suppressions",
    "/audience/form",
    "/audience/imports",
)
EDITS = ("/audience/add", "/audience/import")


@pytest.mark.parametrize(("role", "allowed"), [(Role.VIEWER, 0), (Role.EDITOR, 1), (Role.APPROVER, 2), (Role.ADMIN, 2)])
async def test_each_role_sees_the_audience_and_does_what_it_may(web, role, allowed):
    _, token = join(web, role)
    (ida,) = subscribe(web.store, "ida@example.org")
    headers = with_session(token)
    for path in (*SEES, f"/audience/readers/{ida}"):
        assert (await web.get(path, headers=headers)).status_code == 200, path
    for path in (*EDITS, f"/audience/readers/{ida}/unsubscribe"):
        assert (await web.get(path, headers=headers)).status_code == (200 if allowed else 403), path
    assert (await web.get("/audience/export", headers=headers)).status_code == (200 if allowed == 2 else 403)
    erases = 200 if role is Role.ADMIN else 403
    assert (await web.get(f"/audience/readers/{ida}/forget", headers=headers)).status_code == erases
    for path in ("add", "suppressions", "upload", "waiting/again", f"readers/{ida}/data", f"readers/{ida}/suppress"):
        answer = await web.post(f"/audience/{path}", headers=headers)
        assert (answer.status_code == 403) is not bool(allowed), path
    answer = await web.post("/audience/export", headers=headers)
    assert (answer.status_code == 403) is (allowed < 2)
    answer = await web.post(f"/audience/readers/{ida}/forget", headers=headers)
    assert answer.status_code == (303 if role is Role.ADMIN else 403)


@pytest.mark.parametrize("reason", ["50% off", "100%", "%(x)s <b>"])
async def test_a_reason_of_a_file_with_a_percent_sign_is_quoted_as_it_is(web, reason):
    reader = _subscribe(web, "ida@ellery.example")
    listed = Suppression(address="ida@ellery.example", reason=reason, at=NOW, source="a file")
    suppress(web.store, listed, who="Inés")
    for path in ("/audience", f"/audience/readers/{reader}"):
        answer = await web.get(path)
        assert answer.status_code == 200
        assert f"Not mailed: {reason.replace('<', '&lt;').replace('>', '&gt;')}" in answer.text


@pytest.mark.parametrize(("role", "pauses", "tells"), [(Role.EDITOR, 0, 0), (Role.APPROVER, 1, 0), (Role.ADMIN, 1, 1)])
async def test_nobody_is_offered_what_their_role_may_not(web, role, pauses, tells):
    _, token = join(web, role)
    for path in ("/", "/menu", "/settings"):
        page = (await web.get(path, headers=with_session(token))).text
        assert bool(page.count("Pause everything")) == bool(pauses), path
        assert (">Webhooks<" in page) == bool(tells and path == "/settings")
    if not tells:
        refused = (await web.get("/settings/webhooks", headers=with_session(token))).text
        assert refused.count("Your role is not enough for this") == 2, "in the title and the heading"


@pytest.mark.parametrize("act", ["unsubscribe", "suppress", "forget"])
async def test_the_way_out_of_a_question_is_no_word_that_could_mean_yes(web, act):
    (ida,) = subscribe(web.store, "ida@example.org")
    for path in (f"/audience/readers/{ida}", f"/audience/readers/{ida}/{act}"):
        page = (await web.get(path)).text
        assert "Leave it as it is" in page
        assert "Keep going" not in page
