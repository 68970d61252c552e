"""What was done, as the desk says it: the record keeps commands, people read sentences.

Each sentence is whole, since other languages put who, what and verb elsewhere. ``tests/web/test_deeds.py`` fails when
the program can write an act that has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.speech.catalog import N_, _

SENTENCES: Mapping[str, str] = {
    # Of editions.
    "draft": N_("%(who)s made %(thing)s"),
    "skip": N_("%(who)s skipped %(thing)s"),
    "edit": N_("%(who)s edited %(thing)s"),
    "refresh": N_("%(who)s took over what articles of %(thing)s say now"),
    "story changed": N_("%(who)s noticed that a story changed in %(thing)s"),
    "preflight": N_("%(who)s found faults in %(thing)s"),
    "ask": N_("%(who)s asked for approval of %(thing)s"),
    "approve": N_("%(who)s approved %(thing)s"),
    "let stand": N_("%(who)s let stand what was found in %(thing)s"),
    "take back": N_("%(who)s took back the approval of %(thing)s"),
    "return": N_("%(who)s returned %(thing)s with a note"),
    "hold": N_("%(who)s held %(thing)s"),
    "release": N_("%(who)s released %(thing)s"),
    "move slot": N_("%(who)s moved %(thing)s to %(time)s"),
    "put back slot": N_("%(who)s put %(thing)s back to %(time)s"),
    "send test": N_("%(who)s sent a test of %(thing)s"),
    "send now": N_("%(who)s had %(thing)s sent at once"),
    "send": N_("%(who)s began to send %(thing)s"),
    "pause": N_("%(who)s paused %(thing)s"),
    "resume": N_("%(who)s resumed %(thing)s"),
    "cancel": N_("%(who)s cancelled %(thing)s"),
    "expire": N_("%(who)s let %(thing)s go as too late"),
    "sent": N_("%(who)s finished %(thing)s"),
    "pause all": N_("%(who)s paused everything"),
    "resume all": N_("%(who)s resumed everything"),
    # Of deliveries.
    "retry": N_("%(who)s had %(thing)s tried again"),
    "leave failed": N_("%(who)s left it at what failed of %(thing)s"),
    "recall": N_("%(who)s asked the network what became of %(thing)s"),
    "resolve as sent": N_("%(who)s took what was unknown for sent: %(thing)s"),
    "resolve as unsent": N_("%(who)s had what was unknown sent again: %(thing)s"),
    "hold bounces": N_("%(who)s suppresses nobody before somebody looks at what came back of %(thing)s"),
    "settle bounces": N_("%(who)s decided what came back of %(thing)s"),
    "bounce alarm": N_("%(who)s raised an alarm: many mails of %(thing)s came back"),
    "complaint alarm": N_("%(who)s raised an alarm: many readers complained about %(thing)s"),
    "fold": N_("%(who)s kept only the sums of %(thing)s"),
    "drop attempts": N_("%(who)s deleted what servers said about %(thing)s"),
    "alert": N_("%(who)s sent an alert about %(thing)s"),
    "alert in vain": N_("%(who)s could tell nobody about %(thing)s"),
    # Of articles that changed.
    "correct": N_("%(who)s corrected %(thing)s"),
    "correction not needed": N_("%(who)s said that %(thing)s needs no correction"),
    "drop correction": N_("%(who)s dropped %(thing)s"),
    "remove posts": N_("%(who)s had posts taken down by %(thing)s"),
    # Of readers.
    "subscribe": N_("%(who)s subscribed %(thing)s"),
    "resubscribe": N_("%(who)s subscribed %(thing)s again"),
    "unsubscribe": N_("%(who)s unsubscribed %(thing)s"),
    "prefer": N_("%(who)s changed the preferences of %(thing)s"),
    "suppress": N_("%(who)s put %(thing)s on the list of those never mailed"),
    "allow": N_("%(who)s took %(thing)s off the list of those never mailed"),
    "erase subscriber": N_("%(who)s erased a reader"),
    "send data": N_("%(who)s sent %(thing)s their data"),
    "send confirmation": N_("%(who)s sent the mail again that confirms %(thing)s"),
    "stop confirmations": N_("%(who)s stopped the mails that confirm sign-ups: there were too many"),
    "try confirmations": N_("%(who)s lets some mails go out that confirm sign-ups"),
    "resume confirmations": N_("%(who)s lets all mails go out again that confirm sign-ups"),
    "consent wording": N_("%(who)s kept the words that readers agree to, version %(thing)s"),
    "import readers": N_("%(who)s began to import readers into %(thing)s"),
    "pause import": N_("%(who)s paused the import into %(thing)s"),
    "delete import": N_("%(who)s deleted the file of the import into %(thing)s"),
    "import subscribers": N_("%(who)s imported readers into %(thing)s"),
    "import suppressions": N_("%(who)s imported addresses never to be mailed by %(thing)s"),
    "export subscribers": N_("%(who)s exported the readers of %(thing)s"),
    "export suppressions": N_("%(who)s exported the addresses never mailed by %(thing)s"),
    "export refused rows": N_("%(who)s exported the refused rows of an import into %(thing)s"),
    "export deliveries": N_("%(who)s exported who did not get %(thing)s"),
    # Of channels.
    "connect": N_("%(who)s connected %(thing)s"),
    "disconnect": N_("%(who)s disconnected %(thing)s"),
    "test channel": N_("%(who)s tested %(thing)s"),
    "pause channel": N_("%(who)s paused the channel %(thing)s"),
    "resume channel": N_("%(who)s resumed the channel %(thing)s"),
    # Of what is declared on the desk.
    "make": N_("%(who)s made %(thing)s"),
    "change": N_("%(who)s changed %(thing)s"),
    "remove": N_("%(who)s removed %(thing)s"),
    # Of people.
    "invite": N_("%(who)s invited %(thing)s"),
    "withdraw invitation": N_("%(who)s withdrew the invitation of %(thing)s"),
    "join": N_("%(who)s joined"),
    "give role": N_("%(who)s gave another role to %(thing)s"),
    "rename": N_("%(who)s renamed %(thing)s"),
    "disable": N_("%(who)s shut out %(thing)s"),
    "enable": N_("%(who)s let %(thing)s in again"),
    "log in": N_("%(who)s logged in"),
    "end session": N_("%(who)s logged out another browser"),
    "end other sessions": N_("%(who)s logged out all other browsers"),
    "change password": N_("%(who)s changed the password of %(thing)s"),
    "offer new password": N_("%(who)s offered a new password to %(thing)s"),
    "set up the desk": N_("%(who)s set up their desk"),
    "make token": N_("%(who)s made the API token %(thing)s"),
    "revoke token": N_("%(who)s revoked the API token %(thing)s"),
    "call api": N_("%(who)s called the API by the token %(thing)s"),
    # Of the store.
    "restore": N_("%(who)s restored a backup: %(thing)s"),
    "move store": N_("%(who)s moved all that is stored to another database"),
    "reconcile": N_("%(who)s said what went out since the backup: %(thing)s"),
    # Of programs that are told of events.
    "make webhook": N_("%(who)s added the webhook %(thing)s"),
    "change webhook": N_("%(who)s changed the webhook %(thing)s"),
    "rotate webhook secret": N_("%(who)s made a new secret for the webhook %(thing)s"),
    "disable webhook": N_("%(who)s turned off the webhook %(thing)s"),
    "enable webhook": N_("%(who)s turned on the webhook %(thing)s"),
    "remove webhook": N_("%(who)s removed the webhook %(thing)s"),
    "try webhook": N_("%(who)s sent a test to the webhook %(thing)s"),
    "tell webhook again": N_("%(who)s sent an event again to the webhook %(thing)s"),
}
"""By the act's ``what``; ``time`` is when a slot is now."""

