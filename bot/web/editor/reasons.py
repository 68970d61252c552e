"""Why readers were not reached, as the desk says it."""

from __future__ import annotations

from bot.delivery.ledger import UNSENT
from bot.delivery.reasons import Follows, Group
from bot.delivery.recalling import AGAIN, GONE, STANDS
from bot.delivery.threads import BROKEN
from bot.model import DeliveryState
from bot.schedules.reconcile import DOUBT
from bot.speech.catalog import N_, _, number
from bot.speech.phrases import told
from bot.store.chunks import LOST
from bot.store.deliveries import CANCELLED

_WORDS = {
    "no such user": N_("No such mailbox"),
    "no such domain": N_("No such domain"),
    "moved": N_("Mailbox has moved"),
    "disabled": N_("Mailbox closed"),
    "sender": N_("Our sender address is refused"),
    "mailbox full": N_("Mailbox full"),
    "too large": N_("Mail too large for them"),
    "expired": N_("Tried for too long"),
    "loop": N_("Mail goes in circles there"),
    "quota/rate": N_("Server too busy"),
    "authentication": N_("They doubt that it is from us"),
    "reputation": N_("They do not trust our server"),
    "policy": N_("Against a rule of theirs"),
    "content": N_("They do not like the content"),
    "protocol": N_("The servers misunderstood each other"),
    "network": N_("Server not reachable"),
    "system": N_("Their server has a fault"),
    "filtered": N_("Filtered by the reader"),
    "relay": N_("Their server does not take mail for them"),
    "delivery program": N_("Their server has a fault"),
    "refused": N_("Refused"),
    "delivered": N_("No answer"),
    "": N_("No answer"),
}


def reason_words(reason: str, state: DeliveryState) -> str:
    """``No such mailbox``: a reason of ``bot.delivery.reasons`` in plain words."""
    if state is DeliveryState.UNKNOWN:
        return _("No answer after the last byte")
    if reason == "refused" and state is DeliveryState.DEFERRED:
        return _("Asked to come back later")
    return _(_WORDS.get(reason, reason.capitalize()))


# What the program itself says of a delivery, kept in English beside what servers said.
_OURS = {str(each): each for each in (LOST, CANCELLED, UNSENT, BROKEN, DOUBT, STANDS, AGAIN, GONE)}


def known(said: str, reason: str = "") -> str:
    """What was said of a delivery: as a server said it, or in the editor's language where the program did.

    ``reason`` is the delivery's own, which may say the same as a phrase.
    """
    if not said or said == reason:
        said = reason
    return told(_OURS.get(said, said))


def follows_words(group: Group) -> str:
    """What becomes of the readers of a group, in a sentence; "" where a time says more."""
    if group.follows is Follows.NO_MORE_MAIL:
        return _("Failed. No more mail to them.")
    if group.follows is Follows.NEXT_AS_USUAL:
        return _("Failed. The next edition goes to them as usual.")
    return ""


def providers_words(group: Group) -> str:
    """``coastmail.example, 2 more``: where the readers of a group have their mailboxes."""
    if not group.providers:
        return ""
    rest = len(group.providers) - 1
    if group.more_providers:
        return _("%(provider)s and others") % {"provider": group.providers[0]}
    if rest:
        return _("%(provider)s, %(count)s more") % {"provider": group.providers[0], "count": number(rest)}
    return group.providers[0]
