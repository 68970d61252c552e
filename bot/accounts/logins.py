"""Logging in, and asking for a new password: how often, and that the answer tells nobody who has an account.

What is counted stands in the store, so that all processes count together; it is counted under a keyed hash, since who
tried to log in is personal data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.accounts import sessions
from bot.accounts.invitations import new_reset
from bot.accounts.passwords import hash_password, is_password, outdated
from bot.accounts.users import TRIES, WAIT
from bot.model import Act, User
from bot.settings.address import is_address
from bot.store import Store
from bot.store.address import address_key
from bot.store.allowances import Limits, Wanted
from bot.tokens import KeyRing

OF_AN_ADDRESS: Limits = {WAIT: 50}
"""From all networks: more than its owner mistypes, too few to guess by."""
OF_A_NETWORK: Limits = {WAIT: 50}
"""For all addresses: an office behind one address logs in each morning."""
RESETS_OF_AN_ADDRESS: Limits = {timedelta(hours=1): 2, timedelta(hours=24): 4}
RESETS_OF_A_NETWORK: Limits = {timedelta(hours=1): 20}
ASKED = "forgotten"
"""Whose act a link for a new password is that somebody asked for without being logged in."""


@dataclass(frozen=True, slots=True)
class Login:
    """What became of an attempt: ``token`` is the session's ("": none), ``tries`` how many are left before ``until``.

    ``user`` is None unless they are logged in.
    """

    token: str = field(default="", repr=False)
    user: User | None = None
    tries: int = 0
    until: datetime | None = None


def attempt(
    store: Store,
    keys: KeyRing,
    address: str,
    password: str,
    *,
    network: str,
    now: datetime,
    kept: bool = False,
    browser: str = "",
    before: str = "",
) -> Login:
    """Logs somebody in, if it is their password. ``network`` is whom limits count, ``before`` the browser's session.

    An attempt counts before it is looked at, so that many at once are no more; the right password takes it back.
    """
    address = address.strip()[:254]
    wanted = _wanted(keys, address, network)
    with store.write() as tx:
        grants = tx.allowances.reserve_all(wanted, now)
        refused = [each for each in grants if not each.granted]
        tx.allowances.give_back(
            [(each, each.granted) for each in grants if each.granted]
            if refused
            else [(grants[0], grants[0].granted - 1)]
        )
    if refused:
        return Login(until=max(each.next_at or now + WAIT for each in refused))
    with store.read() as tx:
        user = tx.users.find(address)
        hashed = tx.users.password(user.id) if user and not user.disabled else ""
    if user is None or not is_password(password, hashed):
        return Login(tries=grants[0].granted - 1, until=now + WAIT)
    renewed = hash_password(password) if outdated(hashed) else ""
    with store.write() as tx:
        tx.allowances.give_back([(each, 1) for each in grants])
        current = tx.users.get(user.id)
        if current is None or current.disabled or tx.users.password(user.id) != hashed:
            # While it was looked at: an admin was quicker.
            return Login(tries=grants[0].granted - 1, until=now + WAIT)
        if renewed:
            tx.users.set_password(user.id, renewed)
        token = sessions.log_in(tx, current, now, kept=kept, browser=browser, network=network, before=before)
        tx.acts.add(Act(at=now, who=current.name_on_record, what="log in", thing=f"user:{user.id}"))
    return Login(token=token, user=current)


def forgotten(store: Store, keys: KeyRing, address: str, *, network: str, now: datetime) -> None:
    """Has a link for a new password mailed, if somebody has an account under ``address``.

    The same is done for every address, and nothing is told: whether somebody has it is looked up where the mail is
    made (``bot.delivery.inviting``). What is beyond the limits is left out without a word.
    """
    address = address.strip()
    if not is_address(address):
        return
    wanted = [
        Wanted("reset:address:" + keys.derived_id("reset address", address_key(address)), RESETS_OF_AN_ADDRESS, 1),
        Wanted("reset:network:" + keys.derived_id("reset network", network), RESETS_OF_A_NETWORK, 1),
    ]
    with store.write() as tx:
        grants = tx.allowances.reserve_all(wanted, now)
        if all(each.granted for each in grants):
            tx.invitations.add(new_reset(address, who=ASKED, now=now, mail=True))
        else:
            tx.allowances.give_back([(each, 1) for each in grants if each.granted])


def _wanted(keys: KeyRing, address: str, network: str) -> list[Wanted]:
    """All tries of the first, so that its grant tells how many are left."""
    key = address_key(address)
    return [
        Wanted("login:" + keys.derived_id("login", key, network), {WAIT: TRIES}, TRIES),
        Wanted("login:address:" + keys.derived_id("login address", key), OF_AN_ADDRESS, 1),
        Wanted("login:network:" + keys.derived_id("login network", network), OF_A_NETWORK, 1),
    ]
