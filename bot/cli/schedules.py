"""``schedules``, ``preview``, ``run``, ``test-send``: from the timetable to what goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.command import At, Session, command
from bot.cli.editions import who
from bot.cli.live import shown
from bot.cli.output import local
from bot.cli.preflight import lines
from bot.clock import system_clock
from bot.delivery.progress import progress
from bot.errors import NothingToDo, UsageError
from bot.model import Edition, EditionState, Grade
from bot.schedules.installation import Installation
from bot.schedules.learning import learn_now
from bot.schedules.machine_texts import write_now
from bot.schedules.moving import move, put_back, skip_slot, stand
from bot.schedules.on_publish import listen
from bot.schedules.plan import Slot
from bot.schedules.preflight import findings
from bot.schedules.preview import preview as previewed
from bot.schedules.preview import send_test
from bot.schedules.run import due_slot, extra_slot, need_open, schedule_table, shown_slot
from bot.schedules.slot import advance, make
from bot.schedules.ticker import collect_now
from bot.schedules.worker import Delivered, deliver_now
from bot.settings import duration_text
from bot.store.flags import PAUSED

VariantId = Annotated[
    str,
    typer.Option("--variant", help="What readers of one variant would get; `preview` lists variants.", metavar="ID"),
]
SHOWN = 10
"""Variants, and articles left out, that are listed on a terminal."""
_NO_SLOT = {"key": "", "local": "as it appears", "utc": "", "note": ""}
Schedule = Annotated[str, typer.Argument(help="A key of [schedules].")]


def register(app: typer.Typer) -> None:
    command(app)(schedules)
    command(app)(preview)
    command(app)(run)
    command(app, "test-send")(mail_test)


def schedules(
    session: Session,
    name: Annotated[str, typer.Argument(help="One schedule; all without it.")] = "",
    next_slots: Annotated[int, typer.Option("--next", min=1, max=1000, help="How many slots to show.")] = 3,
    moved: Annotated[str, typer.Option("--move", help="Move this slot, and no other, by --to.", metavar="SLOT")] = "",
    to: Annotated[str, typer.Option("--to", help="Its new time.", metavar="TIME")] = "",
    skipped: Annotated[str, typer.Option("--skip", help="Let this slot make nothing.", metavar="SLOT")] = "",
    back: Annotated[str, typer.Option("--put-back", help="Undo --move or --skip.", metavar="SLOT")] = "",
    note: Annotated[str, typer.Option("--note", help="Why it is skipped; kept on record.")] = "",
) -> None:
    """Shows each schedule with its next slots, in its timezone and in UTC; or moves, skips, puts back one of them."""
    with session.open() as installation:
        if name:
            schedule_table(installation, name)
        if moved or to or skipped or back:
            _change(session, installation, name, moved=moved, to=to, skipped=skipped, back=back, note=note)
            return
        rows: list[dict[str, str]] = []
        left_out: list[str] = []
        for key, table in installation.settings.schedules.items():
            if (name and key != name) or not table.enabled:
                continue
            zone = installation.timezone(key)
            if table.on_publish:
                said = f"each new article, {duration_text(table.settle)} after it was seen"
                rows.append({"schedule": key, "name": table.name, "timezone": zone, **_NO_SLOT, "note": said})
                left_out += _left_out(installation, key, zone) if name else []
            with installation.store.read() as tx:
                slots = installation.timetable(key, tx).after(installation.clock(), count=next_slots)
                until = slots[-1].due + timedelta(seconds=1) if slots else installation.clock()
                made = {each.slot_key: each for each in tx.editions.between(installation.clock(), until, schedule=key)}
            for slot in slots:
                shown_as = _slot(slot, zone, made.get(slot.key))
                rows.append({"schedule": key, "name": table.name, "timezone": zone, **shown_as})
        session.out.table(
            ("schedule", "slot", "UTC", "note"),
            [(row["schedule"], row["local"], row["utc"], row["note"]) for row in rows],
        )
        for line in left_out:
            session.out.say(line)
        session.out.value(rows)


def _left_out(installation: Installation, schedule: str, zone: str) -> list[str]:
    """What a schedule did not tell of what appeared lately, in lines."""
    with installation.store.read() as tx:
        return [
            f"not told, {local(at, zone)}: article {article}: {reason}"
            for at, article, reason in tx.schedules.left_out(schedule, SHOWN)
        ]


def _slot(slot: Slot, zone: str, made: Edition | None) -> dict[str, str]:
    note = made.reason if made and made.state is EditionState.SKIPPED else slot.note
    return {"key": slot.key, "local": local(slot.due, zone), "utc": f"{slot.due:%Y-%m-%d %H:%M}", "note": note}


def _key(session: Session, installation: Installation, schedule: str, text: str, zone: str) -> str:
    """The key of the slot that somebody named: by the key itself, or by the time at which it stands."""
    with installation.store.read() as tx:
        timetable = installation.timetable(schedule, tx)
    if timetable.named(text):
        return text
    due = session.moment(installation, text, zone)
    there = timetable.between(due - timedelta(microseconds=1), due)
    return there[0].key if there else text


def _change(
    session: Session,
    installation: Installation,
    schedule: str,
    *,
    moved: str,
    to: str,
    skipped: str,
    back: str,
    note: str,
) -> None:
    """Does to one slot what was asked for. Raises ``UsageError``, and what ``bot.schedules.moving`` does."""
    if not schedule:
        raise UsageError("which schedule? `broadsheet schedules NAME --move SLOT --to TIME`")
    if sum(map(bool, (moved, skipped, back))) != 1 or bool(to) != bool(moved):
        raise UsageError("say one of `--move SLOT --to TIME`, `--skip SLOT` and `--put-back SLOT`")
    zone, now = installation.timezone(schedule), installation.clock()
    key = _key(session, installation, schedule, moved or skipped or back, zone)
    if moved:
        stands = move(installation, schedule, key, session.moment(installation, to, zone), who=who(), now=now)
        session.out.say(f"the slot {key} of {schedule} goes out {local(stands.slot.due, zone)}")
    elif skipped:
        reason = skip_slot(installation, schedule, key, who=who(), now=now, note=note).reason
        session.out.say(f"the slot {key} of {schedule} makes no edition: {reason}")
    else:
        stands = put_back(installation, schedule, key, who=who(), now=now)
        session.out.say(f"the slot {key} of {schedule} goes out {local(stands.slot.due, zone)}")
    with installation.store.read() as tx:
        stands = stand(tx, installation, schedule, key)
    session.out.value({"schedule": schedule, **_slot(stands.slot, zone, stands.edition)})


def preview(
    session: Session,
    schedule: Schedule,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.")] = Path("preview"),
    variant: VariantId = "",
    at: At = "",
) -> int:
    """Writes what the next slot would send, looks at it as an editor would (preflight), and says how many readers would
    get what; sends and stores nothing."""
    with session.open(at=at) as installation:
        slot = shown_slot(installation, schedule, installation.clock())
        learn_now(installation)
        seen = asyncio.run(previewed(installation, schedule, slot, out, variant=variant))
        for warning in seen.warnings:
            session.out.say(f"warning: {warning}")
        zone = installation.timezone(schedule)
        count = len(seen.edition.stories)
        state = f"nothing: {seen.edition.reason}" if seen.edition.state is EditionState.SKIPPED else f"{count} stories"
        session.out.say(f"{schedule}, slot {local(slot.due, zone)}: {state}")
        for story in seen.edition.stories:
            session.out.say(f"  {story.position}. {story.article.title or story.summary.text}")
            session.out.say(f"     {story.reason}")
        for line in _told(seen.readers, zone) if seen.readers else ():
            session.out.say(line)
        for line in lines(seen.findings):
            session.out.say(line)
        for file in seen.files:
            session.out.say(str(file))
        session.out.value(
            {
                "schedule": schedule,
                "slot": slot.key,
                "state": seen.edition.state,
                "reason": seen.edition.reason,
                "stories": [{"title": each.article.title, "url": each.article.url} for each in seen.edition.stories],
                "readers": seen.readers,
                "files": seen.files,
                "warnings": seen.warnings,
                "preflight": seen.findings,
            }
        )
        return 3 if seen.edition.state is EditionState.SKIPPED else 0


def _told(readers: dict[str, Any], zone: str) -> Iterator[str]:
    """Who would get what, in lines."""
    yield f"{readers['general']:>9,} readers get all of it"
    for each in readers["variants"][:SHOWN]:
        language = f", in {each['language']}" if each["language"] else ""
        yield f"{each['readers']:>9,} get {len(each['stories'])} stories{language}  ({each['id']})"
    if len(readers["variants"]) > SHOWN:
        yield f"          and {len(readers['variants']) - SHOWN} more variants: selection.json has them all"
    too_many = readers["too_many"]
    if too_many["variants"]:
        yield (
            f"{too_many['readers']:>9,} of those who get all of it would get one of {too_many['variants']:,} variants "
            f"more, but an edition has at most {too_many['most']}"
        )
    for reason, number in sorted(readers["excluded"].items()):
        yield f"{number:>9,} get nothing: {reason}"
    waiting = readers["waiting"]
    if waiting:
        last = local(datetime.fromisoformat(waiting[-1]["until"]), zone)
        yield f"{sum(each['readers'] for each in waiting):>9,} get theirs at an hour of their own, the last at {last}"


def run(
    session: Session,
    schedule: Schedule,
    at: At = "",
    extra: Annotated[bool, typer.Option("--extra", help="An edition outside the timetable.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go out; send and store nothing.")] = False,
) -> int:
    """Makes and sends the edition of the slot that is due. A slot that has its edition is never made again."""
    if dry_run:
        with session.open(at=at) as installation:
            now = installation.clock()
            slot = extra_slot(installation, schedule, now) if extra else due_slot(installation, schedule, now)
            seen = asyncio.run(previewed(installation, schedule, slot, None))
            session.out.say(f"would send {len(seen.edition.stories)} stories of slot {slot.key}")
            for story in seen.edition.stories:
                session.out.say(f"  {story.position}. {story.article.title or story.summary.text}")
            session.out.value({"slot": slot.key, "state": seen.edition.state, "reason": seen.edition.reason})
            return 3 if seen.edition.state is EditionState.SKIPPED else 0
    with session.open(at=at) as installation:
        return run_due(session, installation, schedule, extra=extra)


def run_due(session: Session, installation: Installation, schedule: str, *, extra: bool = False) -> int:
    """Makes and sends the edition of the slot that is due. Raises ``NothingToDo``."""
    now = installation.clock()
    need_open(installation)
    _continue(session, installation)
    on_publish = schedule_table(installation, schedule).on_publish
    if on_publish:
        listen(installation, schedule, now)
    if not on_publish or extra:
        slot = extra_slot(installation, schedule, now) if extra else due_slot(installation, schedule, now)
    learn_now(installation)
    for report in collect_now(installation):
        if report.error:
            session.out.say(f"warning: {report.error}")
    if on_publish and not extra:
        # Which article is due is not known before.
        slot = due_slot(installation, schedule, installation.clock())
    for written in write_now(installation, schedule, slot, installation.clock()):
        if not written.text:
            session.out.say(f"no {written.kind} by the language model: {written.reason}")
    edition = make(installation, schedule, slot, installation.clock())
    if edition is None:
        raise NothingToDo(f"the slot {slot.key} of {schedule} got its edition elsewhere just now")
    advance(installation, edition, installation.clock())
    return _deliver(session, installation, edition.id)


def _continue(session: Session, installation: Installation) -> None:
    """Goes on with what an earlier run left: interrupted, or deferred by a server."""
    # With --json, the value is that of the edition that was asked for.
    session = replace(session, out=session.out.silent()) if session.out.as_json else session
    with installation.store.read() as tx:
        left = tx.editions.newest(states=[EditionState.SENDING])
    for edition in left:
        session.out.say(f"goes on with edition {edition.id} ({edition.name}, slot {edition.slot_key})")
        _deliver(session, installation, edition.id)


def _deliver(session: Session, installation: Installation, edition_id: str) -> int:
    """Sends what is due of an edition and prints how it stands. Raises ``KeyboardInterrupt`` when told to stop."""
    delivered = Delivered(False, {})
    store, out = installation.store, session.out
    zone = installation.newsroom.timezone
    with store.read() as tx:
        # One that was resumed by itself waits for the others when all is paused.
        sending = tx.editions.state(edition_id) is EditionState.SENDING and not tx.flags.get(PAUSED)
    if sending:
        silent = out.as_json or out.quiet
        with nullcontext() if silent else shown(store, edition_id, zone, system_clock):
            delivered = deliver_now(installation, edition_id)
    code = show_outcome(session, installation, edition_id)
    with store.read() as tx:
        left = tx.deliveries.open_channels(edition_id)
    for channel, until in delivered.rests.items():
        if channel in left:
            out.say(f"  {channel} lets no more go before {local(until, zone)}: its limits are reached, or it rests")
    if delivered.interrupted:
        raise KeyboardInterrupt
    return code


def show_outcome(session: Session, installation: Installation, edition_id: str) -> int:
    """Prints how an edition stands; 0 when it went out whole or waits for an editor, 3 when skipped, else 1.

    A delivery that is still to be tried has not gone out: 1. One that waits for its reader's own hour is none.
    """
    with installation.store.read() as tx:
        edition = tx.editions.get(edition_id)
        balance = tx.deliveries.balance(edition_id)
        due = tx.deliveries.next_due(edition_id, now=system_clock())
        stands = progress(tx, edition_id, system_clock())
        assert edition is not None
        faults = [each for each in findings(tx, installation, edition) if each.grade is Grade.FAULT]
    out = session.out
    out.say(f"edition {edition.id} of {edition.schedule}, slot {edition.slot_key}: {_said(edition)}")
    for story in edition.stories:
        out.say(f"  {story.position}. {story.article.title or story.summary.text}")
    for line in lines(faults):
        out.say(f"  {line}")
    if balance.snapshot:
        states = ", ".join(f"{count} {state}" for state, count in sorted(balance.states.items()))
        out.say(f"  {states}; together {sum(balance.states.values())} of {balance.snapshot}")
    if balance.open and not due and edition.state is EditionState.SENDING:
        out.say("  what is left goes on with `broadsheet up`, or run this again")
    if stands.waiting:
        out.say(f"  {stands.waiting} wait for their readers' own hour")
    if due:
        out.say(f"  next try {local(due, installation.newsroom.timezone)}: by `broadsheet up`, or run this again")
    if edition.state in (EditionState.AWAITING, EditionState.HELD):
        act = "approve" if edition.approval else "release"
        out.say(f"  `broadsheet {act} {edition.id}` lets it go out")
    out.value(
        {
            "edition": edition.id,
            "schedule": edition.schedule,
            "slot": edition.slot_key,
            "state": edition.state,
            "reason": edition.reason,
            "stories": [{"title": each.article.title, "url": each.article.url} for each in edition.stories],
            "snapshot": balance.snapshot,
            "deliveries": balance.states,
            "next_try": due,
            "progress": stands,
            "faults": faults,
        }
    )
    if edition.state is EditionState.SKIPPED:
        return 3
    broken = edition.state in (EditionState.PAUSED, EditionState.EXPIRED, EditionState.CANCELLED)
    return (
        1
        if broken or balance.open > stands.waiting or balance.states.get("failed") or balance.states.get("unknown")
        else 0
    )


def _said(edition: Edition) -> str:
    return f"{edition.state} ({edition.reason})" if edition.reason else str(edition.state)


def mail_test(
    session: Session,
    schedule: Schedule,
    to: Annotated[str, typer.Option("--to", help="The only address it goes to.")],
    variant: VariantId = "",
    at: At = "",
) -> None:
    """Sends the real message of the next slot to one address, marked as a test; nothing is stored but its pictures."""
    with session.open(at=at) as installation:
        slot = shown_slot(installation, schedule, installation.clock())
        receipts = asyncio.run(send_test(installation, schedule, slot, to, variant=variant))
        for receipt in receipts:
            session.out.say(f"sent to {to} by {receipt.server}: {receipt.code} {receipt.text}")
        session.out.value({"to": to, "slot": slot.key, "receipts": receipts})
