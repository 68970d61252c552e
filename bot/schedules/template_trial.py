"""A template tried: on its sample, or on the newest articles, in the newsroom's brand or in another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.editions.compose import Outlet
from bot.editions.digest import compile_email
from bot.editions.notice import confirmation
from bot.editions.post_view import PostView, view
from bot.editions.posts import Composer
from bot.editions.sample import sample_digest
from bot.errors import NothingToDo
from bot.model import EditionStory, Email, Limits, Newsroom, Phrase, Rendition
from bot.schedules.installation import Installation
from bot.store import Transaction
from bot.summaries.extractive import summarise

SAMPLE = "sample"
"""The id of an edition that is none: it names the merge fields of what is tried."""
STORIES = 7
"""Real articles that a template is tried on."""
_LOOKED = 40


def tried_digest(
    installation: Installation, name: str, *, real: bool = False, newsroom: Newsroom | None = None
) -> Email:
    """The digest ``name`` with its sample, or with the newest articles; nothing is kept.

    Raises ``RenderError`` naming file and line, ``NothingToDo`` when there is no article yet.
    """
    folders = installation.settings.template_folders()
    digest = replace(sample_digest(folders, template=name, newsroom=newsroom or installation.newsroom), edition=SAMPLE)
    if real:
        with installation.store.read() as tx:
            digest = replace(digest, stories=_newest(tx))
    return compile_email(digest, page=False)


def tried_posts(installation: Installation, name: str) -> tuple[PostView, ...]:
    """What the template of posts ``name`` makes of a sample: for each channel that uses it, or as it is alone.

    Nothing of one that corrects, or opens a thread: it never stands alone. Raises ``RenderError``.
    """
    if name.endswith(("-correction", "-thread")):
        return ()
    folders, newsroom = installation.settings.template_folders(), installation.newsroom
    story = sample_digest(folders, newsroom=newsroom).stories[0]
    users = [each for each in installation.outlets.values() if each.medium == "post" and each.template == name]
    alone = Outlet(channel=name, medium="post", limits=Limits(), template=name, kind=name)
    composer = Composer(edition_name=name, newsroom=newsroom, folders=folders)
    made = []
    for outlet in users or [alone]:
        post = composer.post(story, template=name, limits=outlet.limits, rules=outlet.rules)
        made.append(view(Rendition(channel=outlet.channel, post=post), outlet, newsroom))
    return tuple(made)


def tried_mail(installation: Installation, name: str) -> Email | None:
    """The mail ``name`` to an invented reader; None for one that is only made when something stops.

    Raises ``RenderError``.
    """
    if name != "confirm":
        return None
    newsroom = installation.newsroom
    return confirmation(
        newsroom,
        installation.settings.template_folders(),
        language=newsroom.language,
        names=[newsroom.name],
        url="#",
        until=installation.clock() + timedelta(days=1),
    )


def _newest(tx: Transaction) -> tuple[EditionStory, ...]:
    fit = [each for each in tx.articles.newest(limit=_LOOKED) if not each.withdrawn and each.title][:STORIES]
    if not fit:
        raise NothingToDo(Phrase("there is no article yet; the sample shows how it will look"))
    return tuple(
        EditionStory(position=place, article=each, summary=summarise(each), article_ids=(each.id,))
        for place, each in enumerate(fit, start=1)
    )
