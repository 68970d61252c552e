"""The outbox of sign-ups: a mail to each address that asked, once in 24 hours, whatever happens.

The links to their data that readers ask for go out the same way.

What is said to an address is decided here and not where it was typed, so that the form's answer cannot tell. That a
mail goes out is committed before its last byte does: after a crash what surely did not go is still due, and what may
have gone is not sent again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.audience.links import DATA_GOOD_FOR, ReaderLink, data_url, preferences_url
from bot.audience.newsletters import Newsletter, chosen_of
from bot.audience.signup import DATA_FORM, GOOD_FOR, allowed, confirmation_url, gets_it_all
from bot.channels.base import Carrier, Channel
from bot.clock import Clock
from bot.delivery.flood import TRIAL, TRIAL_LIMITS
from bot.delivery.one_by_one import OneByOne
from bot.editions.notice import confirmation, data_link, known
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, RenderError, ServerBusy
from bot.model import (
    LIFTED_BY_READERS,
    Email,
    Newsroom,
    Parcel,
    Receipt,
    Recipient,
    Rendition,
    Signup,
    SignupOutcome,
)
from bot.settings import Rate
from bot.settings.signup import SignupTable
from bot.store import Store, Transaction
from bot.store.address import address_key, mailbox_key
from bot.store.allowances import Grant, Limits, Wanted
from bot.tokens import KeyRing, delivery_token

EDITION = "signup"
"""Stands where a parcel names its edition: this one is of none."""
BATCH = 50
LATEST = timedelta(hours=24)
"""A sign-up that waited longer for its mail gets none: its owner does not look for it any more."""
TO_AN_ADDRESS: Limits = {timedelta(hours=24): 1, GOOD_FOR: 3}
"""A stranger can type an address in each day: its owner is not to be mailed each day. Nor shut out by it: as long as no
mail goes out, the link of one that did still works.
"""
TO_A_MAILBOX: Limits = {timedelta(hours=24): 5, timedelta(days=30): 20}
"""The same, under all the addresses that one mailbox has (``mara+1@…``, ``mara+2@…``); more of them wait."""
DATA_MAILS: Limits = {timedelta(hours=24): 2}
"""To one address; that readers ask once a day is seen to where they ask."""
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(minutes=30)
REST = timedelta(minutes=1)
"""How long nothing is tried after a server was down or refused us."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What writing to those who asked takes. ``channel`` mails what is of no newsletter ("": nothing does)."""

    store: Store
    keys: KeyRing
    newsroom: Newsroom
    folders: Sequence[Path]
    rules: SignupTable
    offered: Sequence[Newsletter]
    channel: str
    clock: Clock


@dataclass(slots=True)
class Mailed:
    """How many mails went out; ``rests``: a server is down or refuses us, so try again later only."""

    sent: int = 0
    rests: bool = False


async def mail_due(desk: Desk, channels: Mapping[str, Channel], *, state: str = "") -> Mailed:
    """Sends what is due, some of it, and ends what is not to be mailed. ``state`` is that of ``flood.watch``.

    Raises ``StoreError``, and ``RenderError`` when no mail can be made; what was not sent stays due.
    """
    ready = await asyncio.to_thread(_sorted_out, desk)
    told = Mailed()
    for name, channel in channels.items():
        letters = [each for each in ready if each.channel == name]
        if letters:
            outbox = _Outbox(desk, letters, told, trial=state == TRIAL)
            carrier = channel if isinstance(channel, Carrier) else OneByOne(channel, desk.clock)
            await carrier.carry(outbox)
    return told


@dataclass(frozen=True, slots=True)
class _Letter:
    signup: Signup
    outcome: SignupOutcome
    channel: str
    parcel: Parcel


def _sorted_out(desk: Desk) -> list[_Letter]:
    now = desk.clock()
    ready, over = [], []
    fault: RenderError | None = None
    with desk.store.read() as tx:
        for signup in tx.signups.due(now, BATCH):
            try:
                found = _letter(desk, tx, signup, now)
            except RenderError as error:
                # It stays due; it may be a template of its language alone, and the others go out.
                log.error("the mail of sign-up %s cannot be made: %s", signup.id, error)
                fault = error
                continue
            if isinstance(found, SignupOutcome):
                over.append((signup.id, found))
            else:
                ready.append(found)
    if over:
        with desk.store.write() as tx:
            for signup_id, outcome in over:
                tx.signups.end(signup_id, outcome)
    if fault and not ready:
        raise fault
    return ready


