"""A story to try a schedule's templates on."""

from __future__ import annotations

from bot.model import Article, EditionStory, Summary
from bot.schedules.installation import Installation

_SUMMARY = (
    "A sample summary of two sentences, which says what happened and to whom. It is about as long as the summaries "
    "that are taken out of articles, so that the size of a mail can be told before there is one."
)


def sample_story(installation: Installation, place: int) -> EditionStory:
    """A story as long as usual ones are: a title of some 70 characters, a summary of some 200."""
    article = Article(
        source="check",
        guid=f"check-{place}",
        url=f"{installation.newsroom.url}/{place}/a-sample-address-as-long-as-those-of-most-sites-are",
        title=f"A sample headline, number {place}, of the length that most headlines have",
        published=installation.clock(),
        authors=("A. Sample Author",),
        sections=("Sample",),
        body=f"<p>{_SUMMARY}</p>",
        id=place,
    )
    return EditionStory(position=place, article=article, summary=Summary(_SUMMARY), article_ids=(place,))
