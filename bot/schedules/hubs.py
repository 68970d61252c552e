"""Subscriptions to the hubs that feeds name (WebSub): asked for, renewed and given up; a hub's call is a ping.

W3C Recommendation of 23 January 2018, https://www.w3.org/TR/websub/ §5 and §6, its source checked 2026-11-29. What a
hub distributes is never read: the feed itself is. What we ask for stands in the store before we ask, since some hubs
come back to verify it before they answer.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlencode, urljoin, urlsplit

from bot.errors import BroadsheetError, FetchError
from bot.http import Http
from bot.model import Newsroom
from bot.schedules.installation import Installation
from bot.sources.websub import is_signed
from bot.store.hubs import ACTIVE, ASKED, LEAVING, NONE, HubState
from bot.tokens import KeyRing

WEBSUB = "websub"
"""The purpose of tokens in the addresses that hubs call."""
SECONDS = 30
"""How often it is looked whether a hub is to be asked."""
LEASE = timedelta(days=10)
"""What we ask for; the hub decides."""
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=365)
_PATIENCE, _REST = timedelta(minutes=5), timedelta(days=1)
_GIVE_UP = 3
"""So often a hub is asked to tell us no more."""
_REDIRECTS = 3
_HELD = {"held_hub": "", "held_topic": ""}

log = logging.getLogger(__name__)


def callback(newsroom: Newsroom, keys: KeyRing, state: HubState) -> str:
    """The address that the hub of a subscription calls; nobody else knows it."""
    return f"{newsroom.public_url}/websub/{keys.sign(WEBSUB, state.source, mark(keys, state))}"


def mark(keys: KeyRing, state: HubState) -> str:
    """What tells a subscription from one of the same source at another hub."""
    return keys.derived_id("websub", state.held_hub, state.held_topic, characters=16)


def secret(keys: KeyRing, state: HubState) -> str:
    """What a hub signs its calls with; "" at one without TLS, where it would be read on the way."""
    if urlsplit(state.held_hub).scheme != "https":
        return ""
    return keys.derived_id("websub secret", state.source, state.held_hub, state.held_topic, characters=52)


def settle(installation: Installation) -> None:
    """Asks the hubs that are due: to tell us, to go on telling us, or to tell us no more. Raises ``StoreError``."""
    now = installation.clock()
    with installation.store.read() as tx:
        known = [] if tx.flags.held() else tx.hubs.all()
    # A hub of a source that left the settings tells us on, until its lease ends or we say so.
    due = [
        each for each in known if each.due <= now or (each.state == ACTIVE and each.source not in installation.sources)
    ]
    if due:
        asyncio.run(_settle(installation, due, now))


async def _settle(installation: Installation, due: list[HubState], now: datetime) -> None:
    async with Http(installation.settings.http) as http:
        asked = (_ask(installation, http, each, now) for each in due)
        for fault in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(fault, BaseException):
                log.error("a hub is not asked: %s", fault, exc_info=not isinstance(fault, BroadsheetError))


async def _ask(installation: Installation, http: Http, state: HubState, now: datetime) -> None:
    listed = state.source in installation.sources and is_public(installation.newsroom.public_url)
    wanted = (state.hub, state.topic) if listed and state.hub else ("", "")
    held = (state.held_hub, state.held_topic)
    over = state.until is not None and state.until <= now
    if state.state in (ACTIVE, LEAVING) and wanted != held and not over and state.tries < _GIVE_UP:
        mode, to = "unsubscribe", LEAVING
    elif wanted[0]:
        mode, to = "subscribe", ACTIVE if state.state == ACTIVE and wanted == held and not over else ASKED
    else:
        _end(installation, state, now, gone=state.source not in installation.sources)
        return
    first = mode == "unsubscribe" and state.state == ACTIVE
    asked = replace(
        state,
        state=to,
        held_hub=held[0] if mode == "unsubscribe" else wanted[0],
        held_topic=held[1] if mode == "unsubscribe" else wanted[1],
        tries=1 if first else state.tries + 1,
        due=now + min(_PATIENCE * 2 ** min(state.tries, 10), _REST),
    )
    with installation.store.write() as tx:
        mine = tx.hubs.change(
            state,
            **{name: getattr(asked, name) for name in ("state", "held_hub", "held_topic", "tries", "due")},
        )
    if not mine:
        return
    error = await _post(installation, http, asked, mode)
    if error:
        with installation.store.write() as tx:
            now_kept = tx.hubs.get(state.source)
            if now_kept and now_kept.tries == asked.tries:
                tx.hubs.change(now_kept, error=error[:500])


async def _post(installation: Installation, http: Http, state: HubState, mode: str) -> str:
    """Asks a hub; returns why it does not take it, "" when it does. It may verify before this returns."""
    form = {
        "hub.callback": callback(installation.newsroom, installation.keys, state),
        "hub.mode": mode,
        "hub.topic": state.held_topic,
    }
    if mode == "subscribe":
        form["hub.lease_seconds"] = str(int(LEASE.total_seconds()))
        shared = secret(installation.keys, state)
        form |= {"hub.secret": shared} if shared else {}
    url, headers = state.held_hub, {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(_REDIRECTS):
        try:
            answer = await http.post(url, content=urlencode(form).encode(), headers=headers)
        except FetchError as error:
            return f"its hub was not asked: {error}"
        to = urljoin(url, answer.headers.get("location", "")) if answer.status in (307, 308) else ""
        if not to:
            said = _line(answer.body[:200].decode("utf-8", "replace"))
            return "" if 200 <= answer.status < 300 else f"its hub refuses (HTTP {answer.status}) {said}".strip()
        if urlsplit(url).scheme == "https" and urlsplit(to).scheme != "https":
            # The secret must not be read on the way.
            return "its hub redirects to an address without TLS"
        url = to
    return f"its hub redirects more than {_REDIRECTS} times"


def _line(text: str) -> str:
    """Foreign words as one line that does nothing to a terminal."""
    return "".join(each for each in " ".join(text.split()) if each.isprintable())[:200]


def _end(installation: Installation, state: HubState, now: datetime, *, gone: bool) -> None:
    with installation.store.write() as tx:
        if gone:
            tx.hubs.drop(state.source)
        else:
            tx.hubs.change(state, state=NONE, until=None, due=now + _REST, tries=0, **_HELD)


def is_public(public_url: str) -> bool:
    """Whether hubs may be given this address: they call it from outside, over TLS."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    try:
        local = not ip_address(host).is_global
    except ValueError:
        local = host == "localhost" or "." not in host
    return parts.scheme == "https" and not local


