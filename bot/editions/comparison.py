"""Two versions of an edition, word by word. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

import regex

from bot.model import Told, ToldStory

_LONGEST = 20_000
"""Characters of a text that are compared; what is beyond stands as it is now."""
# A word with the spaces behind it: an address and a number with its currency are one, and so is each sign of a script
# without spaces.
_WORD = regex.compile(
    r"(?:https?://\S+"
    r"|[\p{Sc}]?\p{N}+(?:[.,:]\p{N}+)*[%‰]?(?:[\p{L}\p{M}]+)?"
    r"|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]"
    r"|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])[\p{L}\p{M}\p{N}’'_])+"
    r"|[^\p{L}\p{M}\p{N}])\s*"
)


class Change(StrEnum):
    """What became of some words."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Run:
    """Words in a row to which the same happened. All runs together, without those removed, are the newer text."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One place that differs. ``place`` is ``subject``, ``preheader``, ``order``, ``title``, ``summary``, ``alt``,
    ``credit``, ``picture``, ``pinned``, ``added`` or ``dropped`` (a story), ``article`` (a new revision) or ``post``.

    ``article`` and ``title`` name the story, 0 and "" where it is the whole edition's; ``channel`` and ``subject`` the
    post. ``runs`` are the words; of ``order`` the stories' titles, a line each; of ``pinned`` who pinned it.
    """

    place: str
    article: int = 0
    title: str = ""
    channel: str = ""
    subject: str = ""
    runs: tuple[Run, ...] = ()


def words_between(before: str, after: str) -> tuple[Run, ...]:
    """The difference by words; spaces belong to the word before them."""
    rest = after[_LONGEST:]
    old, new = (_WORD.findall(each[:_LONGEST]) for each in (before, after))
    # Compared without the spaces, so that a word that now ends the text is no other word.
    was, now = ([each.strip() for each in words] for words in (old, new))
    runs: list[Run] = []
    for what, start, end, other, until in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if what == "equal":
            _put(runs, Change.SAME, new[other:until])
            continue
        # Where the word before them ends the new text, the space behind it went with what was removed.
        parted = start and end > start and runs and not runs[-1].text[-1:].isspace()
        gap = old[start - 1][len(old[start - 1].rstrip()) :] if parted else ""
        _put(runs, Change.REMOVED, [gap, *old[start:end]])
        _put(runs, Change.ADDED, new[other:until])
    _put(runs, Change.SAME, [rest])
    return tuple(runs)


def _put(runs: list[Run], change: Change, words: list[str]) -> None:
    text = "".join(words)
    if text:
        runs.append(Run(change, text))


def compared(before: Told, after: Told) -> tuple[Compared, ...]:
    """What differs, in the order of the edition; () when readers are told the same."""
    return tuple(_differences(before, after))


def _differences(before: Told, after: Told) -> Iterator[Compared]:
    for place, was, now in (
        ("subject", before.subject, after.subject),
        ("preheader", before.preheader, after.preheader),
    ):
        if was != now:
            yield Compared(place=place, runs=words_between(was, now))
    old = {each.article: each for each in before.stories}
    new = {each.article: each for each in after.stories}
    stayed = [each for each in after.stories if each.article in old]
    if [each.article for each in stayed] != [each.article for each in before.stories if each.article in new]:
        yield Compared(place="order", runs=_lines(before, after))
    for story in after.stories:
        known = old.get(story.article)
        if known is None:
            yield Compared(
                place="added", article=story.article, title=story.title, runs=(Run(Change.ADDED, story.title),)
            )
        else:
            yield from _of_story(known, story)
    for story in before.stories:
        if story.article not in new:
            yield Compared(
                place="dropped", article=story.article, title=story.title, runs=(Run(Change.REMOVED, story.title),)
            )
    yield from _of_posts(before, after)


def _of_story(before: ToldStory, after: ToldStory) -> Iterator[Compared]:
    if before.revision != after.revision:
        yield Compared(place="article", article=after.article, title=after.title)
    for place in ("title", "summary", "alt", "credit", "pinned"):
        was, now = getattr(before, place), getattr(after, place)
        # Where no picture is shown, or none was, that is the difference.
        if was != now and (place not in ("alt", "credit") or (before.picture and after.picture)):
            yield Compared(place=place, article=after.article, title=after.title, runs=words_between(was, now))
    if before.picture != after.picture:
        change = Change.ADDED if after.picture else Change.REMOVED
        runs = (Run(change, after.alt or before.alt),) if after.alt or before.alt else ()
        yield Compared(place="picture", article=after.article, title=after.title, runs=runs)


def _of_posts(before: Told, after: Told) -> Iterator[Compared]:
    old = {(each.channel, each.subject): each.text for each in before.posts}
    new = {(each.channel, each.subject): each.text for each in after.posts}
    for channel, subject in dict.fromkeys((*new, *old)):
        was, now = old.get((channel, subject), ""), new.get((channel, subject), "")
        if was != now:
            yield Compared(place="post", channel=channel, subject=subject, runs=words_between(was, now))


def _lines(before: Told, after: Told) -> tuple[Run, ...]:
    """The stories' titles in their order, a line each; what moved is removed there and added here."""
    old, new = ([each.article for each in told.stories] for told in (before, after))
    titles = {each.article: each.title for told in (before, after) for each in told.stories}
    runs: list[Run] = []
    for what, start, end, other, until in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            _put(runs, Change.SAME, [f"{titles[each]}\n" for each in new[other:until]])
            continue
        _put(runs, Change.REMOVED, [f"{titles[each]}\n" for each in old[start:end]])
        _put(runs, Change.ADDED, [f"{titles[each]}\n" for each in new[other:until]])
    return tuple(runs)
