"""What the program says stands in plain columns, and is a phrase again when it is read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, text, update

from bot.model import Act, DeliveryState, EditionState, Outcome, Phrase, Several, Way, plural, several
from bot.store import Store
from bot.store.backup import back_up
from bot.store.bulk import insert_rows
from bot.store.restore import restore
from bot.store.said import SIGN, read, written
from bot.store.tables import acts, editions
from bot.testing import NOW, edition, subscribe

LATER = NOW + timedelta(hours=5)
ZONE = ZoneInfo("Europe/London")
FIXED = Phrase("the edition was cancelled")
SAID = [
    FIXED,
    Phrase("100%% of it"),
    Phrase("{curly} at the start"),
    Phrase("returned by %(who)s: %(note)s", who="Björn", note='"; DROP TABLE \N{SHIP} %s %(who)s'),
    plural(1204, "%(count)s story", "%(count)s stories"),
    Phrase("due %(time)s for %(long)s", time=NOW.astimezone(ZONE), long=timedelta(hours=3)),
    Phrase("nobody approved it by its slot; %(why)s", why=several(("a", FIXED), Way.APART)),
    Phrase("%(share)s to %(whom)s", share=2.5, whom=Several(("mail", "bluesky"), Way.OR)),
]


def content(said):
    return said.content() if isinstance(said, Phrase) else said


def _note(store, said):
    with store.write() as tx:
        tx.acts.add(Act(at=NOW, who="mara", what="hold", thing="edition:a", note=said))
    with store.read() as tx:
        return tx.acts.newest(thing="edition:a")[0].note


@pytest.mark.parametrize("said", SAID)
def test_a_phrase_comes_back_as_the_same_phrase(store, said):
    found = _note(store, said)
    assert (str(found), content(found)) == (str(said), said.content())


@pytest.mark.parametrize("said", ["", "The council's own words", '{"template": "sent", "facts": {}}'])
def test_what_somebody_wrote_stays_as_it_is(store, said):
    assert content(_note(store, said)) == said


@pytest.mark.parametrize(
    "said", [f"{SIGN}sent", f"{SIGN}{SIGN}sent", SIGN + json.dumps(Phrase("sent by %(who)s", who="Mara").content())]
)
def test_a_text_from_outside_never_becomes_a_phrase(store, said):
    assert content(_note(store, said)) == said.lstrip(SIGN)


@pytest.mark.parametrize(
    "stored",
    ["{", "{}", '{"template": 1, "facts": {}}', '{"template": "%(who)s", "facts": {}}', "100% of it", "%(who)s"],
)
def test_what_begins_like_a_phrase_and_is_none_is_a_text(store, stored):
    _note(store, "")
    with store.write() as tx:
        tx.acts._connection.execute(text("UPDATE acts SET note = :note"), {"note": SIGN + stored})
    with store.read() as tx:
        assert content(tx.acts.newest()[0].note) == stored


def test_a_phrase_is_found_by_what_it_is(store):
    with store.write() as tx:
        for number, said in enumerate(SAID):
            made = edition(id=f"edition{number:05}", slot_key=str(number), reason=said)
            assert tx.editions.add(made, expires=LATER, report={})
        connection = tx.editions._connection
        for number, said in enumerate(SAID):
            found = connection.execute(select(editions.c.id).where(editions.c.reason == said)).scalars().all()
            assert found == [f"edition{number:05}"]
        alike = select(editions.c.id).where(editions.c.reason.contains("approved it by its slot"))
        assert connection.execute(alike).scalars().all() == ["edition00006"]


def test_an_edition_is_revised_only_while_its_reason_is_the_one_seen(store):
    with store.write() as tx:
        made = edition(reason=SAID[6])
        tx.editions.add(made, expires=LATER, report={})
        seen = tx.editions.get(made.id)
        tx.editions._connection.execute(update(editions).values(reason=str(SAID[6])))
        after = replace(seen, reason="", version=seen.version + 1)
        assert not tx.editions.revise(after, before=seen, now=NOW)
        tx.editions._connection.execute(update(editions).values(reason=SAID[6]))
        assert tx.editions.revise(after, before=seen, now=NOW)


def test_rows_by_the_thousand_keep_their_phrases(store):
    row = {"at": NOW, "who": "mara", "what": "hold", "thing": "a", "before": "", "after": "", "kind": ""}
    notes = [*SAID, f"{SIGN}sent", "plain"]
    with store.write() as tx:
        connection = tx.acts._connection
        insert_rows(connection, acts, [{**row, "note": each} for each in notes])
        insert_rows(connection, acts, [{**row, "thing": "same", "note": FIXED}] * 2)
        found = connection.execute(select(acts.c.note).where(acts.c.thing == "a").order_by(acts.c.id)).scalars().all()
        same = connection.execute(select(acts.c.note).where(acts.c.thing == "same")).scalars().all()
    assert [content(each) for each in found] == [*map(content, SAID), "sent", "plain"]
    assert [content(each) for each in same] == [FIXED.content()] * 2


@pytest.mark.parametrize(
    ("said", "kept"),
    [(SAID[3], SAID[3]), (FIXED, FIXED), (f"{SIGN}sent", "sent"), (Phrase("%(said)s", said="\udc80"), "?")],
)
def test_why_a_delivery_ended_is_a_phrase_where_the_program_says_it(store, said, kept):
    subscribe(store, "ada@example.org")
    made = edition(state=EditionState.SENDING)
    with store.write() as tx:
        tx.editions.add(made, expires=LATER, report={})
        tx.editions.set_snapshot(made.id, tx.deliveries.add_audience(made.id, "mail", "readers", NOW))
        chunk = tx.chunks.claim("mail", owner="a", now=NOW, until=LATER)
        (due,) = tx.deliveries.due(chunk, NOW)
        tx.deliveries.attempt(chunk, [due.id], NOW)
        state = DeliveryState.FAILED
        outcome = Outcome(delivery=due.id, attempt=1, state=state, began=NOW, ended=NOW, reason=said)
        assert tx.deliveries.finish([outcome]) == []
        (found,) = tx.deliveries.those([due.id])
    assert str(found.reason) == str(kept)
    assert isinstance(found.reason, Phrase) == isinstance(said, Phrase)


@pytest.mark.parametrize(
    ("said", "kept"),
    [(SAID[3], SAID[3].content()), (f"{SIGN}sent", "sent"), ("a\0" * 600, "a\N{REPLACEMENT CHARACTER}" * 250)],
)
def test_why_a_channel_is_paused_is_kept_as_it_was_said(store, said, kept):
    with store.write() as tx:
        assert tx.channels.pause("bluesky", said, NOW)
    with store.read() as tx:
        assert content(tx.channels.get("bluesky").paused) == kept
        assert tx.channels.paused(["bluesky"]) == {"bluesky": tx.channels.get("bluesky").paused}


def test_a_backup_and_its_restore_keep_phrases(store, store_url, tmp_path):
    for said in SAID:
        _note(store, said)
    back_up(store_url, tmp_path / "night.db", now=NOW)
    store.close()
    url = f"sqlite:///{tmp_path}/again.db"
    restore(tmp_path / "night.db", url, replace=False, who="mara", now=LATER)
    again = Store.open(url)
    with again.read() as tx:
        found = tx.acts.newest(thing="edition:a")
        (restored,) = tx.acts.newest(thing="installation")
    again.close()
    assert [content(each.note) for each in reversed(found)] == [each.content() for each in SAID]
    assert restored.note.template.startswith("%(file)s, made %(time)s UTC")


def test_a_phrase_without_facts_costs_one_sign():
    assert written(FIXED) == f"{SIGN}the edition was cancelled"
    assert content(read(written(FIXED))) == FIXED.content()


def test_a_row_of_before_is_read_as_it_is(store):
    with store.write() as tx:
        tx.acts._connection.execute(
            insert(acts).values(at=NOW, who="a", what="b", thing="c", note="returned by Tom: no")
        )
    with store.read() as tx:
        assert content(tx.acts.newest()[0].note) == "returned by Tom: no"