def subscribed(installation: Installation, payload: list[object]) -> HubState | None:
    """The subscription that a callback's token names; None when there is none any more. Raises ``StoreError``."""
    if len(payload) != 2:
        return None
    with installation.store.read() as tx:
        state = tx.hubs.get(str(payload[0]))
    if state is None or not state.held_hub or mark(installation.keys, state) != payload[1]:
        return None
    return state


def verify(installation: Installation, state: HubState, mode: str, topic: str, lease: str) -> bool:
    """Whether a hub may do what it says we asked for; if so, it is on record. Raises ``StoreError``."""
    now = installation.clock()
    asked = topic == state.held_topic and state.tries > 0
    if mode == "subscribe" and asked and state.state in (ASKED, ACTIVE):
        span = timedelta(seconds=int(lease)) if lease.isascii() and lease.isdigit() and len(lease) < 10 else LEASE
        span = min(max(span, _SHORTEST), _LONGEST)
        renewal = now + span - max(span / 10, min(timedelta(hours=1), span / 2))
        changes = {"state": ACTIVE, "until": now + span, "due": renewal, "tries": 0, "error": ""}
    elif mode == "unsubscribe" and asked and state.state == LEAVING:
        changes = {"state": NONE, "until": None, "due": now, "tries": 0, "error": "", **_HELD}
    else:
        return False
    with installation.store.write() as tx:
        return tx.hubs.change(state, **changes)


def denied(installation: Installation, state: HubState, topic: str, reason: str) -> None:
    """Keeps that a hub does not take us; it is asked again in a day. Raises ``StoreError``."""
    if topic != state.held_topic or state.state == NONE:
        return
    said = f"its hub refuses: {_line(reason) or 'no reason given'}"
    with installation.store.write() as tx:
        due = installation.clock() + _REST
        tx.hubs.change(state, state=NONE, until=None, due=due, tries=0, error=said, **_HELD)


def is_from_hub(installation: Installation, state: HubState, signature: str, body: bytes) -> bool:
    """Whether a call that came to the callback is the hub's, as far as that can be told."""
    shared = secret(installation.keys, state)
    return not shared or is_signed(signature, shared, body)


def standing(state: HubState, now: datetime) -> str:
    """How it stands, in words for an editor."""
    if state.state == ACTIVE and state.until and state.until > now:
        return "its hub tells us of news"
    if state.state == LEAVING:
        return "its hub is told to stop"
    return state.error or ("its hub is asked to tell us" if state.hub else "")
