"""A post that stands, said anew: as its article is by now, with what was corrected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from bot.editions.compose import Outlet
from bot.editions.counting import fits, length, size
from bot.editions.posts import Place, compose_post
from bot.editions.wording import wording
from bot.errors import RenderError
from bot.model import Correction, EditionStory, Limits, Newsroom, Phrase, Post, PostAct


def compose_amended(
    *,
    correction: Correction,
    story: EditionStory,
    edition_name: str,
    newsroom: Newsroom,
    folders: tuple[Path, ...],
    outlet: Outlet,
    before: Post,
    act: PostAct,
    target: str,
) -> Post:
    """The post of ``story`` with the line that says what is right; ``before`` is what stands, whose picture stays, and
    its words on its place in a thread: as a delivery it is no part of one, for it waits for none.

    Nothing of that line is cut, the rest makes room for it. ``act`` and ``target``: what is done with which post.
    Raises ``RenderError`` when it is too long even so, or naming file and line.
    """
    words = wording(story.article.language or newsroom.language, newsroom.timezone)
    note = f"{words.say('correction')}: {' '.join(correction.right.split())}"
    limits = outlet.limits
    room = replace(
        limits,
        characters=None if limits.characters is None else limits.characters - length(note, limits) - 4,
        size=None if limits.size is None else limits.size - size(note, limits) - 4,
    )
    if not _has_room(room):
        raise RenderError(Phrase("the correction leaves the post no room; say what is right in fewer words"))
    made = compose_post(
        story=story,
        edition_name=edition_name,
        newsroom=newsroom,
        template=outlet.template,
        folders=folders,
        limits=room,
        # The link that stands has its parameters already.
        rules=replace(outlet.rules, utm=MappingProxyType({})),
        url=before.url,
        place=Place(part=before.part, parts=before.parts, follows=before.follows),
    )
    head, link, tail = made.text.rpartition(made.url) if made.url else (made.text, "", "")
    if not link:
        head, tail = made.text, ""
    text = "\n\n".join(part for part in (head.strip(), note, f"{link}{tail}".strip()) if part)
    if not fits(text, limits, warning=made.warning):
        raise RenderError(
            Phrase("the corrected post is longer than the network takes; say what is right in fewer words")
        )
    card = (
        replace(made.card, image_url=before.card.image_url, image_alt=before.card.image_alt)
        if (made.card and before.card)
        else made.card
    )
    return replace(
        made, text=text, card=card, pictures=before.pictures, part=1, parts=1, follows="", act=act, target=target
    )


def _has_room(limits: Limits) -> bool:
    return all(each is None or each > 0 for each in (limits.characters, limits.size))
