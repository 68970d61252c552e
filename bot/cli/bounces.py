"""``bounces``: reads what came back, shows it, and settles what waits for a person."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from bot.cli.command import Limit, Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.delivery.intake.message import LARGEST
from bot.delivery.intake.poll import Polled, poll, take_one
from bot.delivery.settling import decide
from bot.errors import BroadsheetError, MailboxError, NotFound, NothingToDo, TryAgain, UsageError
from bot.model import Effect, Verdict
from bot.settings import nearest
from bot.stories.words import counted

_CHUNK = 1 << 16


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="What came back: bounces, complaints, unsubscribe mails.", no_args_is_help=True)
    command(group)(process)
    command(group, "list")(show)
    command(group)(settle)
    app.add_typer(group, name="bounces")


def process(
    session: Session,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin", help="Take one message from standard input, as a mail server's pipe gives it; 75: try again."
        ),
    ] = False,
) -> None:
    """Reads the mailboxes of [bounces] once, and suppresses the addresses that are dead."""
    if stdin:
        _said(session, _piped(session))
        return
    with session.open() as installation:
        rules = installation.settings.bounces
        with session.out.progress("messages") as bar:

            def watch(step: int) -> None:
                if step > 0:
                    bar.update(bar.task_ids[0], total=(bar.tasks[0].total or 0) + step)
                elif step < 0:
                    bar.advance(bar.task_ids[0])

            done = poll(installation, watch=watch)
    _said(session, done)
    if done.failed:
        raise MailboxError("; ".join(done.failed.values()))
    if not (rules.maildir or rules.imap) and not done:
        raise NothingToDo("no mailbox is set: name one in [bounces], as maildir or imap; nothing else waited")


def _piped(session: Session) -> Polled:
    """Whatever goes wrong, the mail server must keep the message: all but 75 makes it bounce, and that is lost."""
    try:
        message = sys.stdin.buffer.read(LARGEST)
        # The rest is read, too, or the server would take the closed pipe for a failure.
        while sys.stdin.buffer.read(_CHUNK):
            pass
        with session.open() as installation:
            done = take_one(installation, message)
    except BroadsheetError as error:
        raise TryAgain(f"the message is not on record: {error}") from error
    except Exception as error:
        raise TryAgain(f"the message is not on record: a fault in the program ({type(error).__name__})") from error
    if done.box.left:
        raise TryAgain(done.box.left[0])
    return done


def _said(session: Session, done: Polled) -> None:
    box, settled = done.box, done.settled
    new = ", ".join(f"{count} {verdict}" for verdict, count in sorted(box.events.items()))
    session.out.say(f"{counted(box.messages, 'message')}: {new or 'nothing new'}")
    for number, what in (
        (box.known, "known already"),
        (box.other, "reporting nothing, for a person to look at"),
        (box.unproven, "unproven: nothing shows that they speak of a mail of ours, and nothing follows"),
        (len(box.left), "left where they are"),
        (settled.suppressed, "newly suppressed"),
        (settled.taken_back, "taken off the list again: it was a burst"),
        (settled.held, "waiting for you: `broadsheet bounces list --waiting`"),
    ):
        if number:
            session.out.say(f"  {number} {what}")
    for line in box.left:
        session.out.say(f"  {line}")
    session.out.value(
        {
            "messages": box.messages,
            "known": box.known,
            "other": box.other,
            "unproven": box.unproven,
            "events": dict(sorted(box.events.items())),
            "left": box.left,
            "suppressed": settled.suppressed,
            "taken_back": settled.taken_back,
            "held": settled.held,
            "failed": done.failed,
        }
    )


def show(
    session: Session,
    edition: Annotated[str, typer.Option("--edition", help="Only those of this edition.")] = "",
    verdict: Annotated[str, typer.Option("--verdict", help="hard, soft, complaint, opt-out, auto-reply or none.")] = "",
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that wait for you.")] = False,
    limit: Limit = 100,
) -> None:
    """Lists what came back, the newest first, and what followed from it."""
    verdicts = [_verdict(verdict)] if verdict else []
    with session.open() as installation:
        with installation.store.read() as tx:
            if edition and tx.editions.state(edition) is None:
                raise NotFound(f"there is no edition {edition}; `broadsheet editions` lists them")
            effects = [Effect.WAITING] if waiting else []
            found = tx.events.newest(edition=edition, verdicts=verdicts, effects=effects, limit=limit)
            addresses = {}
            for each in found:
                page = tx.subscribers.page(after=each.subscriber - 1, limit=1) if each.subscriber else []
                addresses[each.id] = next((one.address for one in page if one.id == each.subscriber), "")
        zone = installation.newsroom.timezone
    session.out.table(
        ("when", "verdict", "address", "edition", "code", "reason", "by", "what followed", "what was said"),
        [
            (
                local(each.at, zone),
                each.verdict,
                addresses[each.id],
                each.edition,
                each.code,
                each.reason,
                each.source,
                each.effect or "nothing",
                each.evidence,
            )
            for each in found
        ],
    )
    session.out.value([{"event": each, "address": addresses[each.id]} for each in found])


def settle(
    session: Session,
    edition: Annotated[str, typer.Argument(help="An edition's id.")],
    outcome: Annotated[str, typer.Option("--as", help="dead: suppress the addresses; good: keep mailing them.")],
) -> None:
    """Says of a burst of bounces, which no program believes, whether these addresses are dead."""
    if outcome not in ("dead", "good"):
        raise UsageError(f'--as takes "dead" or "good", not "{outcome}"')
    with session.open() as installation:
        count = decide(
            installation.store,
            edition,
            dead=outcome == "dead",
            who=who(),
            now=installation.clock(),
        )
    session.out.say(f"{count} settled as {outcome}")
    session.out.value({"count": count, "as": outcome})


def _verdict(name: str) -> Verdict:
    known: Sequence[str] = [each.value for each in Verdict]
    if name not in known:
        raise UsageError(f'there is no verdict "{name}"{nearest(name, list(known))}; there are: {", ".join(known)}')
    return Verdict(name)
