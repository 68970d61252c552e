"""Where an article went, edition by edition: what was said there, on which channels, and how each stands with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.editions.side_by_side import Run, marked
from bot.model import DeliveryState, EditionState, PostAct
from bot.schedules.corrected import Telling
from bot.schedules.standing import Posted
from bot.speech.catalog import N_
from bot.web.editor.reach import readers_said
from bot.web.editor.states import DELIVERY_STATES, EDITION_STATES, Shown

_EXCERPT = 240
_TAKEN_DOWN = Shown(N_("Taken down"), "plain", "close")
_GOING = Shown(N_("Being taken down"), "warn", "clock")


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where words stand: ``name`` is a channel, or in ``mail`` how many readers have it; ``shown`` is None for nobody.

    ``posts`` are so many there, the parts of a thread. ``href`` leads to the delivery, from the desk's root.
    """

    name: str
    shown: Shown | None
    href: str
    posts: int = 1
    mail: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """The same words wherever they stand: an excerpt with the old ones marked, () of what was not posted."""

    excerpt: tuple[Run, ...]
    outlets: tuple[Outlet, ...]


@dataclass(frozen=True, slots=True)
class Went:
    """An edition that told it. ``shown``: how it is with all of it, None when it simply was sent."""

    at: datetime
    edition: str
    name: str
    shown: Shown | None
    said: tuple[Said, ...]


def went(tellings: Sequence[Telling], mails: Mapping[str, Mapping[str, int]], old: frozenset[str]) -> list[Went]:
    """``mails``: by edition, how many of its mails are in each state. ``old`` are the words that are no longer so."""
    return [
        Went(
            each.edition.slot,
            each.edition.id,
            each.edition.name,
            None if each.edition.state is EditionState.SENT else EDITION_STATES[each.edition.state],
            _said(each, mails.get(each.edition.id, {}), old),
        )
        for each in tellings
    ]


def _said(telling: Telling, mails: Mapping[str, int], old: frozenset[str]) -> tuple[Said, ...]:
    """The mail first, then the posts, then what no network has."""
    at = f"editions/{telling.edition.id}/delivery"
    stand: dict[tuple[Run, ...], list[Outlet]] = {}
    if mails or not (telling.posts or telling.others):
        accepted = mails.get(DeliveryState.ACCEPTED, 0)
        shown = DELIVERY_STATES[DeliveryState.ACCEPTED] if accepted else None
        text = telling.story.summary.text or telling.story.article.title
        stand[_excerpt(text, old)] = [Outlet(readers_said(accepted), shown, at, mail=True)]
    for post in telling.posts:
        here = Outlet(post.delivery.channel, _shown(post), f"{at}#post-{post.delivery.id}")
        stand.setdefault(_excerpt(post.post.text, old), []).append(here)
    for each in telling.others:
        here = Outlet(each.channel, DELIVERY_STATES[each.state], f"{at}#post-{each.id}")
        stand.setdefault((), []).append(here)
    return tuple(Said(excerpt, _together(outlets)) for excerpt, outlets in stand.items())


def _shown(post: Posted) -> Shown:
    if post.removed:
        return _TAKEN_DOWN
    going = post.pending and post.pending_act is PostAct.REMOVE
    return _GOING if going else DELIVERY_STATES[post.delivery.state]


def _together(outlets: Sequence[Outlet]) -> tuple[Outlet, ...]:
    """Each channel once for each state; the link is the first post's."""
    found: dict[tuple[str, Shown | None, bool], list[Outlet]] = {}
    for each in outlets:
        found.setdefault((each.name, each.shown, each.mail), []).append(each)
    return tuple(
        Outlet(those[0].name, those[0].shown, those[0].href, len(those), those[0].mail) for those in found.values()
    )


def _excerpt(text: str, old: frozenset[str]) -> tuple[Run, ...]:
    """``text`` with the old words marked, cut around the first of them."""
    runs = marked(" ".join(text.split()), old)
    before = 0
    for run in runs:
        if run.kind == "was":
            break
        before += len(run.text)
    else:
        before = 0
    start = max(0, before - 80)
    cut: list[Run] = [Run("same", "… ")] if start else []
    place = 0
    for run in runs:
        first, last = max(start, place), min(start + _EXCERPT, place + len(run.text))
        if first < last:
            cut.append(Run(run.kind, run.text[first - place : last - place]))
        place += len(run.text)
    if place > start + _EXCERPT:
        cut.append(Run("same", " …"))
    return tuple(cut)
