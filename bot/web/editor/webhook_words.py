"""What the desk says of programs that are told of events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.model import CallState, Endpoint, EndpointCall, EndpointOff, EventType
from bot.speech.catalog import N_, _
from bot.web.editor.states import EDITION_STATES, Shown

_EVENTS: Mapping[EventType, str] = {
    EventType.EDITION_RETURNED: N_("Returned with a note"),
    EventType.SUBSCRIBER_SUBSCRIBED: N_("Subscribed"),
    EventType.SUBSCRIBER_UNSUBSCRIBED: N_("Unsubscribed"),
    EventType.SUBSCRIBER_SUPPRESSED: N_("Never mailed"),
    EventType.SUBSCRIBER_ERASED: N_("Erased"),
    EventType.AUDIENCE_IMPORTED: N_("A file was imported"),
    EventType.PING: N_("Test"),
}
_OFF: Mapping[EndpointOff, str] = {
    EndpointOff.BY_HAND: N_("Somebody turned it off."),
    EndpointOff.GONE: N_("It answered that it is gone for good (HTTP 410)."),
    EndpointOff.FAILING: N_("It took nothing for five days."),
    EndpointOff.SEALED: N_("No key of this installation opens its secret any more: give it a new one."),
}
GROUPS = (
    (N_("Editions"), tuple(each for each in EventType if each.startswith("edition."))),
    (N_("Readers"), tuple(each for each in EventType if each.startswith(("subscriber.", "audience.")))),
)
"""What may be chosen, as a form has it."""


def event_word(type: EventType) -> str:
    """What happened, in a word or two."""
    known = _EVENTS.get(type)
    return _(known) if known else _(EDITION_STATES[type.partition(".")[2]].word)


def off_word(why: str) -> str:
    """Why an endpoint is told nothing, as a sentence; "" for what the table does not know."""
    return _(_OFF[EndpointOff(why)]) if why in list(EndpointOff) else ""


def standing(endpoint: Endpoint) -> Shown:
    """How it stands."""
    if endpoint.disabled:
        return Shown(N_("Off"), "plain" if endpoint.why is EndpointOff.BY_HAND else "bad", "dash")
    if endpoint.failing:
        return Shown(N_("Trying again"), "warn", "again")
    if endpoint.answered:
        return Shown(N_("Answers"), "good", "tick")
    return Shown(N_("Not called yet"), "plain", "clock")


def outcome(call: EndpointCall, off: bool) -> Shown:
    """What came of an event; ``off``: its endpoint is told nothing now."""
    if call.state is CallState.DELIVERED:
        return Shown(N_("Taken"), "good", "tick")
    if call.state is CallState.FAILED:
        return Shown(N_("Given up"), "bad", "cross")
    if call.tries and not off:
        return Shown(N_("Trying again"), "warn", "again")
    return Shown(N_("Waiting"), "plain", "clock")


def answer_word(code: int, said: str, at: datetime | None) -> str:
    """What a program answered last; ``said`` is why there was no answer."""
    if at is None:
        return _("No call yet")
    if not code:
        return _("No answer: %(why)s") % {"why": said}
    if 300 <= code < 400:
        return _("HTTP %(code)s: it redirects, which is not followed. Give its final address.") % {"code": code}
    return f"HTTP {code}"
