"""What waits for a person, in words and with the button that mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.model import Phrase, User
from bot.schedules.needs import Kind, Need
from bot.speech.catalog import _, ngettext
from bot.speech.phrases import ended, sentence
from bot.web.editor.desk import number
from bot.web.editor.states import Shown
from bot.web.editor.times import Times
from bot.web.editor.webhook_words import off_word

_SHOWN: Mapping[Kind, Shown] = {
    Kind.APPROVE: Shown("", "warn", "pencil"),
    Kind.RELEASE: Shown("", "warn", "dash"),
    Kind.RESUME: Shown("", "warn", "bars"),
    Kind.UNKNOWN: Shown("", "odd", "question"),
    Kind.FAILED: Shown("", "bad", "cross"),
    Kind.BOUNCES: Shown("", "warn", "mark"),
    Kind.CHANNEL: Shown("", "warn", "bars"),
    Kind.PERMISSION: Shown("", "warn", "mark"),
    Kind.SOURCE: Shown("", "bad", "mark"),
    Kind.CORRECT: Shown("", "warn", "pencil"),
    Kind.WEBHOOK: Shown("", "warn", "link"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A need as a row. ``href`` is where it is mended, or where ``fields`` are posted if there are any; ``more`` is a
    page about it, "" without. ``may``: whether who asks can do it.
    """

    need: Need
    shown: Shown
    what: str
    why: str
    left: str
    act: str
    href: str
    fields: Mapping[str, str]
    more: str
    may: bool


def asked_of(need: Need, user: User, times: Times, *, goes_to: str, if_unapproved: str) -> Asked:
    """The row of a need. ``goes_to`` says to whom its edition goes; ``if_unapproved`` is its schedule's rule."""
    what, why = _words(need, times, goes_to, if_unapproved)
    act, href, fields, more = _way(need)
    return Asked(
        need=need,
        shown=_SHOWN[need.kind],
        what=what,
        why=why,
        left=times.until(need.by) if need.by else "",
        act=act,
        href=href,
        fields=fields,
        more=more,
        may=user.role.may(need.role),
    )


def _words(need: Need, times: Times, goes_to: str, if_unapproved: str) -> tuple[str, str]:
    name, count = need.name, number(need.number)
    said = {"name": name, "count": count, "why": need.why}
    if need.kind is Kind.APPROVE and need.due is None:
        goes = ngettext(
            "It goes to the %(count)s reader who has the mail that was wrong.",
            "It goes to the %(count)s readers who have the mail that was wrong.",
            need.number,
        )
        what = _("%(name)s waits for approval") % said
        return what, _join(goes % said, _("If nobody approves, the next edition says it."))
    if need.kind is Kind.APPROVE:
        late = need.due is not None and need.due <= times.now
        goes = _at_once(goes_to) if late else _goes(need, times, goes_to)
        return _("%(name)s waits for approval") % said, _join(goes, _unapproved(if_unapproved))
    if need.kind is Kind.RELEASE:
        expires = _("It expires %(time)s.") % {"time": times.words(need.by)} if need.by else ""
        return _("%(name)s is held") % said, _join(_why(need), expires)
    if need.kind is Kind.RESUME:
        return _("%(name)s is paused half-way") % said, _join(_why(need), _("The others wait."))
    if need.kind is Kind.UNKNOWN:
        what = ngettext(
            "%(count)s delivery of %(name)s may or may not have arrived",
            "%(count)s deliveries of %(name)s may or may not have arrived",
            need.number,
        )
        return what % said, _("The line broke before the server answered. Sending again could give two copies.")
    if need.kind is Kind.FAILED:
        what = ngettext("%(count)s delivery of %(name)s failed", "%(count)s deliveries of %(name)s failed", need.number)
        return what % said, _went(need, times)
    if need.kind is Kind.BOUNCES:
        what = ngettext(
            "%(count)s address of %(name)s came back at once: is it dead, or was it the provider?",
            "%(count)s addresses of %(name)s came back at once: are they dead, or was it their provider?",
            need.number,
        )
        return what % said, _("Until somebody decides they stay readers, and get the next edition.")
    if need.kind is Kind.CHANNEL:
        what = ngettext(
            "%(name)s is paused, %(count)s post waits", "%(name)s is paused, %(count)s posts wait", need.number
        )
        return (what if need.number else _("%(name)s is paused")) % said, _why(need)
    if need.kind is Kind.PERMISSION:
        if need.by is None:
            return _("The permission of %(name)s has ended") % said, _("Its posts wait. Connecting it takes a minute.")
        ends = _("It ends %(time)s. Connecting it again takes a minute.") % {"time": times.words(need.by)}
        return _("The permission of %(name)s ends soon") % said, ends
    if need.kind is Kind.SOURCE:
        tries = ngettext("%(count)s try.", "%(count)s tries.", need.number) % said
        if need.since is None:
            return _("%(name)s has never answered") % said, _join(_why(need), tries)
        since = {**said, "time": times.words(need.since)}
        return _("%(name)s has not answered since %(time)s") % since, _join(_why(need), tries)
    if need.kind is Kind.WEBHOOK:
        why = _join(off_word(need.why), _("What happens meanwhile it is never told."))
        return _("The webhook %(name)s is told nothing any more") % said, why
    what = _("“%(name)s” changed after it was sent") % said
    told = ngettext("%(count)s edition told it.", "%(count)s editions told it.", need.number) % said
    return what, _join(_why(need), told)


