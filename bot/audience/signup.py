"""Double opt-in: an address is asked for on a form, and subscribed when its owner presses the button behind a mail.

A request tells nobody whether the address is known: the same is done for each, and all that differs (is it subscribed,
suppressed, mailed today?) is looked up later, where its mail is made (``bot.delivery.confirming``).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.audience.subscriptions import READER
from bot.audience.words import words_of
from bot.errors import TokenError
from bot.model import (
    LIFTED_BY_READERS,
    Act,
    Consent,
    Evidence,
    Newsroom,
    Phrase,
    Preferences,
    Several,
    Signup,
    Suppression,
)
from bot.settings.signup import SignupTable
from bot.store import Store, Transaction
from bot.store.allowances import Wanted
from bot.tokens import KeyRing

CONFIRM = "c"
DATA_FORM = "data"
"""The form of a request that subscribes to nothing: a reader asks for the link to their data."""
API = "api"
"""The form of sign-ups that another program sends."""
GOOD_FOR = timedelta(days=7)
"""How long a confirmation's link works."""
KEPT_FOR = GOOD_FOR + timedelta(days=1)
"""When a sign-up is deleted, with its address. Until then a link that came too late can be told so."""
REQUESTS_PER_MAIL = 10
"""So many sign-ups are taken for each confirmation that may go out: beyond it the store would only fill up."""

_CONSENT = ("signup_consent", "confirm_lead", "confirm_button", "confirm_consent")


