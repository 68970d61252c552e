"""What the newsroom changed after it was sent: seen at each collecting, told to an editor, corrected for readers.

Mail is corrected by the next edition, posts by replies (``bot.schedules.replies``).

In one file, though it is long: seeing, deciding and correcting go by one reading of what was sent about an article.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.delivery.alert import CHANGED
from bot.delivery.sending import PROGRAM
from bot.editions.changes import PLACES, differences
from bot.editions.difference import Difference, difference
from bot.errors import NotFound, NothingToDo, StateError, UsageError
from bot.model import (
    Act,
    Article,
    Change,
    Correction,
    Decision,
    Delivery,
    Edition,
    EditionState,
    EditionStory,
    Phrase,
    PostAct,
    Several,
    plural,
    several,
)
from bot.schedules.correction_mail import correction_mail, mails_of
from bot.schedules.hosting import host_corrections
from bot.schedules.installation import Installation
from bot.schedules.replies import Correcting, Way, replies_of, reply, unanswered
from bot.schedules.standing import Posted, others, posted
from bot.store import Transaction
from bot.store.changes import OpenChange

WITHIN = timedelta(days=7)
"""How long after an edition's slot its stories are watched."""
LONGEST = 600
"""Characters of what was said, or is right: a correction is read at a glance."""
MUTE = Phrase("it sends no mail, and no post about it can be answered")
"""Why readers of a schedule cannot be told."""


@dataclass(frozen=True, slots=True)
class Telling:
    """An edition that told an article, as the ``story`` it was then; ``what`` has changed since ("": nothing that
    matters), ``differences`` are the first of it. ``posts`` are those about it that networks accepted, ``others`` those
    that none did, or not yet.
    """

    edition: Edition
    story: EditionStory
    what: str
    differences: tuple[Difference, ...]
    posts: tuple[Posted, ...]
    others: tuple[Delivery, ...] = ()

    @property
    def waiting(self) -> tuple[str, ...]:
        """The channels to which it goes yet, as it was."""
        return tuple(each.channel for each in self.others if each.state.open)


