"""What webhooks report, put on record."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime

from bot.delivery.hooks.call import Vouched
from bot.delivery.rates import watch
from bot.delivery.returns import Returns, Taken
from bot.model import Verdict
from bot.store import Store, Transaction

ONCE = "hook:"
"""How the flags begin that say which event a signature came with."""

_ACTING = (Verdict.COMPLAINT, Verdict.OPT_OUT)

log = logging.getLogger(__name__)


def record(store: Store, returns: Returns, name: str, vouched: Sequence[Vouched], now: datetime) -> list[Taken]:
    """Puts on record what came to the webhook ``name``; what came before changes nothing. Raises ``StoreError``.

    What only says that a mail arrived, or is tried again, is left out: it would be most of what providers send. When it
    raises, some may be on record: the provider sends all again.
    """
    told = [each for each in vouched if each.report.verdict is not Verdict.NONE]
    plain = [each for each in told if each.report.verdict not in _ACTING]
    taken: list[Taken] = []
    # What stops mail that waits to go out is a transaction of its own, so that it is no hindrance to who sends.
    for some in ([plain] if plain else []) + [[each] for each in told if each.report.verdict in _ACTING]:
        with store.write() as tx:
            made = [
                returns.take(tx, each.report, source=name, now=now, ids=each.ids, signed=True)
                for each in some
                if _is_its_own(tx, name, each, now)
            ]
            for edition in {each.event.edition for each in made if each.event.verdict is Verdict.COMPLAINT} - {""}:
                watch(tx, edition, now)
        taken += made
    return taken


def _is_its_own(tx: Transaction, name: str, vouched: Vouched, now: datetime) -> bool:
    """Whether the event is the one that its signature was made for."""
    if not vouched.once:
        return True
    flag = f"{ONCE}{name}:{hashlib.sha256(vouched.once.encode()).hexdigest()[:40]}"
    seen = tx.flags.seen(flag)
    if seen is None and tx.flags.swap(flag, None, vouched.report.key, now):
        return True
    good = seen is not None and seen[0] == vouched.report.key
    if not good:
        log.warning("/hooks/%s: a signature came again with another event", name)
    return good
