"""A store of an older version is brought up with all that it holds."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import bindparam, make_url, text

from bot.model import DeliveryState, Suppression
from bot.store import Store, schema
from bot.store.engine import open_engine
from bot.store.headlines import Look
from bot.store.tables import Moment, metadata
from bot.testing import NOW, article, edition

UNTIL = NOW + timedelta(minutes=10)
LATER = NOW + timedelta(hours=1)
READERS = 1_203
"""More than two chunks of them."""
STATES = (
    "pending",
    "leased",
    "attempting",
    "accepted",
    "deferred",
    "failed",
    "unknown",
    "cancelled",
    "suppressed",
    "excluded",
)


@pytest.fixture
def old(store_url):
    """The engine of an empty store of version 0001."""
    if store_url.startswith("sqlite"):
        Path(make_url(store_url).database).unlink()
    engine = open_engine(store_url)
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    yield engine
    engine.dispose()


class Filled:
    """What the old store is given, row by row, as its program wrote it."""

    def __init__(self, connection):
        self._connection = connection
        self.deliveries = {}
        """By (edition, channel, subject, destination)."""

    def _insert(self, table, **row):
        columns = ", ".join(f'"{name}"' for name in row)
        values = ", ".join(f":{name}" for name in row)
        moments = [bindparam(name, type_=Moment()) for name in row if name in _MOMENTS]
        statement = text(f"INSERT INTO {table} ({columns}) VALUES ({values})").bindparams(*moments)  # noqa: S608
        self._connection.execute(statement, row)

    def edition(self, name, state, snapshot):
        self._insert(
            "editions",
            id=name,
            schedule="morning",
            slot_key=name,
            slot=NOW,
            state=state,
            name="Morning briefing",
            approval=False,
            created=NOW,
            changed=NOW,
            snapshot=snapshot,
            expires=LATER,
            report="{}",
        )

    def readers(self):
        for number in range(1, READERS + 1):
            address = f"reader{number}@example.org"
            self._insert(
                "subscribers", id=number, address=address, address_key=address, address_hash=f"h{number}", created=NOW
            )
            self._insert(
                "subscriptions",
                audience="readers",
                subscriber=number,
                state="subscribed",
                consent_at=NOW,
                consent_via="test",
            )

    def address(self, number, written, *, suppressed=()):
        """A reader as the program of 0001 wrote it: by the address in small letters, however it is spelled."""
        key = written.casefold()
        hashed = sha256(b"broadsheet/address/" + key.encode()).hexdigest()
        self._insert("subscribers", id=number, address=written, address_key=key, address_hash=hashed, created=NOW)
        self._insert(
            "subscriptions",
            audience="readers",
            subscriber=number,
            state="subscribed",
            consent_at=NOW,
            consent_via="test",
        )
        for audience in suppressed:
            self._insert(
                "suppressions", address_hash=hashed, audience=audience, address=written, reason="complained", at=NOW
            )

    def delivery(self, number, edition, state, *, tries=0, channel="mail", subject="", audience="readers", **fields):
        subscriber = fields.pop("subscriber", None)
        destination = fields.pop("destination", f"reader{subscriber}@example.org")
        self._insert(
            "deliveries",
            id=number,
            edition=edition,
            channel=channel,
            subject=subject,
            audience=audience,
            subscriber=subscriber,
            destination=destination,
            state=state,
            tries=tries,
            updated=NOW,
            **fields,
        )
        for attempt in range(1, tries + 1):
            last = attempt == tries
            self._insert(
                "attempts",
                delivery=number,
                number=attempt,
                began=NOW,
                ended=NOW,
                outcome=state if last and state in ("accepted", "failed", "unknown") else "deferred",
                server="mx:25",
                code=250 if last and state == "accepted" else 452,
                text=f"said to {number} at {attempt}",
                provider_id=f"Q{number}" if last and state == "accepted" else "",
            )


_MOMENTS = {"at", "slot", "created", "changed", "expires", "consent_at", "updated", "began", "ended", "not_before"} | {
    "first_try",
    "lease_until",
}


@pytest.fixture
def filled(old):
    """The old store with: one edition in mid-send, of which each tenth stands in each state; one that was sent."""
    with old.connect().execution_options(writes=True) as connection, connection.begin():
        made = Filled(connection)
        made.readers()
        made.edition("going0000001", "sending", READERS + 2)
        made.edition("sent00000001", "sent", 3)
        ids = iter(range(1, 10_000))
        # Two editions were begun at once: their rows lie between each other's.
        made.delivery(next(ids), "sent00000001", "accepted", tries=1, subscriber=1)
        for number in range(1, READERS + 1):
            state = STATES[number % len(STATES)]
            leased = state in ("leased", "attempting")
            tried = state in ("accepted", "deferred", "failed", "unknown", "attempting")
            made.delivery(
                next(ids),
                "going0000001",
                state,
                tries=number % 3 + 1 if tried and state != "attempting" else number % 2 if tried else 0,
                subscriber=number,
                first_try=NOW if tried else None,
                # One that waits for us, not for its server, names no time.
                not_before=UNTIL if state == "deferred" and number % 20 == 4 else None,
                owner="elsewhere/1/1" if leased else "",
                lease="l" * 32 if leased else "",
                lease_until=UNTIL if leased else None,
                reason="complaint" if state == "suppressed" else "",
            )
        for erased in ("erased:one", "erased:two"):
            made.delivery(next(ids), "sent00000001", "accepted", tries=1, destination=erased)
        made.delivery(next(ids), "going0000001", "accepted", tries=1, channel="hook", audience="", destination="")
        made.delivery(
            next(ids), "going0000001", "pending", channel="hook", subject="story-2", audience="", destination=""
        )
    return old


_OLD = """SELECT d.edition, d.channel, d.subject, d.destination, d.state, d.tries, d.first_try, d.not_before,
    (SELECT count(*) FROM attempts a WHERE a.delivery = d.id) AS attempts FROM deliveries d"""


def _before(engine):
    with engine.connect() as connection:
        return {(row.edition, row.channel, row.subject, row.destination): row for row in connection.execute(text(_OLD))}


def _upgraded(engine):
    schema.upgrade(engine)
    return Store(engine)


def _all(store):
    with store.read() as tx:
        return tx.deliveries.page(limit=10_000)


def test_every_delivery_stands_as_it_stood(filled):
    before = _before(filled)
    store = _upgraded(filled)
    with store.read() as tx:
        after = tx.deliveries.page(limit=10_000)
        said = {each.id: tx.deliveries.attempts(each.id) for each in after}
    assert len(after) == len(before)
    becomes = {"leased": "pending", "attempting": "unknown"}
    for each in after:
        if each.destination == "erased":
            continue
        row = before.pop((each.edition, each.channel, each.subject, each.destination))
        assert each.state == becomes.get(row.state, row.state)
        assert each.tries == row.tries
        assert (each.first_try is None, each.not_before is None) == (row.first_try is None, row.not_before is None)
        # What was under way is one attempt more: its outcome is unknown.
        assert len(said[each.id]) == each.attempts == row.attempts + (row.state == "attempting")
        assert [attempt["number"] for attempt in said[each.id]] == list(range(1, each.attempts + 1))
        if row.state == "attempting":
            assert said[each.id][-1]["outcome"] == "unknown"
        if row.state == "accepted":
            assert (each.code, each.text.partition(" at ")[0][:7]) == (250, "said to")
    # Of erased readers two rows are left, and nobody's name.
    assert {key[3] for key in before} == {"erased:one", "erased:two"}
    erased = [each for each in after if each.destination == "erased"]
    assert [(each.subscriber, each.state) for each in erased] == [(None, DeliveryState.ACCEPTED)] * 2


def test_posts_are_told_from_erased_readers(filled):
    posts = [each for each in _all(_upgraded(filled)) if each.channel == "hook"]
    assert [(each.subject, each.destination, each.subscriber) for each in posts] == [
        ("", "", None),
        ("story-2", "", None),
    ]


def test_chunks_cover_every_delivery_once_and_are_no_larger_than_others(filled):
    store = _upgraded(filled)
    with store.read() as tx:
        chunks = tx.connection.execute(text("SELECT * FROM chunks ORDER BY first")).all()
        rows = tx.connection.execute(text("SELECT id, edition, channel FROM deliveries")).all()
    covered = Counter(number for chunk in chunks for number in range(chunk.first, chunk.last + 1))
    assert covered == Counter(row.id for row in rows)
    of = {row.id: (row.edition, row.channel) for row in rows}
    for chunk in chunks:
        assert {of[number] for number in range(chunk.first, chunk.last + 1)} == {(chunk.edition, chunk.channel)}
        assert chunk.last - chunk.first < 500


def test_the_books_balance_and_no_chunk_is_held(filled):
    store = _upgraded(filled)
    with store.read() as tx:
        for edition in ("going0000001", "sent00000001"):
            balance = tx.deliveries.balance(edition)
            assert balance.balanced
            assert balance == tx.deliveries.balance(edition, counted=True)
        assert tx.chunks.owners() == {}
        assert tx.deliveries.open_channels("going0000001") == ["hook", "mail"]
        assert tx.deliveries.open_channels("sent00000001") == []


def test_sending_goes_on_with_all_that_waits(filled):
    waiting = {
        (row.channel, row.subject, row.destination)
        for row in _before(filled).values()
        if row.state in ("pending", "leased") or (row.state == "deferred" and row.not_before is None)
    }
    store = _upgraded(filled)
    found = set()
    with store.write() as tx:
        for channel in ("mail", "hook"):
            while chunk := tx.chunks.claim(channel, owner="o", now=NOW, until=UNTIL):
                for due in tx.deliveries.due(chunk, NOW):
                    found.add((channel, due.subject, due.recipient.address if due.recipient else ""))
                    assert tx.deliveries.attempt(chunk, [due.id], NOW, number=due.attempt) == {due.id}
    assert found == waiting
    with store.read() as tx:
        assert tx.deliveries.next_due(now=NOW) is None


def test_what_comes_after_gets_ids_of_its_own(filled):
    store = _upgraded(filled)
    known = {each.id for each in _all(store)}
    with store.write() as tx:
        tx.deliveries.add_post("going0000001", "hook", "story-3", NOW)
    (new,) = [each for each in _all(store) if each.subject == "story-3"]
    assert new.id not in known


def test_articles_that_were_there_are_found_by_their_titles(old):
    with old.connect().execution_options(writes=True) as connection, connection.begin():
        for number, (title, withdrawn) in enumerate([("Ferry „Größe“", None), ("Bakery", NOW)], start=1):
            kept = article(title=title, sections=("Sea & Air",))
            row = {"id": number, "source": "site", "guid": title, "url_key": "", "revision": 1, "fingerprint": "f"}
            moments = {"published": NOW, "first_seen": NOW, "changed": NOW, "withdrawn": withdrawn}
            statement = text(
                "INSERT INTO articles (id, source, guid, url_key, revision, fingerprint, content, published,"
                " first_seen, changed, withdrawn) VALUES (:id, :source, :guid, :url_key, :revision, :fingerprint,"
                " :content, :published, :first_seen, :changed, :withdrawn)"
            ).bindparams(*(bindparam(name, type_=Moment()) for name in moments))
            connection.execute(statement, {**row, **moments, "content": json.dumps(kept.content())})
    with _upgraded(old).read() as tx:
        found = [tx.headlines.look(look).articles for look in (Look(words=("GRÖSSE",)), Look(withdrawn=True))]
        assert [[each.title for each in listed] for listed in found] == [["Ferry „Größe“"], ["Bakery"]]
        assert len(tx.headlines.look(Look(section="sea & air")).articles) == 2


def test_an_upgraded_store_has_the_tables_that_the_program_uses(filled):
    _has_the_tables(filled)


def test_so_has_one_that_was_empty(old):
    _has_the_tables(old)
    with Store(old).read() as tx:
        assert (tx.counts()["deliveries"], tx.counts()["chunks"]) == (0, 0)


def test_who_is_suppressed_stays_so_however_the_address_is_spelled(old, store_url):
    with old.connect().execution_options(writes=True) as connection, connection.begin():
        made = Filled(connection)
        made.address(1, "Mara@Bücher.example", suppressed=["", "readers"])
        made.address(2, "mara@xn--bcher-kva.example", suppressed=["readers"])
        made.address(3, "rene\u0301@example.org", suppressed=[""])
        made.address(4, "ada@example.org", suppressed=[""])
        made.address(5, "jo@straße.example")
    schema.upgrade(old)
    store = Store.open(store_url, b"k" * 32)
    with store.write() as tx:
        for address in (
            "mara@bücher.example",
            "MARA@xn--bcher-kva.example",
            "ren\u00e9@example.org",
            "Ada@example.org",
        ):
            assert tx.suppressions.of(address), address
        assert tx.suppressions.of("jo@straße.example") is None
        tx.suppressions.add(Suppression(address="jo@xn--strae-oqa.example", reason="bounced", at=NOW))
        assert tx.editions.add(edition(id="first0000001"), expires=LATER, report={})
        assert tx.deliveries.add_audience("first0000001", "mail", "readers", NOW) == 5
        assert tx.deliveries.balance("first0000001").states == {"suppressed": 5}
    store.close()


def _ours(name, kind, _parents):
    # Procrastinate makes its own.
    return kind != "table" or not name.startswith("procrastinate_")


def _has_the_tables(engine):
    schema.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False, "include_name": _ours})
        assert compare_metadata(context, metadata) == []
        assert schema.version(engine) == schema.HEAD
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
