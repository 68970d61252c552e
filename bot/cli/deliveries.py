"""``deliveries``: the ledger; ``retry``, ``leave`` and ``resolve``: what an editor may do to rows of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from bot.cli.command import Limit, Session, command, one_of
from bot.cli.editions import counts, no_edition, who
from bot.cli.output import local
from bot.delivery import deciding, failures, finding
from bot.editions import lifecycle
from bot.errors import NotFound, NothingToDo, UsageError
from bot.model import Delivery, DeliveryState
from bot.schedules.installation import Installation
from bot.store import Transaction

Deliveries = Annotated[
    list[int], typer.Argument(min=1, max=2**63 - 1, help="Ids, as `broadsheet deliveries` shows them.")
]


def register(app: typer.Typer) -> None:
    command(app)(deliveries)
    command(app)(retry)
    command(app)(leave)
    command(app)(resolve)


def deliveries(
    session: Session,
    state: Annotated[str, typer.Option("--state", help="Only those in this state.")] = "",
    edition: Annotated[str, typer.Option("--edition", help="Only those of this edition.")] = "",
    find: Annotated[
        str,
        typer.Option(
            "--find",
            help="Those that the outside world calls so: a Message-ID, a bounce address, a provider's id or whole "
            "answer, a reader's address; with all their attempts.",
            metavar="NAME",
        ),
    ] = "",
    limit: Limit = 100,
) -> None:
    """Shows the ledger: what went, or did not go, to whom and why."""
    with session.open() as installation:
        states = [one_of(DeliveryState, state)] if state else []
        if find:
            _find(session, installation, find, edition, states, limit)
            return
        with installation.store.read() as tx:
            if edition and tx.editions.state(edition) is None:
                raise NotFound(no_edition(edition))
            found = tx.deliveries.page(edition=edition, states=states, limit=limit)
            if edition and not found:
                _need_rows(tx, edition, installation.newsroom.timezone)
        _listed(session, found)
        session.out.value(found)


def _listed(session: Session, found: Sequence[Delivery]) -> None:
    session.out.table(
        ("id", "edition", "channel", "to", "state", "tries", "what was said"),
        [
            (each.id, each.edition, each.channel, each.destination, each.state, each.tries, each.reason or each.text)
            for each in found
        ],
    )


def _find(
    session: Session,
    installation: Installation,
    name: str,
    edition: str,
    states: Sequence[DeliveryState],
    limit: int,
) -> None:
    zone = installation.newsroom.timezone
    with installation.store.read() as tx:
        found = [
            each
            for each in finding.find(tx, installation.keys, name, limit=limit)
            if edition in ("", each.edition) and (not states or each.state in states)
        ][:limit]
        if not found:
            for each in finding.editions_of(tx, installation.keys, name):
                _need_rows(tx, each, zone)
            raise NotFound(f"the ledger knows no delivery by that name: {name[:200]}")
        made = {each.id: tx.deliveries.attempts(each.id) for each in found}
    _listed(session, found)
    session.out.say()
    session.out.table(
        ("id", "attempt", "when", "server", "code", "enhanced", "outcome", "provider's id", "what was said"),
        [
            (
                each.id,
                attempt["number"],
                local(attempt["ended"], zone),
                attempt["server"],
                attempt["code"] or "",
                attempt["enhanced"],
                attempt["outcome"],
                attempt["provider_id"],
                attempt["text"],
            )
            for each in found
            for attempt in made[each.id]
        ],
    )
    session.out.value([{"delivery": each, "attempts": made[each.id]} for each in found])


def _need_rows(tx: Transaction, edition: str, zone: str) -> None:
    """An old edition's ledger is not empty. Raises ``NothingToDo`` when its rows were folded."""
    until = tx.editions.folded(edition)
    if until:
        states = counts(tx.deliveries.balance(edition).states)
        raise NothingToDo(f"who got edition {edition} was kept until {local(until, zone)}; its totals: {states}")


def retry(session: Session, ids: Deliveries) -> None:
    """Lets deferred deliveries be tried at once, and posts that failed once more, with the rest of their thread."""
    with session.open() as installation:
        store, by, now = installation.store, who(), installation.clock()
        with store.read() as tx:
            posts = {each.id: each.edition for each in tx.deliveries.those(ids) if each.state is DeliveryState.FAILED}
        count = deciding.retry(store, ids, who=by, now=now)
        count += sum(failures.try_again(store, edition, id, who=by, now=now) for id, edition in posts.items())
    _settled(session, count, "will be tried at once", "deferred", "a post that failed")


def leave(
    session: Session,
    edition: Annotated[str, typer.Argument(help="Its id, as `broadsheet editions` shows it.")],
    note: Annotated[str, typer.Option("--note", help="Why, for your colleagues.")] = "",
) -> None:
    """Leaves what failed of an edition at that: it needs nobody any more."""
    with session.open() as installation:
        store = installation.store
        with store.read() as tx:
            if tx.editions.state(edition) is None:
                raise NotFound(no_edition(edition))
        count = failures.leave(store, edition, who=who(), now=installation.clock(), note=note)
    session.out.say(f"{count} {'delivery' if count == 1 else 'deliveries'} left at that")
    session.out.value({"count": count})


def resolve(
    session: Session,
    ids: Deliveries,
    outcome: Annotated[str, typer.Option("--as", help="sent: it arrived; unsent: send it again.")],
) -> None:
    """Settles unknown deliveries: only a person, or the provider's log, can tell whether they arrived."""
    if outcome not in ("sent", "unsent"):
        raise UsageError(f'--as takes "sent" or "unsent", not "{outcome}"')
    with session.open() as installation:
        arrived = outcome == "sent"
        count = lifecycle.resolve(installation.store, ids, arrived=arrived, who=who(), now=installation.clock())
    _settled(session, count, f"settled as {outcome}", "unknown")


def _settled(session: Session, count: int, done: str, needed: str, more: str = "") -> None:
    if not count:
        what = f"{needed}, or {more}" if more else needed
        raise NothingToDo(f"none of these deliveries is {what}; `broadsheet deliveries --state {needed}` lists them")
    session.out.say(f"{count} {'delivery' if count == 1 else 'deliveries'} {done}")
    session.out.value({"count": count})