@dataclass(frozen=True, slots=True)
class ToDecide:
    """An article that changed after it was sent: the ``newest`` change, and all ``editions`` that told it before."""

    newest: Change
    editions: tuple[OpenChange, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """All that was sent about ``article``, the newest first, and its corrections.

    ``replies`` are the editions that answer posts, by the correction's id; ``mails`` those that are a mail of its own.
    """

    article: Article
    tellings: tuple[Telling, ...]
    corrections: tuple[Correction, ...]
    replies: Mapping[int, Edition]
    mails: Mapping[int, Edition] = field(default_factory=dict)


def watch_changes(installation: Installation, now: datetime) -> int:
    """Puts on record what changed in what went out lately, once for each revision; returns how many such changes.

    Each waits for an editor's decision from then on (``to_decide``).
    """
    with installation.store.read() as tx:
        since = now - WITHIN
        changed = {each.id: each for each in tx.articles.changed(since)}
        told = tx.editions.telling(changed, since) if changed else []
        known = _known(tx, {story.article.id for _, story in told})
        seen = {
            (act.thing, act.before): act.at
            for edition in {edition.id for edition, _ in told}
            for act in tx.acts.newest(thing=f"edition:{edition}", limit=1000)
            if act.what == CHANGED
        }
        corrected = _corrected(tx, {story.article.id for _, story in told} if seen else ())
    changes: list[tuple[Change, Act | None]] = []
    back = []
    for edition, story in told:
        article = changed[story.article.id]
        before = known.get((article.id, edition.id))
        if before and (before.revision, before.withdrawn) == (article.revision, article.withdrawn):
            continue
        what = _what(story.article, article)
        if not what:
            back += [(article.id, edition.id)] if before and before.decided is Decision.OPEN else []
            continue
        change = _change(edition, story, article, what, now)
        act = _act(change)
        earlier = seen.get((act.thing, act.before))
        if earlier is not None and (corrected.get((article.id, edition.schedule)) or earlier) > earlier:
            # Seen, and corrected, before changes were kept.
            change = replace(change, decided=Decision.CORRECTED, decided_at=now)
        changes.append((change, act if earlier is None else None))
    if not changes and not back:
        return 0
    seen_now = 0
    with installation.store.write() as tx:
        # Another visit may have seen the same meanwhile, and an editor may have decided it.
        known = _known(tx, {change.article for change, _ in changes})
        for change, unseen in changes:
            before = known.get((change.article, change.edition))
            if before and (before.revision, before.withdrawn) == (change.revision, change.withdrawn):
                continue
            tx.changes.put(change)
            if unseen:
                tx.acts.add(unseen)
                seen_now += 1
        for article_id, edition_id in back:
            tx.changes.forget(article_id, edition_id)
    return seen_now


def _known(tx: Transaction, articles: Collection[int]) -> dict[tuple[int, str], Change]:
    """The changes that are on record, by article and edition."""
    return {(each.article, each.edition): each for each in tx.changes.of_articles(articles)}


def to_decide(tx: Transaction, limit: int = 50) -> list[ToDecide]:
    """The articles that changed after they were sent and wait for an editor's decision, the newest change first.

    Bounded: of at most ``limit`` editions that told them. ``tx.changes.count()`` is how many articles there are.
    """
    grouped: dict[int, list[OpenChange]] = {}
    for each in tx.changes.open(limit):
        grouped.setdefault(each.change.article, []).append(each)
    return [ToDecide(each[0].change, tuple(each)) for each in grouped.values()]


def dismiss(installation: Installation, article: int, *, who: str, now: datetime, note: str = "") -> None:
    """Readers need not be told of what changed in ``article``. Raises ``NothingToDo`` when no change of it waits."""
    with installation.store.write() as tx:
        if not tx.changes.decide(article, Decision.DISMISSED, who=who, now=now):
            raise NothingToDo(Phrase("article %(article)s: no change of it waits for a decision", article=str(article)))
        tx.acts.add(Act(at=now, who=who, what="correction not needed", thing=f"article:{article}", note=note[:500]))


def reach(tx: Transaction, article: int) -> Reach:
    """Raises ``NotFound``, and ``NothingToDo`` when nothing was sent about it."""
    found = tx.articles.get(article)
    if found is None:
        raise NotFound(
            Phrase("article %(article)s: there is none; `broadsheet articles` lists them", article=str(article))
        )
    told = tx.editions.telling([article])
    posts = tx.deliveries.posts_of({edition.id for edition, _ in told})
    tellings = tuple(
        Telling(
            edition,
            story,
            _what(story.article, found),
            difference(story.article, found),
            stand,
            others(story, posts[edition.id]),
        )
        for (edition, story), stand in zip(told, posted(tx, told, posts), strict=True)
    )
    if not tellings:
        raise NothingToDo(Phrase("article %(article)s: nothing was sent about it", article=str(article)))
    corrections = tuple(tx.corrections.of_article(article))
    return Reach(found, tellings, corrections, replies_of(tx, corrections), mails_of(tx, corrections))


def correct(
    installation: Installation,
    article: int,
    *,
    said: str,
    right: str,
    who: str,
    now: datetime,
    way: Way = Way.REPLY,
    mail: Collection[str] | None = None,
    posts: Collection[str] | None = None,
    mail_now: bool = False,
) -> list[Correction]:
    """Has the next edition of each schedule that told ``article`` say what was wrong, and what is right.

    With ``mail_now`` not the next edition says it, but a mail of its own to those who have the one that was wrong; it
    waits for approval (``bot.schedules.correction_mail``).

    Posts about it are corrected at once, in the ``way`` asked for where their network can. Nobody is told the same
    twice: only posts are corrected again that went out since, or that an edition with it did not reach, because it was
    cancelled or expired. ``mail`` names the schedules whose readers are told, ``posts`` the channels whose posts are
    corrected; None: all. What waited for a decision about the article is decided with it.

    Raises ``UsageError`` for an empty or endless text, or one that a network does not take, ``NotFound``,
    ``NothingToDo``, also where nobody can be told, ``StateError`` when the same correction waits or is told already,
    ``StoreHeld``; with ``mail_now`` what ``correction_mail`` raises.
    """
    said, right = " ".join(said.split()), " ".join(right.split())
    for name, text in (("--said", said), ("--right", right)):
        if not text or len(text) > LONGEST:
            raise UsageError(
                Phrase("%(name)s: one or two sentences, at most %(most)s characters", name=name, most=LONGEST)
            )
    with installation.store.write() as tx:
        # Of two who say the same at once, one comes after the other, and learns that it is told.
        tx.editions.lock_all([edition.id for edition, _ in tx.editions.telling([article])])
        found = reach(tx, article)
        newest: dict[str, Telling] = {}
        for telling in found.tellings:
            newest.setdefault(telling.edition.schedule, telling)
        same = [each for each in found.corrections if (each.said, each.right) == (said, right)]
        made, mute = [], []
        for schedule, telling in newest.items():
            told = [each for each in same if each.schedule == schedule]
            earlier = [found.replies[each.id] for each in told if each.id in found.replies]
            standing = [
                post
                for each in found.tellings
                if each.edition.schedule == schedule
                for post in each.posts
                if not post.removed and (posts is None or post.delivery.channel in posts)
            ]
            wants_mail = installation.sends_mail(schedule) and (mail is None or schedule in mail)
            # One that only replies carry was never told by mail.
            by_mail = any(each.id not in found.replies or each.carried != found.replies[each.id].id for each in told)
            if told:
                standing = unanswered(tx, standing, earlier)
                if not standing and (by_mail or not wants_mail):
                    continue
            if mail is not None and schedule not in mail and not standing:
                continue
            correction = Correction(
                article=article,
                edition=telling.edition.id,
                schedule=schedule,
                title=found.article.title,
                url="" if found.article.withdrawn else found.article.url,
                said=said,
                right=right,
                told=telling.edition.slot,
                at=now,
                who=who,
            )
            correction = replace(correction, id=tx.corrections.add(correction))
            replies = reply(tx, installation, Correcting(correction, telling.story, found.article, way), standing, now)
            # Mail that tells it already, or will, does not tell it twice.
            mailed = wants_mail and not by_mail
            if not replies and not mailed:
                # Posts tell no corrections of their own accord: it would wait for ever.
                tx.corrections.drop(correction.id)
                mute += [schedule] if not told else []
                continue
            own = None
            if mailed and mail_now:
                told_it = [each.edition for each in found.tellings if each.edition.schedule == schedule]
                own = correction_mail(tx, installation, correction, found.article, told_it, now)
                correction = replace(correction, carried=own.id)
            elif replies and not mailed:
                tx.corrections.carry(replies.id, [correction])
                correction = replace(correction, carried=replies.id)
            made.append(correction)
            note = Phrase(
                "“%(said)s” → “%(right)s”; %(how)s",
                said=_short(said),
                right=_short(right),
                how=_by(schedule, replies, mailed, own),
            )
            tx.acts.add(Act(at=now, who=who, what="correct", thing=f"edition:{telling.edition.id}", note=note))
        if not made and not same:
            if mute:
                raise NothingToDo(
                    Phrase(
                        "article %(article)s: nobody can be told; %(schedules)s: %(why)s",
                        article=str(article),
                        schedules=Several(tuple(mute)),
                        why=MUTE,
                    )
                )
            raise NothingToDo(
                Phrase("article %(article)s: nobody can be told; choose a newsletter or a post", article=str(article))
            )
        if not made:
            if any(not each.carried for each in same):
                raise StateError(Phrase("article %(article)s: this correction waits already", article=str(article)))
            raise StateError(Phrase("article %(article)s: this correction is told already", article=str(article)))
        tx.changes.decide(article, Decision.CORRECTED, who=who, now=now)
    # Who shares the page of an edition that led with it shows what is right.
    led = {telling.edition.id for telling in newest.values() if telling.story.position == 1}
    host_corrections(installation, [each for each in made if each.edition in led], now)
    return made


def stands(installation: Installation, found: Reach, correction: Correction) -> str:
    """Whether readers are told ``correction``, one of ``found``, in a few words."""
    own = found.mails.get(correction.id)
    if own:
        match own.state:
            case EditionState.SENT:
                return Phrase("told by edition %(edition)s, a mail of its own", edition=own.id)
            case EditionState.AWAITING:
                return Phrase("waits for approval as edition %(edition)s, a mail of its own", edition=own.id)
            case EditionState.HELD:
                return Phrase("is held as edition %(edition)s, a mail of its own", edition=own.id)
        return Phrase("to be told by edition %(edition)s, a mail of its own", edition=own.id)
    replies = found.replies.get(correction.id)
    if replies and replies.id == correction.carried:
        match replies.state:
            case EditionState.CANCELLED:
                return Phrase(
                    "edition %(edition)s was to tell it and is cancelled; what it did not answer, nobody is told",
                    edition=replies.id,
                )
            case EditionState.EXPIRED:
                return Phrase(
                    "edition %(edition)s was to tell it and is expired; what it did not answer, nobody is told",
                    edition=replies.id,
                )
            case EditionState.SENT:
                return Phrase("told by edition %(edition)s", edition=replies.id)
        return Phrase("to be told by edition %(edition)s", edition=replies.id)
    if correction.carried:
        return Phrase("told by edition %(edition)s", edition=correction.carried)
    if installation.sends_mail(correction.schedule):
        return Phrase("the next edition tells it")
    return Phrase("nobody is told: %(schedule)s sends no mail", schedule=correction.schedule)


def untold(found: Reach, *, said: str, right: str) -> list[str]:
    """The schedules that told the article and tell no such correction."""
    said, right = " ".join(said.split()), " ".join(right.split())
    telling = {each.schedule for each in found.corrections if (each.said, each.right) == (said, right)}
    return [each for each in dict.fromkeys(one.edition.schedule for one in found.tellings) if each not in telling]


def _by(schedule: str, replies: Edition | None, mailed: bool, own: Edition | None) -> Phrase:
    parts = [_answered(replies)] if replies else []
    if own:
        parts.append(
            Phrase(
                "edition %(edition)s is to mail it to those who have the mail of %(schedule)s",
                edition=own.id,
                schedule=schedule,
            )
        )
    elif mailed:
        parts.append(Phrase("the next edition of %(schedule)s tells it", schedule=schedule))
    return (
        Phrase("%(first)s; %(second)s", first=parts[0], second=parts[1]) if len(parts) == 2 else several(tuple(parts))
    )


def _answered(replies: Edition) -> Phrase:
    count, edition = len(replies.renditions), replies.id
    acts = {each.post.act for each in replies.renditions if each.post}
    match acts.pop() if len(acts) == 1 else None:
        case PostAct.POST:
            return plural(
                count,
                "edition %(edition)s answers %(count)s post with it",
                "edition %(edition)s answers %(count)s posts with it",
                edition=edition,
            )
        case PostAct.EDIT:
            return plural(
                count,
                "edition %(edition)s changes %(count)s post with it",
                "edition %(edition)s changes %(count)s posts with it",
                edition=edition,
            )
        case PostAct.REPLACE:
            return plural(
                count,
                "edition %(edition)s replaces %(count)s post with it",
                "edition %(edition)s replaces %(count)s posts with it",
                edition=edition,
            )
    return plural(
        count,
        "edition %(edition)s corrects %(count)s post with it",
        "edition %(edition)s corrects %(count)s posts with it",
        edition=edition,
    )


def drop(installation: Installation, correction: int, *, who: str, now: datetime) -> None:
    """Takes back a correction that no edition carries yet; replies that went out stay. Raises ``StateError``."""
    with installation.store.write() as tx:
        if not tx.corrections.drop(correction):
            raise StateError(
                Phrase(
                    "correction %(correction)s: none waits; an edition tells it already, or there is none",
                    correction=str(correction),
                )
            )
        tx.acts.add(Act(at=now, who=who, what="drop correction", thing=f"correction:{correction}"))


def _corrected(tx: Transaction, which: Collection[int]) -> dict[tuple[int, str], datetime]:
    """By article and schedule, when it was corrected last."""
    return {(each.article, each.schedule): each.at for each in tx.corrections.of_articles(which)}


def _change(edition: Edition, story: EditionStory, now_: Article, what: str, now: datetime) -> Change:
    first = next(iter(difference(story.article, now_, most=1)), None) if not now_.withdrawn else None
    return Change(
        article=now_.id,
        edition=edition.id,
        revision=now_.revision,
        withdrawn=now_.withdrawn,
        at=now,
        title=story.article.title,
        what=what,
        was=first.was if first else "",
        now=first.now if first else "",
    )


def _act(change: Change) -> Act:
    note = Phrase("“%(title)s”: %(what)s", title=_short(change.title), what=change.what)
    if change.was or change.now:
        was, now = _short(change.was), _short(change.now)
        note = Phrase("%(what)s; was “%(was)s”, is “%(now)s”", what=note, was=was, now=now)
    return Act(
        at=change.at,
        who=PROGRAM,
        what=CHANGED,
        thing=f"edition:{change.edition}",
        before=f"article {change.article}, revision {change.revision}{', withdrawn' if change.withdrawn else ''}",
        note=note,
    )


def _what(before: Article, after: Article) -> str:
    if after.withdrawn:
        return Phrase("withdrawn")
    what = differences(before, after)
    return Phrase("%(what)s changed", what=Several(tuple(PLACES[each] for each in what))) if what else ""


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:160].rpartition(" ")[0] + " …"
