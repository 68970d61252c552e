"""What an edition tells its readers, as one value: kept with each version, and compared."""

from __future__ import annotations

from bot.model import Edition, EditionStory, Told, ToldPost, ToldStory


def told_of(edition: Edition) -> Told:
    """All that ``edition`` tells by now."""
    email = next((each.email for each in edition.renditions if each.email), None)
    return Told(
        subject=email.subject if email else "",
        preheader=email.preheader if email else "",
        stories=tuple(_story(each) for each in edition.stories),
        posts=tuple(
            ToldPost(each.channel, each.subject, each.post.text) for each in edition.renditions if each.post is not None
        ),
    )


def _story(story: EditionStory) -> ToldStory:
    shown = story.told
    image = shown.article.image
    return ToldStory(
        article=story.article.id,
        revision=story.article.revision,
        title=shown.article.title,
        summary=shown.summary.text,
        alt=image.alt if image else "",
        credit=image.credit if image else "",
        picture=image is not None,
        pinned=story.words.pinned,
    )
