"""What the sign-up pages show: when a newsletter comes, in the reader's words, and the newest edition's stories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.audience.newsletters import Newsletter
from bot.editions.entry import Entry, entry
from bot.editions.wording import wording
from bot.model import EditionState
from bot.web.site import Site, Voice

STORIES = 4
_LOOKED_AT = 20
_KEPT = 20
_DAYS = re.compile(r"[0-7](-[0-7])?(,[0-7](-[0-7])?)*")


@dataclass(frozen=True, slots=True)
class Offered:
    """A newsletter as a row: ``when`` says when it comes ("" when that takes more words), ``first`` the next date."""

    key: str
    name: str
    when: str
    first: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest edition that everybody may read."""

    edition: str
    name: str
    day: str
    stories: tuple[Entry, ...]


class Offers:
    """Makes what the pages show, and keeps the newest edition's stories: they do not change once it is sent."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: dict[tuple[str, str], Latest] = {}

    def row(
        self, newsletter: Newsletter, voice: Voice, *, chosen: bool = False, now: datetime | None = None
    ) -> Offered:
        """With a ``now``, the day of the first edition to come too."""
        first = ""
        if now:
            zone = self._site.installation.timezone(newsletter.key)
            slots = self._site.installation.timetable(newsletter.key).after(now, count=1)
            words = wording(voice.words.language, zone)
            first = voice.words.plain("confirm_first", date=words.long_date(slots[0].due)) if slots else ""
        return Offered(
            newsletter.key, newsletter.name, newsletter.description or self._when(newsletter, voice), first, chosen
        )

    def latest(self, offered: Sequence[Newsletter], voice: Voice) -> Latest | None:
        """The newest edition of what is offered that stands in the archive; None when there is none yet."""
        public = {each.key for each in offered if each.schedule.archive}
        with self._site.installation.store.read() as tx:
            sent = tx.editions.newest(states=(EditionState.SENT,), limit=_LOOKED_AT)
            found = next((each for each in sent if each.schedule in public and each.snapshot), None)
            key = (found.id if found else "", voice.words.language)
            if found is None or key in self._kept:
                return self._kept.get(key)
            whole = tx.editions.get(found.id)
        if whole is None or not whole.stories:
            return None
        newsroom = self._site.installation.newsroom
        stories = tuple(
            entry(each, place, newsroom=newsroom, slot=whole.slot, wording=voice.wording)
            for place, each in enumerate(whole.stories[:STORIES], start=1)
        )
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        self._kept[key] = Latest(
            whole.id, whole.name, voice.wording.brief(whole.slot, whole.slot - timedelta(days=8)), stories
        )
        return self._kept[key]

    def _when(self, newsletter: Newsletter, voice: Voice) -> str:
        crons = newsletter.schedule.crons
        # Several best times, or each article as it appears: that takes words of the newsroom's own.
        fields = crons[0].split() if len(crons) == 1 else []
        if len(fields) != 5 or not (fields[0].isdecimal() and fields[1].isdecimal() and fields[2:4] == ["*", "*"]):
            return ""
        days = _weekdays(fields[4])
        if not days:
            return ""
        words = wording(voice.words.language, "UTC")
        time = words.time(datetime.fromisoformat(f"2026-01-01T{int(fields[1]):02}:{int(fields[0]):02}+00:00"))
        if len(days) == 7:
            return voice.words.plain("when_daily", time=time)
        if days == [0, 1, 2, 3, 4]:
            return voice.words.plain("when_weekdays", time=time)
        names = words.locale.days["stand-alone"]["wide"]
        return voice.words.plain("when_days", days=words.listed([names[day] for day in days]), time=time)


def _weekdays(field: str) -> list[int]:
    """The days of a cron's fifth field, Monday 0; none for what is not a list of them."""
    if field == "*":
        return list(range(7))
    if not _DAYS.fullmatch(field):
        return []
    found = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        found |= {(day - 1) % 7 for day in range(int(first), int(last or first) + 1)}
    return sorted(found)
