"""How a reader stands, as the desk says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.audience.preferences import paused
from bot.editions.skeleton import by_skeleton
from bot.model import Newsroom, Subscriber
from bot.speech.catalog import N_, _, locale
from bot.speech.phrases import told
from bot.web.editor.states import Shown
from bot.web.editor.times import Times

RECENT = timedelta(days=14)
"""So long after a mail came back, a reader's state says so."""

SUBSCRIBED = Shown(N_("Subscribed"), "good", "tick")
UNSUBSCRIBED = Shown(N_("Unsubscribed"), "plain", "close")
STATES = (("", N_("Any state")), ("subscribed", N_("Subscribed")), ("unsubscribed", N_("Unsubscribed")))
"""The states that readers can be listed by."""

REASONS = {
    "unsubscribed": N_("unsubscribed"),
    "complaint": N_("called a mail spam"),
    "bounced": N_("mail came back for good"),
    "cleaned": N_("mail came back for good"),
    "blocked": N_("blocked"),
    "disabled": N_("switched off elsewhere"),
    "erased": N_("erased"),
    "editor": N_("an editor's decision"),
}
"""Why somebody must not be mailed; other reasons stand as a file named them."""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """All subscriptions of one reader, why none of them is mailed ("": they are), and when a mail came back last."""

    each: Sequence[Subscriber]
    suppressed: str = ""
    came_back: datetime | None = None

    def state(self, newsroom: Newsroom, times: Times) -> Shown:
        """The one thing that matters most now."""
        if self.suppressed:
            return Shown(_("Not mailed: %(reason)s") % {"reason": reason(self.suppressed)}, "bad", "dash")
        current = [each for each in self.each if each.state == "subscribed"]
        if not current:
            return UNSUBSCRIBED
        away = [until for each in current if (until := paused(each.preferences, newsroom, times.now))]
        if len(away) == len(current):
            return Shown(_("Away until %(day)s") % {"day": short_day(min(away), times)}, "plain", "bars")
        if self.came_back and times.now - self.came_back < RECENT:
            return Shown(_("Mail came back %(time)s") % {"time": times.words(self.came_back)}, "warn", "mark")
        return SUBSCRIBED

    @property
    def since(self) -> datetime | None:
        """The first consent that stands."""
        return min((each.consent.at for each in self.each), default=None)


def reason(word: str) -> str:
    """A reason of the list of those never mailed, or of the ledger: in the editor's language where it is ours."""
    return _(REASONS[word]) if word in REASONS else told(word)


def short_day(day: date, times: Times) -> str:
    """``2 Nov``; with the year where it is another one."""
    skeleton = "MMMd" if day.year == times.local(times.now).year else "yMMMd"
    return by_skeleton(skeleton, datetime.combine(day, time(12)), locale())
