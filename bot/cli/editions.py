"""``editions``, and what an editor may do to one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated

import typer

from bot.cli.command import Limit, Session, command, one_of
from bot.cli.live import drawn, follow, pace
from bot.cli.output import local
from bot.cli.preflight import lines
from bot.clock import system_clock
from bot.delivery.alert import PREFLIGHT
from bot.delivery.pausing import waits_for
from bot.delivery.progress import progress
from bot.delivery.rates import Returned, returned
from bot.editions import lifecycle
from bot.editions.origin import origin
from bot.errors import NotFound, UsageError
from bot.model import Edition, EditionState, operator
from bot.schedules import deciding
from bot.schedules.installation import Installation
from bot.schedules.preflight import findings, look

Id = Annotated[str, typer.Argument(help="An edition's id, as `broadsheet editions` shows it.")]
Note = Annotated[str, typer.Option("--note", help="Why; kept on the record.")]
All = Annotated[bool, typer.Option("--all", help="Everything that is being sent, until `resume --all`.")]
OptionalId = Annotated[str, typer.Argument(help="An edition's id.")]


def register(app: typer.Typer) -> None:
    command(app)(editions)
    command(app)(approve)
    for verb, function in _VERBS.items():
        _register_act(app, verb, function)
    command(app)(pause)
    command(app)(resume)


def editions(
    session: Session,
    edition: OptionalId = "",
    state: Annotated[str, typer.Option("--state", help="Only those in this state.")] = "",
    limit: Limit = 20,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow one until it ends; with --json, one object a line, each second.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Ask the links and pictures of one edition again before showing it.")
    ] = False,
) -> None:
    """Lists editions with their state; with an id, shows its stories, preflight, deliveries, progress, clicks, acts."""
    if watch or check:
        _need_one(edition)
    with session.open() as installation:
        if check:
            look(installation, edition)
        if watch:
            _watch(session, installation, edition)
            if session.out.as_json:
                return
        if edition:
            _show(session, installation, edition)
            return
        states = [one_of(EditionState, state)] if state else []
        with installation.store.read() as tx:
            found = tx.editions.newest(states=states, limit=limit)
            books = tx.deliveries.balances([each.id for each in found])
        zone = installation.newsroom.timezone
        session.out.table(
            ("id", "schedule", "slot", "state", "deliveries", "reason"),
            [
                (
                    each.id,
                    each.schedule,
                    local(each.slot, zone),
                    each.state,
                    counts(books[each.id].states),
                    each.reason,
                )
                for each in found
            ],
        )
        session.out.value([{**_facts(each), "deliveries": books[each.id].states} for each in found])


def _need_one(edition: str) -> None:
    if not edition:
        raise UsageError("name one edition; `broadsheet editions` lists them")


def _watch(session: Session, installation: Installation, edition: str) -> None:
    store = installation.store
    if session.out.as_json:
        follow(store, edition, system_clock, session.out.line, time.sleep)
        return
    with drawn(installation.newsroom.timezone, on=not session.out.quiet) as draw, suppress(KeyboardInterrupt):
        follow(store, edition, system_clock, draw, time.sleep)


def _show(session: Session, installation: Installation, edition_id: str) -> None:
    with installation.store.read() as tx:
        edition = tx.editions.get(edition_id)
        if edition is None:
            raise NotFound(no_edition(edition_id))
        balance = tx.deliveries.balance(edition_id)
        acts = tx.acts.newest(thing=f"edition:{edition_id}")
        report = tx.editions.report(edition_id)
        stands = progress(tx, edition_id, system_clock())
        came_back = returned(tx, edition_id)
        links = tx.links.of(edition_id)
        preflight = findings(tx, installation, edition)
        waits = waits_for(tx, edition_id)
    out, zone = session.out, installation.newsroom.timezone
    out.say(f"{edition.id}  {edition.name}, slot {edition.slot_key} ({local(edition.slot, zone)})")
    out.say(f"state: {edition.state}{f' ({edition.reason})' if edition.reason else ''}")
    for channel, why in waits.items():
        out.say(f"waits for channel {channel}, which is paused: {why}; `broadsheet channels resume {channel}`")
    for story in edition.stories:
        out.say(f"  {story.position}. {story.told.article.title or story.told.summary.text}")
        out.say(f"     {story.reason}")
        made = origin(story, report)
        if made:
            out.say(f"     {made}")
    for rendition in edition.renditions:
        what = f"“{rendition.email.subject}”" if rendition.email else rendition.post.text if rendition.post else ""
        out.say(f"{rendition.channel}: {' '.join(what.split())}")
    for line in lines(preflight):
        out.say(line)
    if balance.snapshot:
        mark = "balanced" if balance.balanced else "NOT BALANCED"
        out.say(f"deliveries: {counts(balance.states)} = {sum(balance.states.values())} of {balance.snapshot}, {mark}")
    if came_back.counts:
        out.say(_came_back(came_back))
    if edition.state is EditionState.SENDING:
        out.say(pace(stands, zone))
    for link in links:
        out.say(f"{link.clicks:>6,} {'click' if link.clicks == 1 else 'clicks'}  {link.url}")
    for line in _kept(edition, zone):
        out.say(line)
    for act in reversed(acts):
        out.say(f"{local(act.at, zone)}  {act.who}: {act.what} {act.note}".rstrip())
    out.value(
        {
            **_facts(edition),
            "stories": [
                {
                    "position": each.position,
                    "title": each.told.article.title,
                    "url": each.article.url,
                    "reason": each.reason,
                    "summary": each.told.summary.origin,
                }
                for each in edition.stories
            ],
            "preflight": preflight,
            "deliveries": balance.states,
            "balanced": balance.balanced,
            "came_back": {
                **dict(sorted(came_back.counts.items())),
                "bounce_share": round(came_back.bounce_share, 5),
                "complaint_share": round(came_back.complaint_share, 5),
            },
            "progress": stands,
            "links": links,
            "acts": acts,
            "selection": {key: value for key, value in report.items() if key != PREFLIGHT},
        }
    )


def _came_back(found: Returned) -> str:
    kinds = counts(found.counts)
    return f"came back: {kinds}; bounces {found.bounce_share:.1%}, complaints {found.complaint_share:.2%}"


def _kept(edition: Edition, zone: str) -> list[str]:
    """What is no longer known of an old edition, and since when."""
    lines = []
    if edition.attempts_dropped or edition.folded:
        until = min(each for each in (edition.attempts_dropped, edition.folded) if each)
        lines.append(f"what servers said was kept until {local(until, zone)}")
    if edition.folded:
        lines.append(f"who got it was kept until {local(edition.folded, zone)}; the totals stay")
    return lines


def no_edition(edition: str) -> str:
    """What an id says that names none."""
    return f"there is no edition {edition}; `broadsheet editions` lists them"


def _facts(edition: Edition) -> dict[str, object]:
    return {
        "id": edition.id,
        "schedule": edition.schedule,
        "name": edition.name,
        "slot": edition.slot_key,
        "due": edition.slot,
        "state": edition.state,
        "reason": edition.reason,
        "snapshot": edition.snapshot,
        "sent": edition.sent,
        "attempts_dropped": edition.attempts_dropped,
        "folded": edition.folded,
    }


def counts(states: dict[str, int]) -> str:
    """``2 accepted, 1 failed``."""
    return ", ".join(f"{count} {state}" for state, count in sorted(states.items()))


_VERBS: dict[str, Callable[..., Edition]] = {
    "ask": lifecycle.ask,
    "return": lifecycle.return_,
    "take-back": lifecycle.take_back,
    "hold": lifecycle.hold,
    "release": lifecycle.release,
    "cancel": lifecycle.cancel,
}


def approve(session: Session, edition: Id, note: Note = "") -> None:
    """awaiting (or held for want of approval) → approved, as it is by now; what was approved is kept.

    What an editor wrote and its article does not say stands in the way, unless --note says why it may stand.
    """
    with session.open() as installation:
        overrule = None if note.strip() else ()
        now = installation.clock()
        made = deciding.approve(installation, edition, version=None, who=who(), now=now, note=note, overrule=overrule)
        _acted(session, made)


def _register_act(app: typer.Typer, verb: str, function: Callable[..., Edition]) -> None:
    def act(session: Session, edition: Id, note: Note = "") -> None:
        with session.open() as installation:
            _acted(session, function(installation.store, edition, who=who(), now=installation.clock(), note=note))

    act.__doc__ = (function.__doc__ or "").split("Raises")[0]
    command(app, verb)(act)


def _acted(session: Session, edition: Edition) -> None:
    session.out.say(f"edition {edition.id} is {edition.state}")
    session.out.value(_facts(edition))


def who() -> str:
    """Whose act it is: the account that runs the command."""
    return operator()


def pause(session: Session, edition: OptionalId = "", everything: All = False, note: Note = "") -> None:
    """Stops an edition that is being sent; what is in flight ends, nothing more begins."""
    with session.open() as installation:
        now = installation.clock()
        if everything:
            stopped = lifecycle.pause_all(installation.store, who=who(), now=now, note=note)
            session.out.say(f"everything is paused{_named(stopped)}; `broadsheet resume --all` goes on")
            session.out.value({"paused": True, "editions": stopped})
            return
        _need(edition)
        _acted(session, lifecycle.pause(installation.store, edition, who=who(), now=now, note=note))


def resume(session: Session, edition: OptionalId = "", everything: All = False, note: Note = "") -> None:
    """Lets a paused edition go on where it stopped."""
    with session.open() as installation:
        now = installation.clock()
        if everything:
            resumed = lifecycle.resume_all(installation.store, who=who(), now=now, note=note)
            session.out.say(f"everything goes on that `pause --all` stopped{_named(resumed)}")
            session.out.value({"paused": False, "editions": resumed})
            return
        _need(edition)
        _acted(session, lifecycle.resume(installation.store, edition, who=who(), now=now, note=note))


def _need(edition: str) -> None:
    if not edition:
        raise UsageError("name an edition, or say --all")


def _named(editions: Sequence[str]) -> str:
    return f" ({', '.join(editions)})" if editions else ""
