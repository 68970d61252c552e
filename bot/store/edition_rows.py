"""Editions, their stories and renditions as rows, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from bot.model import (
    Article,
    Card,
    Edition,
    EditionState,
    EditionStory,
    EditionWords,
    Email,
    Phrase,
    Post,
    PostAct,
    PostPicture,
    PostWords,
    Rendition,
    StoryWords,
    Summary,
)


def row_of(edition: str, rendition: Rendition) -> dict[str, Any]:
    """The row of an edition's rendition, as it is inserted."""
    content = {
        "email": asdict(rendition.email) if rendition.email else None,
        "post": asdict(rendition.post) if rendition.post else None,
    }
    return {"edition": edition, "channel": rendition.channel, "subject": rendition.subject, "content": content}


def edition_of(row: Row[Any], **whole: Any) -> Edition:
    """An edition by its row; ``whole`` is what stands in other tables."""
    return Edition(
        id=row.id,
        schedule=row.schedule,
        slot_key=row.slot_key,
        slot=row.slot,
        state=EditionState(row.state),
        name=row.name,
        reason=row.reason,
        approval=row.approval,
        version=row.version,
        words=words_of(row.words),
        created=row.created,
        snapshot=row.snapshot,
        sent=row.sent,
        attempts_dropped=row.attempts_dropped,
        folded=row.folded,
        **whole,
    )


def words_content(words: EditionWords) -> dict[str, Any] | None:
    """An editor's words for a whole edition as JSON types; None when there are none."""
    return asdict(words) if words != EditionWords() else None


def words_of(content: dict[str, Any] | None) -> EditionWords:
    """The inverse of ``words_content``."""
    if not content:
        return EditionWords()
    return EditionWords(**{**content, "posts": tuple(PostWords(**each) for each in content["posts"])})


def content_of(story: EditionStory) -> dict[str, Any]:
    """A story as JSON types."""
    article = story.article
    return {
        "article": article.content(),
        "id": article.id,
        "revision": article.revision,
        "summary": asdict(story.summary),
        "also": [list(also) for also in story.also],
        "article_ids": list(story.article_ids),
        "also_about": list(story.also_about),
        "reason": story.reason,
        **({"why": story.reason.content()} if isinstance(story.reason, Phrase) else {}),
        "subject": story.subject,
        "post": story.post,
        **({"words": asdict(story.words)} if story.words != StoryWords() else {}),
    }


def story_of(row: Row[Any]) -> EditionStory:
    """The story of a row of ``edition_stories``."""
    content = row.content
    summary = content["summary"]
    return EditionStory(
        position=row.position,
        article=Article.from_content(content["article"], id=content["id"], revision=content["revision"]),
        summary=Summary(summary["text"], tuple(summary["sentences"]), summary["origin"]),
        also=tuple((who, url) for who, url in content["also"]),
        article_ids=tuple(content["article_ids"]),
        # Editions of before 2026-11 know the topics of their leads alone.
        also_about=tuple(content.get("also_about", ())),
        # Editions of before 2026-12 hold their reasons in English alone.
        reason=Phrase.from_content(content["why"]) if "why" in content else content["reason"],
        # Editions of before 0009 hold no words of a machine.
        subject=content.get("subject", ""),
        post=content.get("post", ""),
        words=StoryWords(**content.get("words", {})),
    )


def rendition_of(row: Row[Any]) -> Rendition:
    """The rendition of a row of ``renditions``; those of older versions lack what came later."""
    email, post = row.content["email"], row.content["post"]
    if post:
        card, pictures = post["card"], post.get("pictures", ())
        post = Post(
            **{
                **post,
                "card": Card(**card) if card else None,
                "pictures": tuple(PostPicture(**each) for each in pictures),
                "hashtags": tuple(post.get("hashtags", ())),
                "act": PostAct(post.get("act", PostAct.POST)),
            }
        )
    return Rendition(
        channel=row.channel, subject=row.subject, email=Email(**email) if email else None, post=post or None
    )
