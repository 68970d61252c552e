"""An edition that has not begun to go out, changed by an editor: stories, their words, the mail's lines, the posts.

Every change is of a version that the editor saw, makes the next one, renders the edition anew and is on the record. Who
changes what somebody else changed meanwhile is told so (``ConflictError``); changes of different places both stand.
A change of an approved edition asks for approval again. All raise ``NotFound``, ``StateError`` (it goes out already,
or never did), ``UsageError`` (what was written cannot be, and why) and ``RenderError``, and then change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.model import Article, Edition, EditionState
from bot.schedules.installation import Installation

EDITABLE = (EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED, EditionState.HELD)


def tell(
    installation: Installation,
    edition: str,
    article: int,
    *,
    title: str | None = None,
    summary: str | None = None,
    alt: str | None = None,
    credit: str | None = None,
    picture: bool | None = None,
    version: int,
    who: str,
    now: datetime,
) -> Edition:
    """Changes what readers are told of a story, and returns the edition as it is then.

    None leaves a thing as it is; "" goes back to the article's own words: for the summary, its own sentences.
    ``alt`` and ``credit`` are the picture's, ``picture`` whether it is shown.
    """
    raise NotImplementedError


def lines(
    installation: Installation,
    edition: str,
    *,
    subject: str | None = None,
    preheader: str | None = None,
    version: int,
    who: str,
    now: datetime,
) -> Edition:
    """Changes the mail's subject and preheader; "" goes back to what the schedule makes.

    Readers whose choice leaves the lead out get the schedule's lines. They fall back for all once the story leaves the
    edition that led it when they were written.
    """
    raise NotImplementedError


def post(
    installation: Installation,
    edition: str,
    channel: str,
    subject: str,
    text: str,
    *,
    version: int,
    who: str,
    now: datetime,
) -> Edition:
    """Changes the text of one post, or one part of a thread, by its rendition's channel and subject.

    "" goes back to the template's text. The link that was in it need not be. Raises ``UsageError`` with how many
    characters are too many.
    """
    raise NotImplementedError


def order(
    installation: Installation, edition: str, articles: Sequence[int], *, version: int, who: str, now: datetime
) -> Edition:
    """Puts the stories into the order of ``articles``, all of them, by their leads' ids. Pinned ones stay in place."""
    raise NotImplementedError


def move(
    installation: Installation, edition: str, article: int, to: int, *, version: int, who: str, now: datetime
) -> Edition:
    """Puts one story into place ``to`` (from 1; beyond the last is the last), the others close up around it.

    A story moved to place 1 leads. Pinned ones stay in place, unless it is the pinned one that is moved.
    """
    raise NotImplementedError


def pin(
    installation: Installation, edition: str, article: int, *, pinned: bool, version: int, who: str, now: datetime
) -> Edition:
    """Keeps the story in its place whatever becomes of the others, or lets it go."""
    raise NotImplementedError


def drop(installation: Installation, edition: str, article: int, *, version: int, who: str, now: datetime) -> Edition:
    """Takes the story out; other editions may pick it again. Raises ``StateError`` for the last one: cancel instead."""
    raise NotImplementedError


def add(
    installation: Installation,
    edition: str,
    article: int,
    *,
    at: int = 0,
    version: int,
    who: str,
    now: datetime,
) -> Edition:
    """Takes in a stored article as a story at place ``at`` (from 1; 0: the last).

    Raises ``ReservedElsewhere`` when an edition of the same schedule holds or sent it, ``NotFound``.
    """
    raise NotImplementedError


def retell(
    installation: Installation, edition: str, article: int, by: int, *, version: int, who: str, now: datetime
) -> Edition:
    """Tells a story by another one of its articles: ``by``, one of the story's ``article_ids``.

    What an editor wrote of the story is gone with the telling it was about.
    """
    raise NotImplementedError


def addable(
    installation: Installation, edition: str, text: str = "", *, limit: int = 20, now: datetime
) -> list[tuple[Article, str]]:
    """Articles of the edition's window that it does not tell, newest first, each with why it was not picked ("").

    ``text``: only those whose titles have all of its words.
    """
    raise NotImplementedError
