"""Takes down the posts about an article: an edition of its own, outside of the timetable, through the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from bot.channels.base import Removing
from bot.errors import NotFound, NothingToDo, StateError
from bot.model import (
    CORRECTION,
    Act,
    Article,
    Edition,
    EditionState,
    EditionStory,
    Phrase,
    Post,
    PostAct,
    Rendition,
    plural,
)
from bot.schedules.installation import Installation
from bot.schedules.standing import Posted, answers, posted
from bot.store import Transaction
from bot.tokens import edition_id

REMOVE = "remove posts"
LIFE = timedelta(days=7)
"""How long it is tried to take a post down while the network cannot be reached."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The posts about ``article`` that ``edition`` sent, and those that corrected them, with what became of them."""

    article: Article
    edition: Edition
    story: EditionStory
    posts: tuple[Posted, ...]


def standing(tx: Transaction, *, since: datetime, withdrawn: bool = False) -> list[Standing]:
    """The posts that networks accepted of editions whose slot was ``since`` then, newest first.

    ``withdrawn``: only those about articles that the newsroom withdrew since, and that still stand.
    """
    if withdrawn:
        gone = {each.id for each in tx.articles.changed(since) if each.withdrawn}
        found = _of(tx, tx.editions.telling(gone) if gone else ())
        left = [replace(each, posts=tuple(post for post in each.posts if not post.removed)) for each in found]
        return [each for each in left if each.posts]
    return _of(tx, tx.editions.told(since))


def remove(
    installation: Installation, article: int, *, channels: Collection[str] = (), who: str, now: datetime
) -> list[Edition]:
    """Has the next tick take down all posts about ``article`` that stand, or those on ``channels``.

    Returns the editions that do it, one a schedule. Raises ``NotFound``, ``NothingToDo`` when none stands that a
    program can take down, ``StateError`` when those that do are being taken down or replaced already, ``StoreHeld``.
    """
    with installation.store.write() as tx:
        # Two who take down the same post, or one who replaces it, come one after the other.
        tx.editions.lock_all([edition.id for edition, _ in tx.editions.telling([article])])
        if tx.articles.get(article) is None:
            raise NotFound(f"article {article}: there is none; `broadsheet articles` lists them")
        wanted: dict[str, list[Posted]] = defaultdict(list)
        going: list[Posted] = []
        for schedule, post in _removable(installation, _of(tx, tx.editions.telling([article]))):
            if channels and post.delivery.channel not in channels:
                continue
            if post.goes:
                going.append(post)
            else:
                wanted[schedule].append(post)
        made = [_edition(tx, installation, schedule, article, posts, now) for schedule, posts in wanted.items()]
        if not made and going:
            raise StateError(_under_way(article, going[0]))
        if not made:
            raise NothingToDo(
                Phrase(
                    "article %(article)s: no post about it stands that a program can take down", article=str(article)
                )
            )
        for edition in made:
            note = plural(
                len(edition.renditions),
                "article %(article)s: edition %(edition)s takes down %(count)s post",
                "article %(article)s: edition %(edition)s takes down %(count)s posts",
                article=str(article),
                edition=edition.id,
            )
            tx.acts.add(Act(at=now, who=who, what=REMOVE, thing=f"edition:{edition.id}", note=note))
    return made


def _under_way(article: int, post: Posted) -> Phrase:
    facts = {"article": str(article), "edition": post.pending, "channel": post.delivery.channel}
    if post.pending_act is PostAct.REMOVE:
        return Phrase(
            "article %(article)s: edition %(edition)s is to remove its post on %(channel)s already; wait until it is "
            "sent, or cancel it",
            **facts,
        )
    return Phrase(
        "article %(article)s: edition %(edition)s is to replace its post on %(channel)s already; wait until it is "
        "sent, or cancel it",
        **facts,
    )


Stood = tuple[Edition, EditionStory, tuple[Posted, ...]]
"""A story that an edition told, and its posts as they stand."""


def to_remove(
    tx: Transaction, installation: Installation, article: int, known: Iterable[Stood] | None = None
) -> list[Posted]:
    """What ``remove`` takes down of ``article``: its posts that stand and that no edition is to change.

    ``known`` is where it was told, for who knows it already.
    """
    stood = _stood(tx, tx.editions.telling([article])) if known is None else list(known)
    return [post for _, post in _removable(installation, _answered(tx, stood)) if not post.goes]


def removable(installation: Installation, post: Posted) -> bool:
    """Whether ``post`` stands and its channel can take it down."""
    channel = installation.configured.get(post.delivery.channel)
    return bool(post.id) and not post.removed and isinstance(channel, Removing)


def _removable(installation: Installation, found: Iterable[Standing]) -> list[tuple[str, Posted]]:
    """Those that stand and that their channels can take down, each once, with its schedule."""
    posts: dict[int, tuple[str, Posted]] = {}
    for each in found:
        for post in each.posts:
            if removable(installation, post):
                # Two editions may have told the article, and a correction answers both.
                posts.setdefault(post.delivery.id, (each.edition.schedule, post))
    return list(posts.values())


def _of(tx: Transaction, told: Iterable[tuple[Edition, EditionStory]]) -> list[Standing]:
    return _answered(tx, _stood(tx, list(told)))


def _stood(tx: Transaction, told: Sequence[tuple[Edition, EditionStory]]) -> list[Stood]:
    return [(edition, story, posts) for (edition, story), posts in zip(told, posted(tx, told), strict=True)]


def _answered(tx: Transaction, stood: Iterable[Stood]) -> list[Standing]:
    """Those that were posted, with what corrected them."""
    stand = [each for each in stood if each[2]]
    schedules: dict[int, set[str]] = defaultdict(set)
    for edition, story, _ in stand:
        schedules[story.article.id].add(edition.schedule)
    known = {article: tx.articles.get(article) for article in schedules}
    corrected = {article: answers(tx, those, article) for article, those in schedules.items()}
    found = []
    for edition, story, posts in stand:
        if article := known[story.article.id]:
            found.append(Standing(article, edition, story, posts + corrected[article.id][edition.schedule]))
    return found


def _edition(
    tx: Transaction, installation: Installation, schedule: str, article: int, posts: Sequence[Posted], now: datetime
) -> Edition:
    keys = (f"{CORRECTION}removal:{article}:{number}" for number in count(1))
    key = next(key for key in keys if tx.editions.of_slot(schedule, key) is None)
    table = installation.settings.schedules.get(schedule)
    edition = Edition(
        id=edition_id(installation.keys, schedule, key),
        schedule=schedule,
        slot_key=key,
        slot=now,
        state=EditionState.DRAFTED,
        name=f"{table.name if table else schedule}: posts taken down",
        created=now,
        renditions=tuple(
            Rendition(
                channel=each.delivery.channel,
                subject=f"{article}/{place}",
                post=Post(text="", language=each.language, act=PostAct.REMOVE, target=each.id),
            )
            for place, each in enumerate(posts, start=1)
        ),
    )
    tx.editions.add(edition, expires=now + LIFE, report={"removal": {"article": article}})
    return edition
