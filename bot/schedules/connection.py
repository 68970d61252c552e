"""An account is connected: a sign-in begins at the command line, and ends in the browser or with what it showed there.

What the end must know of the beginning (PKCE's verifier) lies in the store, encrypted, so that it may end in another
process, or on another machine: ``/oauth/callback`` of the web server, or the address of that page, pasted. It is good
once and for ten minutes.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from bot.channels.credentials import Connecting, Credential, SignIn, closed, sealed, signs_in, unsealed
from bot.delivery.pausing import CONNECT, resume_channel, thing
from bot.errors import DeliveryError, NotFound, NothingToDo, StateError, TokenError, UsageError
from bot.model import Act, Phrase, Several, said_by
from bot.schedules.installation import Connected, Installation
from bot.settings import nearest
from bot.store import Transaction

CALLBACK = "oauth/callback"
"""The page below ``newsroom.public_url`` to which networks come back: each app must name it."""
LASTS = timedelta(minutes=10)
_PURPOSE = "sign-in"
_USED = "used"
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in that waits for its end until ``ends`` (UTC). ``url`` is where an editor says yes."""

    channel: str
    url: str
    redirect: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """An account that was connected. ``expires`` (UTC): when an editor must do so again; None: nobody knows.

    ``resumed``: the channel had been paused, and posts again. ``before``: as whom it posted until now, where that is
    another account; "" where it is none.
    """

    channel: str
    account: str
    expires: datetime | None
    resumed: bool
    before: str = ""


def known(installation: Installation, name: str) -> str:
    """``name`` when it is a channel's. Raises ``NotFound``."""
    channels = installation.settings.channels
    if name not in channels:
        there = Several(tuple(channels)) if channels else Phrase("none")
        near = nearest(name, channels)
        raise NotFound(
            Phrase('there is no channel "%(name)s"%(near)s; there are: %(there)s', name=name, near=near, there=there)
        )
    return name


def callback(installation: Installation) -> str:
    """The redirect address of this installation, as each network's app must name it, to the letter."""
    table = installation.settings.web
    return f"{installation.newsroom.public_url.rstrip('/') or f'http://127.0.0.1:{table.port}'}/{CALLBACK}"


def _flag(name: str) -> str:
    """Of at most 100 characters, as flags are."""
    return f"sign-in:{name}"[:100]


async def begin(installation: Installation, name: str, who: str) -> Begun:
    """Begins a sign-in; one that had begun before is worth nothing then.

    Raises ``NotFound``, ``UsageError`` when the channel has none, ``DeliveryError`` when the network cannot be asked.
    """
    known(installation, name)
    now, nonce, redirect = installation.clock(), secrets.token_urlsafe(16), callback(installation)
    state = installation.keys.sign(_PURPOSE, name, nonce, int(now.timestamp()))
    async with installation.connected() as connected:
        begun = await _connecting(connected, name).sign_in(redirect, state)
    kept = {"nonce": nonce, "kept": dict(begun.kept), "redirect": redirect, "who": who}
    with installation.store.write() as tx:
        tx.flags.set(_flag(name), sealed(json.dumps(kept), installation.keys, _PURPOSE), now)
    return Begun(name, begun.url, redirect, now + LASTS)


async def finish(installation: Installation, answer: Mapping[str, str], *, name: str = "") -> Account:
    """Ends a sign-in with the parameters with which the network came back.

    ``name``: the channel that it must be of. Raises ``TokenError`` when ``state`` is not that of a sign-in that waits,
    ``DeliveryError`` with what the network said.
    """
    channel, nonce = _opened(installation, answer.get("state", ""), name)
    return await _finished(installation, channel, nonce, answer)


async def finish_pasted(installation: Installation, name: str, text: str) -> Account:
    """Ends the sign-in of ``name`` with what an editor copied: the address the network came back to, or its code.

    Raises as ``finish``.
    """
    known(installation, name)
    answer = pasted(text)
    if "state" in answer:
        return await finish(installation, answer, name=name)
    return await _finished(installation, name, "", answer)


def pasted(text: str) -> dict[str, str]:
    """The parameters of an address, or of what of it was copied; a code alone. Raises ``UsageError``."""
    found = text.strip().strip("'\"<>").strip()
    if not found or len(found) > _LONGEST or not found.isprintable() or " " in found:
        raise UsageError(
            Phrase("that is no code, and no address: paste the whole address of the page you came back to")
        )
    try:
        query = urlsplit(found).query if "://" in found else found.lstrip("?") if "=" in found else ""
    except ValueError as error:
        raise UsageError(Phrase("that is no address: paste the whole address of the page you came back to")) from error
    answer = dict(parse_qsl(query, keep_blank_values=True))
    if answer.keys() & {"code", "error"}:
        return answer
    if "://" in found:
        raise UsageError(Phrase("that address has no code: paste the one you came back to, after you said yes"))
    return {"code": found}


def waits(installation: Installation, name: str) -> bool:
    """Whether a sign-in of the channel has begun and not ended yet."""
    with installation.store.read() as tx:
        seen = tx.flags.seen(_flag(name))
    return seen is not None and seen[0] != _USED and installation.clock() - seen[1] <= LASTS


