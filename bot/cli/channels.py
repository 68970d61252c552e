"""``channels``: can we publish."""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from typing import Annotated

import typer

from bot.cli.command import Session, command, without_subcommand
from bot.cli.editions import who
from bot.cli.output import local
from bot.delivery.pausing import resume_channel
from bot.errors import NothingToDo, StateError
from bot.schedules.channel_status import ChannelStatus, Condition, statuses
from bot.schedules.connection import Account, Begun, before_that, begin, disconnect, finish_pasted, known, waits
from bot.schedules.installation import Installation
from bot.schedules.trying import tested

Name = Annotated[str, typer.Argument(help="A key of [channels].")]
LOOK_SECONDS = 1.0
"""How often it is looked whether the sign-in ended in the browser."""

TAKEN_LOOKS = 60
"""After so many the browser's page has long said why there is no account."""


def register(app: typer.Typer) -> None:
    group = typer.Typer()
    without_subcommand(group)(show)
    command(group, "test")(test)
    command(group, "connect")(connect)
    command(group, "disconnect")(forget)
    command(group, "resume")(resume)
    app.add_typer(group, name="channels")


def show(session: Session) -> None:
    """Lists the channels: how each is, as whom it posts, what it may still post, when its permission ends."""
    with session.open() as installation:
        now, zone = installation.clock(), installation.newsroom.timezone
        with installation.store.read() as tx:
            found = statuses(installation, tx, now)
        session.out.table(
            ("channel", "type", "state", "account", "limit", "permission until", "sent twice?", "schedules"),
            [
                (
                    each.name,
                    each.type,
                    _state(each, zone),
                    each.state.account,
                    each.quota(now),
                    local(each.state.expires, zone),
                    each.doubling,
                    ", ".join([*each.schedules, *(["alerts"] if each.alerts else [])]),
                )
                for each in found
            ],
        )
        session.out.value([_value(each) for each in found])


def _state(status: ChannelStatus, zone: str) -> str:
    until = f" until {local(status.state.rests_until, zone)}" if status.condition is Condition.RESTING else ""
    return f"{status.condition}{until}{f': {status.why}' if status.why else ''}"


def _value(status: ChannelStatus) -> dict[str, object]:
    state = status.state
    return {
        "channel": status.name,
        "type": status.type,
        "medium": status.medium,
        "schedules": status.schedules,
        "alerts": status.alerts,
        "state": status.condition,
        "paused": state.paused,
        "paused_at": state.paused_at,
        "rests_until": state.rests_until,
        "signs_in": status.signs_in,
        "connected": bool(state.credential),
        "account": state.account,
        "expires": state.expires,
        "quota": state.quota,
        "learned": state.learned,
        "idempotency": status.idempotency,
        "verified": status.verified if status.medium == "post" else None,
    }


def test(session: Session, name: Name) -> None:
    """Signs in to a channel without sending anything, and keeps what limits its server tells."""
    with session.open() as installation:
        said = asyncio.run(tested(installation, name))
        session.out.say(f"{name}: {said}")
        session.out.value({"channel": name, "ok": True, "said": said})


def connect(
    session: Session,
    name: Name,
    code: Annotated[
        str,
        typer.Option(
            "--code",
            help="Ends a sign-in that began before: the code, or the whole address you came back to.",
            metavar="CODE",
        ),
    ] = "",
) -> None:
    """Connects the account of a channel: prints an address to open in any browser, and waits until you said yes there.
    Where nobody can be asked it prints the address alone; --code ends it."""
    with session.open() as installation:
        if code:
            _told(session, asyncio.run(finish_pasted(installation, name, code)))
            return
        begun = asyncio.run(begin(installation, name, who()))
        out, zone = session.out, installation.newsroom.timezone
        out.say("Open this address in a browser, on any machine, and say yes:\n")
        out.say(begun.url)
        out.say(f"\nThe app at the network must name this redirect address, to the letter: {begun.redirect}")
        if out.as_json or not sys.stdin.isatty():
            out.say(f"Then, until {local(begun.ends, zone)}: broadsheet channels connect {name} --code CODE-OR-ADDRESS")
            out.value({"channel": name, "connected": False, **_begun(begun)})
            return
        out.say("If the page you come back to says that it is connected, that is all. If it does not load, paste its")
        out.say(f"whole address here, until {local(begun.ends, zone)}:")
        _told(session, _waited(installation, begun))


def _begun(begun: Begun) -> dict[str, object]:
    return {"url": begun.url, "redirect": begun.redirect, "ends": begun.ends}


def _told(session: Session, account: Account) -> None:
    lasts = f", until {account.expires:%Y-%m-%d}" if account.expires else ""
    on = "; it was paused, and goes on" if account.resumed else ""
    session.out.say(f"{account.channel} is connected as {account.account}{lasts}{on}")
    if account.before:
        session.out.say(f"until now it posted as {account.before}: what waits is posted by {account.account}; where an")
        session.out.say("outcome is unknown, look at the account before")
    session.out.value(
        {
            "channel": account.channel,
            "connected": True,
            "account": account.account,
            "expires": account.expires,
            "resumed": account.resumed,
            "before": account.before,
        }
    )


def _waited(installation: Installation, begun: Begun) -> Account:
    """The account, connected in the browser meanwhile, or with what is pasted. Raises ``NothingToDo``: time is up."""
    with installation.store.read() as tx:
        before = tx.channels.get(begun.channel).serial
    lines: queue.Queue[str] = queue.Queue()
    # A thread of its own: a read from a terminal cannot be given up.
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    taken = 0
    while installation.clock() < begun.ends:
        line = _line(lines)
        if line:
            return asyncio.run(finish_pasted(installation, begun.channel, line))
        with installation.store.read() as tx:
            state, earlier = tx.channels.get(begun.channel), before_that(tx, begun.channel)
        taken += not waits(installation, begun.channel)
        # A rotation of the old tokens raises the serial too, but leaves the sign-in waiting.
        if taken and state.serial != before and state.credential:
            return Account(begun.channel, state.account, state.expires, False, earlier)
        if taken > TAKEN_LOOKS:
            raise StateError("the sign-in ended in the browser without a permission; the page there says why")
    raise NothingToDo(f"nobody said yes within ten minutes; run `broadsheet channels connect {begun.channel}` again")


def _line(lines: queue.Queue[str]) -> str:
    """What was pasted within a second; "" for nothing."""
    try:
        return lines.get(timeout=LOOK_SECONDS).strip()
    except queue.Empty:
        return ""


def forget(session: Session, name: Name) -> None:
    """Forgets a channel's tokens. At the network, take the app's permission away too."""
    with session.open() as installation:
        account = disconnect(installation, name, who())
        session.out.say(f"{name}: the tokens of {account or 'its account'} are deleted; take the app's permission away")
        session.out.say("at the network too, in the account's settings: the network knows nothing of this")
        session.out.value({"channel": name, "connected": False, "account": account})


def resume(session: Session, name: Name) -> None:
    """Lets a paused channel post again what waits."""
    with session.open() as installation:
        resume_channel(installation.store, known(installation, name), who(), installation.clock())
        session.out.say(f"{name} goes on: what waits is posted at its own pace")
        session.out.value({"channel": name, "paused": ""})


def _read(lines: queue.Queue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
