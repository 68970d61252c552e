"""What an editor may choose when something that was sent is not so: who is told, and what becomes of posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model import Article, PostAct
from bot.schedules.corrected import LONGEST, Reach
from bot.schedules.installation import Installation
from bot.schedules.replies import Way, act_of
from bot.schedules.standing import Posted
from bot.summaries.grounding import Ground, Offence


@dataclass(frozen=True, slots=True)
class PostChoice:
    """What can be done with the posts about an article on ``channel``: by each way, what the network can do of it.

    ``post`` is the newest. ``waits`` is the edition that is to change it already, "" when none is.
    """

    channel: str
    kind: str
    count: int
    post: Posted
    acts: Mapping[Way, PostAct]
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """``mail`` are the schedules, by key and name, whose next edition can tell it; ``posts`` are on networks."""

    mail: Mapping[str, str]
    posts: tuple[PostChoice, ...]

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways that differ from those before them for at least one of the posts."""
        found: list[Way] = []
        seen: list[list[PostAct]] = []
        for way in Way:
            acts = [each.acts[way] for each in self.posts]
            if acts and acts not in seen:
                found.append(way)
                seen.append(acts)
        return tuple(found)


def choices(installation: Installation, found: Reach) -> Choices:
    """What can be done about ``found``."""
    outlets, schedules = installation.outlets, installation.settings.schedules
    mail = {
        each.edition.schedule: schedules[each.edition.schedule].name
        for each in found.tellings
        if each.edition.schedule in schedules and installation.sends_mail(each.edition.schedule)
    }
    standing: dict[str, list[Posted]] = {}
    for telling in found.tellings:
        for post in telling.posts:
            outlet = outlets.get(post.delivery.channel)
            if not post.removed and outlet and outlet.medium == "post" and telling.edition.schedule in schedules:
                standing.setdefault(post.delivery.channel, []).append(post)
    return Choices(
        mail,
        tuple(
            PostChoice(
                channel=channel,
                kind=outlets[channel].kind,
                count=len(posts),
                post=posts[0],
                acts={
                    way: PostAct.POST if found.article.withdrawn else act_of(way, outlets[channel], posts[0])
                    for way in Way
                },
                waits=next((each.pending for each in posts if each.pending), ""),
            )
            for channel, posts in standing.items()
        ),
    )


def unsupported(article: Article, right: str) -> tuple[Offence, ...]:
    """What of a correction the article does not say, by the gate for machines' texts; () when it says all of it.

    Of an article that was withdrawn nobody can tell.
    """
    return () if article.withdrawn else Ground(article).offences(right, characters=LONGEST)