def _letter(desk: Desk, tx: Transaction, signup: Signup, now: datetime) -> _Letter | SignupOutcome:
    if now - signup.requested > LATEST:
        return SignupOutcome.LATE
    if signup.evidence.form == DATA_FORM:
        return _data_letter(desk, tx, signup)
    audiences = allowed(tx, signup)
    chosen = chosen_of(desk.offered, {each: signup.choices[each] for each in audiences})
    if not audiences:
        return SignupOutcome.SUPPRESSED
    if not chosen:
        # No longer offered since it was asked for.
        return SignupOutcome.LATE
    names = [each.name for each in chosen]
    if gets_it_all(tx, signup):
        subscriber = tx.subscribers.id_of(signup.address) or 0
        url = preferences_url(desk.newsroom, desk.keys, ReaderLink(subscriber, audiences[0]))
        email = known(desk.newsroom, desk.folders, language=signup.language, names=names, url=url)
        outcome = SignupOutcome.KNOWN
    else:
        url = confirmation_url(desk.newsroom, desk.keys, signup.id)
        until = signup.requested + GOOD_FOR
        email = confirmation(desk.newsroom, desk.folders, language=signup.language, names=names, url=url, until=until)
        outcome = SignupOutcome.CONFIRM
    channel = desk.rules.channel or chosen[0].channel
    return _Letter(signup, outcome, channel, _parcel(desk, signup, channel, audiences[0], email))


def _data_letter(desk: Desk, tx: Transaction, signup: Signup) -> _Letter | SignupOutcome:
    subscriptions = tx.subscribers.find(signup.address)
    if not (subscriptions and desk.channel):
        return SignupOutcome.LATE
    against = tx.suppressions.against(signup.address)
    if any(not each.audience and each.reason not in LIFTED_BY_READERS for each in against):
        return SignupOutcome.SUPPRESSED
    one, asked = subscriptions[0], signup.requested
    url = data_url(desk.newsroom, desk.keys, ReaderLink(one.id, one.audience), asked)
    email = data_link(desk.newsroom, desk.folders, language=signup.language, url=url, until=asked + DATA_GOOD_FOR)
    parcel = _parcel(desk, signup, desk.channel, one.audience, email)
    return _Letter(signup, SignupOutcome.DATA, desk.channel, parcel)


def _parcel(desk: Desk, signup: Signup, channel: str, audience: str, email: Email) -> Parcel:
    return Parcel(
        # The same on each attempt, and so is its Message-ID.
        token=delivery_token(desk.keys, EDITION, channel, signup.id, 0),
        edition=EDITION,
        schedule=EDITION,
        slot=signup.requested,
        rendition=Rendition(channel=channel, email=email),
        recipient=Recipient(subscriber=0, address=signup.address, audience=audience, subscribed=signup.requested),
    )


