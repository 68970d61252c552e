"""What a schedule would pick if it ran now, and why not the others: from what the store holds, fetching nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.editions.preflight import Ran
from bot.model import Article, Declaration, Pick, Rejection, Selected
from bot.schedules.draft import DAY, circumstances, one_article
from bot.schedules.installation import Installation
from bot.schedules.openings import Openings
from bot.schedules.plan import Slot
from bot.schedules.preflight import ran
from bot.settings import ScheduleTable, SelectionTable
from bot.settings.overlay import with_declaration
from bot.stories.rules import RULES
from bot.stories.selection import Circumstances, select

SHOWN = 20
"""Articles of each reason, and picks of what goes out on publish, that are kept; the rest is counted."""
MOST = 2000
"""Articles that are looked at: more are never new at once, and the answer is waited for."""
LASTS = timedelta(seconds=60)
"""How long one look into the store serves who is typing."""
_KEPT = 50
NEW = "new-schedule"
"""Stands for the key of a schedule that has none yet."""

_ORDER = (
    *("over-maximum", "section-full", "told-before", "sent-before", "reserved", "copy", "same-event"),
    *(name for name, _ in RULES),
)


@dataclass(frozen=True, slots=True)
class Group:
    """What one rule left out: how many articles, and the first ``SHOWN`` of them with their reasons."""

    rule: str
    count: int
    first: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Picking:
    """``articles`` = picks + the groups' counts; ``stories`` is how many new ones there were to choose from.

    ``came_in`` are the ids of articles that lead a pick only with the change, ``fell_out`` what was picked without it.
    ``ran``: by id, what leads a pick and was sent to the same readers lately, by another schedule.
    """

    articles: int
    stories: int
    picks: tuple[Pick, ...]
    groups: tuple[Group, ...]
    skip: str
    hold: str
    came_in: frozenset[int]
    fell_out: tuple[Article, ...]
    ran: Mapping[int, Ran]

    @property
    def others(self) -> int:
        """The articles that are left out."""
        return self.articles - len(self.picks)


def trying(installation: Installation, schedule: str, content: dict[str, object], now: datetime) -> Installation:
    """The installation with the schedule as it is being written. Raises ``SettingsError`` whose ``key`` is the field.

    Only for looking: whether its templates render is checked when it is saved.
    """
    written = Declaration(kind="schedules", key=schedule, content=content, made=now, changed=now, who="")
    return installation.trying(with_declaration(installation.settings, installation.files, written))


class Picker:
    """Answers while somebody types: what one look into the store brought serves those of the next seconds.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}
        self._openings = Openings()

    def pick(
        self,
        installation: Installation,
        schedule: str,
        now: datetime,
        *,
        before: Installation | None = None,
        fresh: bool = True,
    ) -> Picking:
        """What ``schedule`` would pick; ``before`` is the installation without a change, to mark what the change did.

        Unless ``fresh``, as of at most ``LASTS`` ago. Raises ``StoreError``.
        """
        look = self._looks.get(schedule)
        if fresh or look is None or not look.now <= now < look.now + LASTS:
            look = _Look(schedule, now, self._openings)
            if len(self._looks) >= _KEPT:
                self._looks.clear()
            self._looks[schedule] = look
        selected = look.selected(installation)
        earlier = look.selected(before) if before and schedule in before.settings.schedules else selected
        return _picking(selected, earlier, look.ran(installation, selected))


def _picking(selected: Selected, earlier: Selected, ran: Mapping[int, Ran]) -> Picking:
    leads = {each.story.lead.id: each.story.lead for each in selected.picks}
    was = {each.story.lead.id: each.story.lead for each in earlier.picks}
    counted = Counter(each.rule for each in selected.rejections)
    new = sum(counted[rule] for rule in ("over-maximum", "section-full"))
    return Picking(
        articles=len(selected.picks) + len(selected.rejections),
        stories=len(selected.picks) + new,
        picks=selected.picks,
        groups=tuple(_groups(selected.rejections, counted)),
        skip=selected.skip,
        hold=selected.hold,
        came_in=frozenset(leads.keys() - was.keys()),
        fell_out=tuple(was[each] for each in was.keys() - leads.keys()),
        ran=ran,
    )


def _groups(rejections: Sequence[Rejection], counted: Counter[str]) -> list[Group]:
    known = sorted(counted, key=lambda rule: (_ORDER.index(rule) if rule in _ORDER else len(_ORDER), rule))
    return [
        Group(rule, counted[rule], tuple([each for each in rejections if each.rule == rule][:SHOWN])) for rule in known
    ]


class _Look:
    """One look into the store at one moment, for a schedule in all the forms that somebody tries."""

    def __init__(self, schedule: str, now: datetime, openings: Openings) -> None:
        self.now = now
        self._schedule = schedule
        self._openings = openings
        self._material: dict[tuple[object, ...], tuple[list[Article], Circumstances]] = {}
        self._selected: dict[str, Selected] = {}
        self._ran: dict[tuple[str, frozenset[int]], Mapping[int, Ran]] = {}

    def selected(self, installation: Installation) -> Selected:
        table, zone = installation.settings.schedules[self._schedule], installation.timezone(self._schedule)
        # All that a selection depends on, beside what the store says.
        key = f"{table.trigger} {zone} {table.selection!r}"
        if key not in self._selected:
            articles, around = self._looked(installation, table, zone)
            rules = _each_alone(table.selection) if table.on_publish else table.selection
            found = select(articles, rules, around)
            if len(self._selected) >= _KEPT:
                self._selected.clear()
            self._selected[key] = replace(found, skip="", hold="") if table.on_publish else found
        return self._selected[key]

    def ran(self, installation: Installation, selected: Selected) -> Mapping[int, Ran]:
        """What of the picks these readers have by another schedule."""
        leads = frozenset(each.story.lead.id for each in selected.picks)
        key = installation.settings.schedules[self._schedule].audience, leads
        if key not in self._ran:
            if len(self._ran) >= _KEPT:
                self._ran.clear()
            with installation.store.read() as tx:
                self._ran[key] = ran(tx, installation, self._schedule, leads, self.now)
        return self._ran[key]

    def _looked(
        self, installation: Installation, table: ScheduleTable, zone: str
    ) -> tuple[list[Article], Circumstances]:
        key = (table.selection.max_age, table.trigger, zone)
        if key not in self._material:
            slot, oldest = Slot(self._schedule, "now", self.now), self.now - table.selection.max_age - DAY
            with installation.store.read() as tx:
                around = circumstances(tx, installation, self._schedule, slot, self.now, self._openings)
                articles = tx.articles.newest(since=oldest, limit=MOST)
            self._material[key] = (articles, around)
        return self._material[key]


def _each_alone(rules: SelectionTable) -> SelectionTable:
    """The rules of what goes out on publish: each article is judged alone, the newest are shown."""
    return one_article(rules).model_copy(update={"maximum": SHOWN, "section_maximum": SHOWN})
