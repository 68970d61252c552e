"""What was done, as the desk says it: the record keeps commands, people read sentences."""

from __future__ import annotations

from bot.web.editor.speech import N_, _

_DEEDS = {
    "approve": N_("approved"),
    "return": N_("returned with a note"),
    "hold": N_("held"),
    "release": N_("released"),
    "pause": N_("paused"),
    "resume": N_("resumed"),
    "pause all": N_("paused everything"),
    "resume all": N_("resumed everything"),
    "cancel": N_("cancelled"),
    "expire": N_("let go as too late"),
    "draft": N_("made"),
    "skip": N_("skipped"),
    "send": N_("began to send"),
    "sent": N_("finished"),
    "edit": N_("edited"),
    "retry": N_("tried again"),
    "recall": N_("asked again about"),
    "correct": N_("corrected"),
    "drop correction": N_("dropped the correction"),
    "subscribe": N_("subscribed"),
    "unsubscribe": N_("unsubscribed"),
    "prefer": N_("changed the preferences of"),
    "suppress": N_("put on the list of those never mailed"),
    "allow": N_("took off the list of those never mailed"),
    "erase subscriber": N_("erased"),
    "import subscribers": N_("imported readers"),
    "import suppressions": N_("imported addresses never to be mailed"),
    "consent wording": N_("kept the words that readers agree to"),
    "connect": N_("connected"),
    "disconnect": N_("disconnected"),
    "story changed": N_("noticed that a story changed in"),
    "preflight": N_("found faults in"),
    "invite": N_("invited"),
    "withdraw invitation": N_("withdrew the invitation of"),
    "join": N_("joined"),
    "give role": N_("gave a role to"),
    "rename": N_("renamed"),
    "disable": N_("shut out"),
    "enable": N_("let in again"),
    "log in": N_("logged in"),
    "end session": N_("logged out another browser"),
    "end other sessions": N_("logged out all other browsers"),
    "change password": N_("changed the password"),
    "offer new password": N_("offered a new password to"),
    "set up the desk": N_("set up their desk"),
    "make token": N_("made the API token"),
    "revoke token": N_("revoked the API token"),
    "make webhook": N_("added the webhook"),
    "change webhook": N_("changed the webhook"),
    "rotate webhook secret": N_("made a new secret for the webhook"),
    "disable webhook": N_("turned off the webhook"),
    "enable webhook": N_("turned on the webhook"),
    "remove webhook": N_("removed the webhook"),
    "try webhook": N_("sent a test to the webhook"),
    "tell webhook again": N_("sent an event again to the webhook"),
}
_KINDS = {
    "edition": N_("Editions"),
    "channel": N_("Channels"),
    "schedule": N_("Schedules"),
    "source": N_("Sources"),
    "article": N_("Articles"),
    "correction": N_("Corrections"),
    "audience": N_("Audiences"),
    "subscriber": N_("Readers"),
    "suppression": N_("Never mailed"),
    "wording": N_("Consent"),
    "user": N_("People"),
    "invitation": N_("Invitations"),
    "token": N_("API tokens"),
    "webhook": N_("Webhooks"),
}


def did(what: str) -> str:
    """``approved``, of the record's ``approve``; what the table does not know, as it stands there."""
    return _(_DEEDS[what]) if what in _DEEDS else what


def kind_word(kind: str) -> str:
    """A kind of things, for a filter."""
    return _(_KINDS[kind]) if kind in _KINDS else kind