def disconnect(installation: Installation, name: str, who: str) -> str:
    """Forgets the account's tokens; returns whose they were. Raises ``NotFound``, ``NothingToDo``."""
    known(installation, name)
    with installation.store.write() as tx:
        state = tx.channels.get(name)
        if not state.credential:
            raise NothingToDo(Phrase("channel %(name)s is not connected", name=name))
        tx.channels.disconnect(name)
        tx.flags.set(_flag(name), "", installation.clock())
        note = Phrase("its tokens are deleted")
        act = Act(
            at=installation.clock(), who=who, what="disconnect", thing=thing(name), before=state.account, note=note
        )
        tx.acts.add(act)
    return state.account


def _connecting(connected: Connected, name: str) -> Connecting:
    channel = connected.channels[name]
    kind = connected.installation.settings.channels[name].get("type", "")
    if not isinstance(channel, Connecting):
        raise UsageError(
            Phrase(
                "channel %(name)s is not signed in to: what %(kind)s needs is its secrets in .env", name=name, kind=kind
            )
        )
    if not signs_in(channel):
        raise UsageError(
            Phrase(
                "channel %(name)s has keys of its own in .env, and needs no sign-in; take them out to have one",
                name=name,
            )
        )
    return channel


def _opened(installation: Installation, state: str, name: str) -> tuple[str, str]:
    """Channel and nonce of a ``state`` that is ours, of ``name``, and not older than ten minutes."""
    try:
        channel, nonce, issued = installation.keys.verify(_PURPOSE, state)
    except (TokenError, ValueError) as error:
        raise TokenError(Phrase("this address is none that a sign-in of ours came back to; begin it again")) from error
    if name and channel != name:
        raise TokenError(
            Phrase("this address is of a sign-in of the channel %(other)s, not of %(name)s", other=channel, name=name)
        )
    if channel not in installation.settings.channels:
        raise TokenError(Phrase("the channel %(name)s is not in the settings any more", name=channel))
    if installation.clock().timestamp() - issued > LASTS.total_seconds():
        raise TokenError(_again(Phrase("this sign-in began more than ten minutes ago"), channel))
    return channel, nonce


def _taken(installation: Installation, name: str, nonce: str) -> tuple[SignIn, str, str]:
    """What was kept at the beginning of the sign-in that waits: nobody gets it again. Then its redirect, and who began.

    An empty ``nonce`` is that of an editor who has a code alone.
    """
    waiting = Phrase("no sign-in of %(name)s waits: it was used, is over, or another began", name=name)
    gone = TokenError(_again(waiting, name))
    with installation.store.write() as tx:
        now, seen = installation.clock(), tx.flags.seen(_flag(name))
        if seen is None or seen[0] == _USED or now - seen[1] > LASTS:
            raise gone
        try:
            kept = json.loads(unsealed(seen[0], installation.keys, _PURPOSE))
        except ValueError as error:
            raise gone from error
        if nonce and not hmac.compare_digest(kept["nonce"].encode(), nonce.encode()):
            raise gone
        if not tx.flags.swap(_flag(name), seen, _USED, now):
            raise gone
    return SignIn("", kept["kept"]), kept["redirect"], kept["who"]


async def _finished(installation: Installation, name: str, nonce: str, answer: Mapping[str, str]) -> Account:
    begun, redirect, who = _taken(installation, name, nonce)
    async with installation.connected() as connected:
        try:
            credential = await _connecting(connected, name).connect(answer, begun, redirect)
        except DeliveryError as error:
            raise DeliveryError(_again(said_by(error), name), permanent=error.permanent) from error
    kind = str(installation.settings.channels[name].get("type", ""))
    # Whoever owns the account chose its name: terminals and mails show it.
    account = "".join(each if each.isprintable() else " " for each in credential.account)
    credential = replace(credential, kind=kind, account=account)
    before = await asyncio.to_thread(_keep, installation, name, credential, who)
    resumed = await asyncio.to_thread(_resumed, installation, name, who)
    return Account(name, credential.account, credential.ends, resumed, before)


def before_that(tx: Transaction, name: str) -> str:
    """As whom the channel posted before it was connected last, where that was another account; "" where not."""
    act = next((each for each in tx.acts.newest(thing=thing(name)) if each.what == CONNECT), None)
    return act.before if act and act.before != act.after else ""


def _keep(installation: Installation, name: str, credential: Credential, who: str) -> str:
    """Returns as whom it posted until now, where that is another account."""
    for _ in range(5):
        with installation.store.write() as tx:
            now, before = installation.clock(), tx.channels.get(name)
            if tx.channels.save(
                name,
                closed(credential, installation.keys),
                account=credential.account,
                expires=credential.ends,
                now=now,
                serial=before.serial,
            ):
                last = next((each.after for each in tx.acts.newest(thing=thing(name)) if each.what == CONNECT), "")
                account = before.account or last
                note = (
                    Phrase("until %(time)s UTC", time=credential.ends) if credential.ends else Phrase("no end is known")
                )
                tx.acts.add(
                    Act(
                        at=now,
                        who=who,
                        what=CONNECT,
                        thing=thing(name),
                        before=account,
                        after=credential.account,
                        note=note,
                    )
                )
                return account if account != credential.account else ""
    raise StateError(_again(Phrase("the tokens of %(name)s change while they are saved", name=name), name))


def _again(said: str, name: str) -> Phrase:
    return Phrase("%(said)s; run `broadsheet channels connect %(name)s` again", said=said, name=name)


def _resumed(installation: Installation, name: str, who: str) -> bool:
    try:
        resume_channel(installation.store, name, who, installation.clock())
    except NothingToDo:
        return False
    return True