REOPENED: Mapping[str, str] = {
    "edit": N_("%(who)s edited %(thing)s; it needs approval again"),
    "refresh": N_("%(who)s took over what articles of %(thing)s say now; it needs approval again"),
}
"""What was done to an approved edition, and ended its approval."""

OWN: Mapping[str, str] = {
    "subscribe": N_("%(who)s subscribed"),
    "resubscribe": N_("%(who)s subscribed again"),
    "unsubscribe": N_("%(who)s unsubscribed"),
    "prefer": N_("%(who)s changed their preferences"),
}
"""What a reader did about their own subscription."""

THINGS: Mapping[str, str] = {
    "schedule": N_("the schedule %(name)s"),
    "source": N_("the source %(name)s"),
    "article": N_("the article %(name)s"),
    "correction": N_("the correction %(name)s"),
    "subscriber": N_("the reader %(name)s"),
    "suppression": N_("the address %(name)s"),
    "signup": N_("the sign-up %(name)s"),
}
"""What is known by a name that alone says little, as the object of a sentence; of others the name is enough."""
UNNAMED: Mapping[str, str] = {
    "brand": N_("the brand"),
    "deliveries": N_("some deliveries"),
    "installation": N_("everything"),
    "subscriber": N_("a reader"),
    "signup": N_("sign-ups"),
}
"""Things that have no name."""
ALL_AUDIENCES = N_("all audiences")

_KINDS = {
    "edition": N_("Editions"),
    "deliveries": N_("Deliveries"),
    "channel": N_("Channels"),
    "schedule": N_("Schedules"),
    "source": N_("Sources"),
    "brand": N_("Brand"),
    "article": N_("Articles"),
    "correction": N_("Corrections"),
    "audience": N_("Audiences"),
    "subscriber": N_("Readers"),
    "suppression": N_("Never mailed"),
    "signup": N_("Sign-ups"),
    "wording": N_("Consent"),
    "user": N_("People"),
    "invitation": N_("Invitations"),
    "token": N_("API tokens"),
    "webhook": N_("Webhooks"),
    "installation": N_("The whole desk"),
}


def sentence(what: str, *, own: bool = False, reopened: bool = False) -> str:
    """``%(who)s approved %(thing)s``, in the editor's language; of an act that has no words its own stand in it.

    ``own``: a reader did it to themselves. ``reopened``: an approval ended by it.
    """
    if own and what in OWN:
        return _(OWN[what])
    if reopened and what in REOPENED:
        return _(REOPENED[what])
    if what in SENTENCES:
        return _(SENTENCES[what])
    return _("%(who)s: %(what)s, %(thing)s").replace("%(what)s", what.replace("%", "%%"))


def kind_word(kind: str) -> str:
    """A kind of things, for a filter."""
    return _(_KINDS[kind]) if kind in _KINDS else kind