def _why(need: Need) -> str:
    # What somebody wrote begins as they began it.
    return sentence(need.why) if isinstance(need.why, Phrase) else ended(need.why)


def _goes(need: Need, times: Times, goes_to: str) -> str:
    if need.due is None:
        return ""
    if goes_to:
        return _("Goes out %(time)s to %(whom)s.") % {"time": times.words(need.due), "whom": goes_to}
    return _("Goes out %(time)s.") % {"time": times.words(need.due)}


def _at_once(goes_to: str) -> str:
    if goes_to:
        return _("Goes out at once when it is approved, to %(whom)s.") % {"whom": goes_to}
    return _("Goes out at once when it is approved.")


def _went(need: Need, times: Times) -> str:
    return _("It was due %(time)s.") % {"time": times.words(need.due)} if need.due else ""


def _unapproved(rule: str) -> str:
    if rule == "send":
        return _("If nobody approves, it goes out all the same.")
    if rule == "skip":
        return _("If nobody approves, it is skipped.")
    return _("If nobody approves, it is held.")


def _join(*sentences: str) -> str:
    return " ".join(each for each in sentences if each)


def _way(need: Need) -> tuple[str, str, Mapping[str, str], str]:
    """The button's word, where it leads, what it posts, and a page about it."""
    edition, thing = f"editions/{need.thing}", need.thing
    none: Mapping[str, str] = {}
    match need.kind:
        case Kind.APPROVE:
            return _("Review and approve"), edition, none, ""
        case Kind.RELEASE:
            return _("Look at it"), edition, none, ""
        case Kind.RESUME:
            return _("Resume or cancel"), f"{edition}/delivery", none, edition
        case Kind.UNKNOWN:
            return _("Decide"), f"{edition}/delivery", none, ""
        case Kind.FAILED:
            return _("See why"), f"{edition}/delivery", none, ""
        case Kind.BOUNCES:
            return _("Decide"), f"{edition}/delivery#bounces", none, ""
        case Kind.CHANNEL if "connect" in need.why:
            return _("Connect again"), f"channels/{thing}", none, ""
        case Kind.CHANNEL:
            resume = _("Resume %(name)s") % {"name": need.name}
            return resume, "channels/resume", {"channel": thing, "from": "list"}, f"channels/{thing}"
        case Kind.PERMISSION:
            return _("Connect again"), f"channels/{thing}", none, ""
        case Kind.SOURCE:
            return _("Try now"), "sources/try", {"source": thing}, "sources"
        case Kind.WEBHOOK:
            return _("See why"), f"settings/webhooks/{thing}", none, ""
        case _:
            return _("Decide"), f"articles/{thing}", none, ""


def titled(title: str, asked: Sequence[Asked]) -> str:
    """``(5) Today``: with what waits for who asks."""
    mine = sum(each.may for each in asked)
    return f"({mine}) {title}" if mine else title
