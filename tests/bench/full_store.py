"""A store as a newsroom has it that has worked for a while: articles, editions, readers, and all that hangs on them.

Put there in bulk, by the tables: the program's own ways would take days. What the program keeps beside its rows
(headlines, counts of chunks, reasons, sums of editions, readers by day) is made by the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text, update

from bot.accounts import sessions
from bot.model import EditionState, Role, User
from bot.schedules.figures import count_readers, reckon_now
from bot.schedules.installation import Installation
from bot.store.tables import edition_figures
from bot.web.editor.access import cookie_name
from tests.bench import full_editions, full_ledger, full_record
from tests.bench.full_settings import Size
from tests.desk import Things, webhooks

CALLS = 300
"""Events that programs were told, or are to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was put into a store. ``sending`` is the edition that is being sent, ``address`` a reader's, ``lately`` that
    of one who got the newest edition alone.
    """

    things: Things
    sending: str
    address: str
    lately: str
    oldest: datetime


def log_in(installation: Installation) -> dict[str, str]:
    """Gives an admin an account, and returns the cookies of their session."""
    now = installation.clock()
    with installation.store.write() as tx:
        new = User(id=0, name="Mara", address="mara@record.example", role=Role.ADMIN)
        admin = tx.users.get(tx.users.add(new, name_key="mara", password="none", now=now))
        assert admin
        token = sessions.log_in(tx, admin, now, kept=True, browser="Firefox")
    return {cookie_name(installation.newsroom): token}


def fill(installation: Installation, size: Size) -> Filled:
    """Fills the store of an installation whose settings are ``FULL``; its clock stands at ``HOUR`` of a day."""
    store, now = installation.store, installation.clock()
    cookies = log_in(installation)
    kept = full_editions.put_articles(store, size, now)
    full_ledger.subscribe(store, size.readers, now)
    made = full_editions.plan(installation, size, kept)
    full_editions.freeze(installation, size, made, kept)
    largest, sending = made[0], next(each for each in made if each.state is EditionState.SENDING)
    full_ledger.deliver(store, made, now)
    full_ledger.returned(store, largest, size.suppressions, now)
    while reckon_now(installation, now):
        pass
    count_readers(installation, now)
    with store.write() as tx:
        # What left by each edition's link is counted as it happens.
        tx.connection.execute(update(edition_figures).values(unsubscribed=full_ledger.LEFT_BY_EACH))
    upload = full_record.put(installation, size, made, now)
    full_record.change(store, made, now)
    if store.is_remote:
        with store.read() as tx, tx.connection.engine.connect() as alone:
            # As PostgreSQL itself does some minutes after so many rows.
            alone.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM (ANALYZE)"))
    address, reader = full_ledger.somebody(store)
    waiting = next(each for each in made if each.state is EditionState.AWAITING)
    things = Things(
        cookies=cookies,
        waiting=waiting.id,
        sent=largest.id,
        article=largest.stories[0].article.id,
        reader=reader,
        upload=upload,
        channel="mail",
        schedule="morning",
        source="s1",
        address=full_ledger.SUPPRESSED.format(0),
        webhook=webhooks(installation, CALLS, ""),
    )
    lately, _id = full_ledger.somebody(store, newest=True)
    return Filled(things=things, sending=sending.id, address=address, lately=lately, oldest=made[-1].slot)
