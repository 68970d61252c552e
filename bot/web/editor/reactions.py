"""How followers reacted to posts, in the words of each network, and why nothing is known where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from babel.lists import format_list

from bot.channels.base import Measuring, Posting
from bot.model import Delivery, DeliveryState, MeasuredPost, Measurement, Reactions
from bot.schedules.installation import Installation
from bot.schedules.numbers import Overview
from bot.speech.catalog import _, locale, ngettext
from bot.store import Transaction
from bot.store.numbers import Posted
from bot.web.editor.desk import number
from bot.web.editor.networks import network_of

_Words = Callable[[int], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is known of a post. ``words`` are its figures ("": none), ``why`` is why there are none, ``quoted`` what
    the network said to that. Times in UTC: it was ``looked`` at, is ``due`` to be, and ``gone`` since then."""

    words: str = ""
    why: str = ""
    quoted: str = ""
    looked: datetime | None = None
    due: datetime | None = None
    gone: datetime | None = None


def words(kind: str, told: Reactions) -> str:
    """``12 favourites, 3 boosts, 1 reply``: what the network ``kind`` told, without what there is none of.

    "" when it told nothing.
    """
    if not told.told:
        return ""
    likes, reposts, replies = _NAMED.get(kind, (_likes, _reposts, _replies))
    counted = ((likes, told.likes), (reposts, told.reposts), (replies, told.replies), (_quotes, told.quotes))
    said = [phrase(count) for phrase, count in (*counted, (_views, told.views)) if count]
    return format_list(said, style="unit", locale=locale()) if said else _("no reaction yet")


def why_not(installation: Installation, name: str, states: Mapping[str, Measurement]) -> tuple[str, str]:
    """Why nothing is known of a channel's posts, and what its network said to that; both "" when it will be known."""
    channel = installation.configured.get(name)
    if channel is None:
        return "", ""
    network = {"network": _(network_of(kind_of(installation, name)))}
    if not isinstance(channel, Measuring):
        return _("%(network)s does not tell.") % network, ""
    if isinstance(channel, Posting) and not channel.rules.reactions:
        return _("Nobody asks: it is switched off for this channel."), ""
    refused = states[name].refused if name in states else ""
    return (_("%(network)s does not tell this account.") % network, refused) if refused else ("", "")


def kind_of(installation: Installation, name: str) -> str:
    """The type of a channel, "" of one that is configured no more."""
    return str(installation.settings.channels.get(name, {}).get("type", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfChannel:
    """A channel's posts of a span: what became of them, and how followers reacted, ``words`` or ``why`` not.

    ``looked`` of its ``posts`` something is known of.
    """

    posted: Posted
    words: str = ""
    why: str = ""
    posts: int = 0
    looked: int = 0


def by_channel(tx: Transaction, installation: Installation, found: Overview) -> list[OfChannel]:
    """The channels that posted, with what is known of how followers reacted."""
    states = tx.measured_posts.states() if found.posts else {}
    rows = []
    for posted in found.posts:
        sums = found.reacted.get(posted.channel)
        said = words(kind_of(installation, posted.channel), sums.reactions) if sums else ""
        why = "" if said else why_not(installation, posted.channel, states)[0]
        posts, looked = (sums.posts, sums.looked) if sums else (0, 0)
        rows.append(OfChannel(posted=posted, words=said, why=why, posts=posts, looked=looked))
    return rows


def heard(tx: Transaction, installation: Installation, edition: str, posts: Iterable[Delivery]) -> dict[int, Heard]:
    """What is known of the posts of an edition that were accepted, by delivery."""
    accepted = [each for each in posts if each.state is DeliveryState.ACCEPTED]
    if not accepted:
        return {}
    known, states = tx.measured_posts.of_edition(edition), tx.measured_posts.states()
    return {each.id: _heard(installation, each, known.get(each.id), states) for each in accepted}


def _heard(
    installation: Installation, post: Delivery, known: MeasuredPost | None, states: Mapping[str, Measurement]
) -> Heard:
    why, quoted = why_not(installation, post.channel, states)
    if known is None:
        return Heard(why=why, quoted=quoted)
    said = words(kind_of(installation, post.channel), known.reactions)
    if said or known.gone:
        return Heard(words=said, looked=known.looked, gone=known.gone)
    return Heard(why=why, quoted=quoted, due=None if why else known.due)


def _likes(count: int) -> str:
    return ngettext("%(count)s like", "%(count)s likes", count) % {"count": number(count)}


def _favourites(count: int) -> str:
    return ngettext("%(count)s favourite", "%(count)s favourites", count) % {"count": number(count)}


def _reactions(count: int) -> str:
    return ngettext("%(count)s reaction", "%(count)s reactions", count) % {"count": number(count)}


def _reposts(count: int) -> str:
    return ngettext("%(count)s repost", "%(count)s reposts", count) % {"count": number(count)}


def _boosts(count: int) -> str:
    return ngettext("%(count)s boost", "%(count)s boosts", count) % {"count": number(count)}


def _shares(count: int) -> str:
    return ngettext("%(count)s share", "%(count)s shares", count) % {"count": number(count)}


def _replies(count: int) -> str:
    return ngettext("%(count)s reply", "%(count)s replies", count) % {"count": number(count)}


def _comments(count: int) -> str:
    return ngettext("%(count)s comment", "%(count)s comments", count) % {"count": number(count)}


def _quotes(count: int) -> str:
    return ngettext("%(count)s quote", "%(count)s quotes", count) % {"count": number(count)}


def _views(count: int) -> str:
    return ngettext("%(count)s view", "%(count)s views", count) % {"count": number(count)}


_NAMED: Mapping[str, tuple[_Words, _Words, _Words]] = {
    "mastodon": (_favourites, _boosts, _replies),
    "facebook": (_reactions, _shares, _comments),
    "discord": (_reactions, _reposts, _replies),
}
"""What networks call likes, reposts and replies, where they call them otherwise."""
