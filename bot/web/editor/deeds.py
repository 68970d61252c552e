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
    "refresh": N_("took over what the newsroom changed in"),
    "ask": N_("asked for approval of"),
    "take back": N_("took back the approval of"),
    "let stand": N_("let stand what the article does not say in"),
    "send now": N_("sent ahead of its time"),
    "send test": N_("sent a test of"),
    "move slot": N_("moved a slot of"),
    "put back slot": N_("put back a slot of"),
    "make": N_("made"),
    "change": N_("changed"),
    "remove": N_("removed"),
    "retry": N_("tried again"),
    "recall": N_("asked again about"),
    "correct": N_("corrected"),
    "drop correction": N_("dropped the correction"),
    "correction not needed": N_("found no correction needed of"),
    "send data": N_("sent their data to"),
    "subscribe": N_("subscribed"),
    "unsubscribe": N_("unsubscribed"),
    "prefer": N_("changed the preferences of"),
    "suppress": N_("put on the list of those never mailed"),
    "allow": N_("took off the list of those never mailed"),
    "erase subscriber": N_("erased"),
    "import subscribers": N_("imported readers"),
    "import suppressions": N_("imported addresses never to be mailed"),
    "consent wording": N_("kept the words that readers agree to"),
    "export subscribers": N_("took a file of the readers of"),
    "export suppressions": N_("took a file of who is never mailed, of"),
    "export refused rows": N_("took a file of the refused rows of an import into"),
    "export deliveries": N_("took a file of what was not accepted of"),
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
}


def did(what: str) -> str:
    """``approved``, of the record's ``approve``; what the table does not know, as it stands there."""
    return _(_DEEDS[what]) if what in _DEEDS else what


def kind_word(kind: str) -> str:
    """A kind of things, for a filter."""
    return _(_KINDS[kind]) if kind in _KINDS else kind