class Stand(Enum):
    """How a confirmation's link stands."""

    OPEN = auto()
    DONE = auto()
    EXPIRED = auto()
    BLOCKED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a form sent, checked. ``network`` is whom its limit counts, ``ip`` what may be kept of it."""

    address: str
    choices: Mapping[str, Preferences]
    language: str
    form: str
    page: str = ""
    network: str = ""
    ip: str = ""


def request(store: Store, keys: KeyRing, rules: SignupTable, wish: Wish, *, now: datetime) -> datetime | None:
    """Keeps a sign-up, whose mail goes out in the background; returns when to come again if there are too many.

    That answer depends on the network and on how many come in all, never on the address.
    """
    network = {rate.period: rate.number for rate in rules.per_network}
    most = {rate.period: rate.number * REQUESTS_PER_MAIL for rate in rules.mails}
    wanted = [
        # What is counted is not kept in the clear: it is personal data.
        Wanted("signup:network:" + keys.derived_id("signup network", wish.network), network, 1),
        Wanted("signup:requests", most, 1),
    ]
    with store.write() as tx:
        grants = tx.allowances.reserve_all(wanted, now)
        refused = [grant for grant in grants if not grant.granted]
        if refused:
            tx.allowances.give_back([(grant, 1) for grant in grants if grant.granted])
            return max(grant.next_at or now for grant in refused)
        tx.signups.add(
            Signup(
                id=new_id(),
                address=wish.address,
                choices=wish.choices,
                language=wish.language,
                evidence=Evidence(
                    form=wish.form,
                    # The API's caller has words of its own: theirs are those of the confirmation alone.
                    wording="" if wish.form == API else wording_version(wish.language),
                    page=wish.page,
                    requested=now,
                    ip=wish.ip if rules.keep_ip else "",
                ),
                requested=now,
            )
        )
    return None


def confirmation_url(newsroom: Newsroom, keys: KeyRing, signup: str) -> str:
    """``PUBLIC_URL/c/TOKEN``: names the sign-up and nothing else. Its form is permanent."""
    return f"{newsroom.public_url}/{CONFIRM}/{keys.sign(CONFIRM, signup)}"


def read_confirmation(keys: KeyRing, token: str) -> str:
    """The sign-up that ``token`` speaks of. Raises ``TokenError``."""
    match keys.verify(CONFIRM, token):
        case [str() as signup]:
            return signup
        case _:
            raise TokenError


def look(tx: Transaction, signup: str, now: datetime) -> tuple[Stand, Signup | None]:
    """How the link to ``signup`` stands; changes nothing."""
    found = tx.signups.get(signup)
    if found is None:
        return Stand.EXPIRED, None
    if found.confirmed:
        return Stand.DONE, found
    if now - found.requested > GOOD_FOR:
        return Stand.EXPIRED, found
    return (Stand.OPEN if allowed(tx, found) else Stand.BLOCKED), found


def allowed(tx: Transaction, signup: Signup) -> tuple[str, ...]:
    """The audiences of a sign-up that its address may be mailed by, once it is confirmed."""
    hard = {each.audience for each in tx.suppressions.against(signup.address) if each.reason not in LIFTED_BY_READERS}
    return () if "" in hard else tuple(audience for audience in signup.choices if audience not in hard)


def gets_it_all(tx: Transaction, signup: Signup) -> bool:
    """Whether the address gets all that the sign-up asks for already."""
    subscribed = {each.audience: each for each in tx.subscribers.find(signup.address) if each.state == "subscribed"}
    if tx.suppressions.against(signup.address):
        return False
    return all(
        audience in subscribed and _within(chosen, subscribed[audience].preferences)
        for audience, chosen in signup.choices.items()
    )


def confirm(store: Store, signup: str, *, language: str, now: datetime) -> tuple[Stand, Signup | None, int]:
    """Subscribes the address to what was chosen, with the evidence, once: then the link is ``DONE``.

    ``language`` is the one whose words stood on the page. Returns how the link stood before, the sign-up, and the
    subscriber's id (0 when there is none).
    """
    with store.write() as tx:
        stand, found = look(tx, signup, now)
        if found is None or stand is not Stand.OPEN or not tx.signups.confirm(signup, now):
            # Confirmed by another press, this very moment: the same as one before.
            stand = Stand.DONE if stand is Stand.OPEN else stand
            return stand, found, (tx.subscribers.id_of(found.address) or 0) if found else 0
        evidence = replace(found.evidence, wording=_both(found.evidence.wording, language), confirmed=now)
        _keep_wording(tx, language, now)
        audiences = allowed(tx, found)
        _lift(tx, found, audiences, now)
        for audience in audiences:
            _subscribe(tx, found, audience, Consent(at=now, via="sign-up", evidence=evidence))
        subscriber = tx.subscribers.id_of(found.address) or 0
        form = found.evidence.form
        note = Phrase("sign-up by %(form)s: %(audiences)s", form=form, audiences=Several(tuple(audiences)))
        tx.acts.add(_act("subscribe", f"subscriber:{subscriber}", now, after="subscribed", note=note))
    return Stand.OPEN, found, subscriber


def prune(store: Store, now: datetime) -> int:
    """Deletes sign-ups whose time is over, with their addresses; returns how many."""
    with store.write() as tx:
        return tx.signups.prune(now - KEPT_FOR)


def wording_version(language: str) -> str:
    """Which words a reader agreed to: ``en-3f9a1c04d2``, of the language they were shown in. Equal for equal words."""
    return f"{language}-{hashlib.sha256(consent_text(language).encode()).hexdigest()[:10]}"


def consent_text(language: str) -> str:
    """The words of form and confirmation that say what is agreed to."""
    words = words_of(language)
    return "\n".join(words.plain(phrase, address="{address}") for phrase in _CONSENT)


def _subscribe(tx: Transaction, signup: Signup, audience: str, consent: Consent) -> None:
    outcome = tx.subscribers.subscribe(signup.address, audience, consent)
    subscriber = tx.subscribers.id_of(signup.address)
    assert subscriber is not None
    known, chosen = tx.subscribers.get(subscriber, audience), signup.choices[audience]
    if known is None:
        return
    before = known.preferences
    if outcome == "known":
        tx.subscribers.prefer(subscriber, audience, replace(before, schedules=_joined(before, chosen)))
    elif outcome in ("new", "returned"):
        # What the form does not ask stays as a reader who comes back had it; they come back now, so no pause.
        wanted = replace(chosen, hour=before.hour, timezone=before.timezone)
        tx.subscribers.prefer(subscriber, audience, wanted)


def _joined(before: Preferences, chosen: Preferences) -> tuple[str, ...] | None:
    if before.schedules is None or chosen.schedules is None:
        return None
    return tuple(sorted({*before.schedules, *chosen.schedules}))


def _within(chosen: Preferences, now: Preferences) -> bool:
    return now.schedules is None or (chosen.schedules is not None and set(chosen.schedules) <= set(now.schedules))


def _lift(tx: Transaction, signup: Signup, audiences: tuple[str, ...], now: datetime) -> None:
    for each in tx.suppressions.against(signup.address):
        if each.reason in LIFTED_BY_READERS and each.audience in ("", *audiences) and _remove(tx, signup, each):
            thing = f"suppression:{tx.hashed(signup.address)[:12]}"
            where = each.audience or Phrase("all")
            note = Phrase("%(where)s, %(reason)s: they confirmed a sign-up", where=where, reason=each.reason)
            tx.acts.add(_act("allow", thing, now, note=note))


def _remove(tx: Transaction, signup: Signup, suppression: Suppression) -> bool:
    return tx.suppressions.remove(signup.address, suppression.audience)


def _keep_wording(tx: Transaction, language: str, now: datetime) -> None:
    """The words themselves, once for each version: a version that nobody can read proves nothing."""
    thing = f"wording:{wording_version(language)}"
    if not tx.acts.newest(thing=thing, limit=1):
        tx.acts.add(Act(at=now, who="broadsheet", what="consent wording", thing=thing, note=consent_text(language)))


def _both(asked: str, language: str) -> str:
    shown = wording_version(language)
    return shown if asked in ("", shown) else f"{asked}, {shown}"


def _act(what: str, thing: str, now: datetime, *, after: str = "", note: str = "") -> Act:
    return Act(at=now, who=READER, what=what, thing=thing, after=after, note=note)


def new_id() -> str:
    """The id of a sign-up: 26 characters that nobody guesses."""
    return base64.b32encode(secrets.token_bytes(17))[:26].decode().lower()
