"""What lower layers say to who sits at a terminal, as the desk says it: with a page or a button for a command."""

from __future__ import annotations

from collections.abc import Mapping

from bot.model import Phrase
from bot.speech.catalog import N_

_STOOD: Mapping[str, str] = {
    "approve": N_("the edition is %(state)s: it cannot be approved"),
    "return": N_("the edition is %(state)s: it cannot be returned"),
    "ask": N_("the edition is %(state)s: approval cannot be asked for"),
    "take back": N_("the edition is %(state)s: there is no approval to take back"),
    "hold": N_("the edition is %(state)s: it cannot be held"),
    "release": N_("the edition is %(state)s: there is nothing to release"),
    "pause": N_("the edition is %(state)s: it cannot be paused"),
    "resume": N_("the edition is %(state)s: there is nothing to resume"),
    "cancel": N_("the edition is %(state)s: it cannot be cancelled"),
}
"""By the act that an edition's state does not allow."""

_SAID: Mapping[str, str] = {
    "there is no edition %(edition)s; `broadsheet editions` lists them": N_("this edition is not there any more"),
    "edition %(edition)s is %(state)s: nothing of it is sent again; `--as sent` settles a delivery that did arrive, "
    "else leave it": N_("the edition is %(state)s: nothing of it is sent again; “Leave” settles what did arrive"),
    "article %(article)s: there is none; `broadsheet articles` lists them": N_("this article is not there any more"),
    "the timetable of %(schedule)s has no slot %(slot)s; `broadsheet schedules %(schedule)s` lists them": N_(
        "there is no such slot any more; look at the calendar as it is now"
    ),
    "the slot %(slot)s is over: `broadsheet run %(schedule)s --extra` makes an edition now": N_(
        "this slot is over; “Make an edition now” stands on the page of its schedule"
    ),
    "schedule %(schedule)s tells each article once, as it appears: it has no --extra; a schedule with cron has": N_(
        "this schedule tells each article once, as it appears: it makes no edition besides"
    ),
    "%(said)s; run `broadsheet channels connect %(name)s` again": N_("%(said)s; connect it again"),
    "%(name)s: %(what)s; run `broadsheet channels connect %(name)s`": N_("%(name)s: %(what)s; connect it on its page"),
    "%(name)s: no key of BROADSHEET_SECRET_KEYS opens its tokens; put the old key back, or run `broadsheet channels "
    "connect %(name)s`": N_(
        "%(name)s: no key of this installation opens its permission; whoever runs the machine puts the old key back, "
        "or you connect it again"
    ),
    "run `broadsheet channels connect %(name)s`": N_("connect %(name)s again"),
    "%(channel)s: edition %(edition)s is to edit this post; correct it when that is sent, or `broadsheet cancel "
    "%(edition)s` first": N_(
        "%(channel)s: another edition is to edit this post; correct it when that is sent, or cancel that one first"
    ),
    "%(channel)s: edition %(edition)s is to remove this post; correct it when that is sent, or `broadsheet cancel "
    "%(edition)s` first": N_(
        "%(channel)s: another edition is to remove this post; correct it when that is sent, or cancel that one first"
    ),
    "%(channel)s: edition %(edition)s is to replace this post; correct it when that is sent, or `broadsheet cancel "
    "%(edition)s` first": N_(
        "%(channel)s: another edition is to replace this post; correct it when that is sent, or cancel that one first"
    ),
}
"""By the template."""


def at_the_desk(said: Phrase) -> str:
    """The template by which the desk says it; "" for what it says as it stands."""
    if "act" in said.facts:
        return _STOOD.get(str(said.facts["act"]), "")
    return _SAID.get(said.template, "")