class _Outbox:
    """Gives its letters (``bot.channels.base.Feed``), and keeps of each in the store what became of it."""

    def __init__(self, desk: Desk, letters: Sequence[_Letter], told: Mailed, *, trial: bool) -> None:
        self._desk = desk
        self._waiting = deque(letter.parcel for letter in letters)
        self._letters = {letter.parcel.token: letter for letter in letters}
        self._claimed: dict[str, list[Grant]] = {}
        self._told = told
        self._trial = trial

    def take(self) -> Parcel | None:
        return self._waiting.popleft() if self._waiting and not self._told.rests else None

    def give_back(self, parcel: Parcel, not_before: datetime | None = None) -> None:
        if not_before is None:
            self._waiting.append(parcel)
        else:
            self._put_off(parcel, not_before)

    async def ahead(self, parcel: Parcel) -> bool:
        return await asyncio.to_thread(self._claim, self._letters[parcel.token])

    def settle(self, parcel: Parcel, answer: Receipt | Exception, *, elsewhere: bool = False) -> timedelta:
        if isinstance(answer, Receipt):
            self._told.sent += 1
            return timedelta(0)
        signup = self._letters[parcel.token].signup
        log.log(
            logging.WARNING if isinstance(answer, DeliveryError) else logging.ERROR,
            "the mail of sign-up %s does not go out: %s",
            signup.id,
            _cause(answer),
        )
        if not isinstance(answer, DeliveryError) or isinstance(answer, OutcomeUnknown):
            # It may have arrived: once a day is once a day.
            return timedelta(0)
        if answer.permanent:
            with self._desk.store.write() as tx:
                tx.signups.refused(signup.id)
            return timedelta(0)
        if not isinstance(answer, ServerBusy | ChannelRefused):
            self._put_off(parcel, self._next(signup))
            return timedelta(0)
        rest = max(REST, timedelta(seconds=answer.retry_after or 0))
        self._put_off(parcel, self._desk.clock() + (timedelta(0) if elsewhere else rest))
        if elsewhere:
            self._waiting.append(parcel)
        else:
            self._told.rests = True
        return rest

    def _next(self, signup: Signup) -> datetime:
        """Twice as long after the request each time."""
        now = self._desk.clock()
        return now + min(max(now - signup.requested, SHORTEST), LONGEST)

    def _claim(self, letter: _Letter) -> bool:
        desk, signup = self._desk, letter.signup
        with desk.store.write() as tx:
            wanted = self._wanted(tx, signup)
            tx.allowances.lock(each.key for each in wanted)
            now = desk.clock()
            grants = tx.allowances.reserve_all(wanted, now)
            granted = [grant for grant in grants if grant.granted]
            missing = [grant for grant in grants if not grant.granted]
            if not missing and tx.signups.went_ahead(signup.id, letter.outcome, now):
                self._claimed[letter.parcel.token] = granted
                return True
            # It was not due any more, or a limit is reached: that of the address says that its mail has gone.
            tx.allowances.give_back([(grant, 1) for grant in granted])
            if grants[0] in missing:
                tx.signups.end(signup.id, SignupOutcome.REPEATED)
            elif missing:
                tx.signups.wait(signup.id, max(grant.next_at or now + REST for grant in missing))
        return False

    def _wanted(self, tx: Transaction, signup: Signup) -> list[Wanted]:
        domain = self._desk.keys.derived_id("signup domain", address_key(signup.address).rpartition("@")[2])
        hashed, data = tx.hashed(signup.address), signup.evidence.form == DATA_FORM
        mailbox = tx.hashed.of_key(mailbox_key(signup.address))
        own = [
            Wanted(f"signup:address:{hashed}", TO_AN_ADDRESS, 1),
            Wanted(f"signup:mailbox:{mailbox}", TO_A_MAILBOX, 1),
        ]
        wanted = [
            *([Wanted(f"data:address:{hashed}", DATA_MAILS, 1)] if data else own),
            Wanted(f"signup:domain:{domain}", _limits(self._desk.rules.per_domain), 1),
            Wanted("signup:mails", _limits(self._desk.rules.mails), 1),
        ]
        return [*wanted, Wanted("signup:trial", TRIAL_LIMITS, 1)] if self._trial else wanted

    def _put_off(self, parcel: Parcel, until: datetime) -> None:
        """It surely did not go out: it is due again, and counts for nothing."""
        granted = self._claimed.pop(parcel.token, [])
        with self._desk.store.write() as tx:
            tx.allowances.give_back([(grant, 1) for grant in granted])
            if granted:
                tx.signups.put_off(self._letters[parcel.token].signup.id, until)
            else:
                tx.signups.wait(self._letters[parcel.token].signup.id, until)


def _cause(error: Exception) -> str:
    """Without the server's words, which may repeat the address."""
    if not isinstance(error, DeliveryError):
        return type(error).__name__
    said = (type(error).__name__, str(error.code or ""), error.enhanced, error.server)
    return " ".join(part for part in said if part)


def _limits(rates: Sequence[Rate]) -> Limits:
    return {rate.period: rate.number for rate in rates}
