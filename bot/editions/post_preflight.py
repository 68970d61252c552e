"""What an editor should know of an edition's posts before they go out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import regex

from bot.editions.counting import fits
from bot.editions.environment import letters_of, one_line
from bot.editions.findings import fault, named, ok, titled, warning
from bot.editions.hashtags import found
from bot.model import Edition, EditionStory, Finding, Limits, Phrase, Post, PostRules, Rendition, plural


def looked_at(edition: Edition, limits: Mapping[str, Limits], rules: Mapping[str, PostRules]) -> Iterator[Finding]:
    """What an editor should know of the edition's posts; ``limits`` and ``rules`` are those of channels, by name."""
    posts = [(each.channel, each.post, _about(edition, each)) for each in edition.renditions if each.post]
    odd = [*_too_much(posts, limits, rules), *_missing(posts), *_calling(posts, limits)]
    folded = {f"{channel}: {post.warning}" for channel, post, _ in posts if post.warning}
    yield from odd
    if folded:
        said = plural(len(folded), "%(count)s post folded behind a warning", "%(count)s posts folded behind a warning")
        yield ok("posts", said, named(sorted(folded)))
    if posts and not odd:
        yield ok("posts", plural(len(posts), "The post fits its network", "All %(count)s posts fit their networks"))


_Posted = tuple[str, Post, EditionStory | None]
"""A channel, its post, and the story that it tells; None: nobody knows."""


def _too_much(
    posts: Sequence[_Posted], limits: Mapping[str, Limits], rules: Mapping[str, PostRules]
) -> Iterator[Finding]:
    long = [
        channel
        for channel, post, _ in posts
        if not fits(post.text, limits.get(channel, Limits()), warning=post.warning)
    ]
    if long:
        said = plural(len(long), "%(count)s post too long for the network", "%(count)s posts too long for the network")
        yield fault("posts", said, named(dict.fromkeys(long)))
    cut = [channel for channel, post, _ in posts if "title" in post.data.get("shortened", ())]
    if cut:
        said = plural(
            len(cut),
            "%(count)s post with a headline that is cut to fit",
            "%(count)s posts with a headline that is cut to fit",
        )
        fix = Phrase("shorten it at the source, or in the template")
        yield warning("posts", said, named(dict.fromkeys(cut)), fix)
    many = [
        channel
        for channel, post, _ in posts
        if channel in rules and len(set(found(post.text, post.url))) > rules[channel].hashtags
    ]
    if many:
        said = plural(
            len(many),
            "%(count)s post with more hashtags than its channel is to have",
            "%(count)s posts with more hashtags than its channel is to have",
        )
        fix = Phrase("headline or template hold some of their own; raise `hashtags`, or take them out")
        yield warning("posts", said, named(dict.fromkeys(many)), fix)


_MENTION = regex.compile(r"(?<![\w.@/])@\w+")


def _calling(posts: Sequence[_Posted], limits: Mapping[str, Limits]) -> Iterator[Finding]:
    called = {
        f"{channel}: {name}"
        for channel, post, _ in posts
        if limits.get(channel, Limits()).mentions
        for name in _MENTION.findall(_bare_text(post))
    }
    if called:
        said = plural(
            len(called),
            "%(count)s account called by a post's words, who will be notified",
            "%(count)s accounts called by a post's words, who will be notified",
        )
        yield warning("posts", said, named(sorted(called)), Phrase("a template or a correction holds @ and a name"))


def _missing(posts: Sequence[_Posted]) -> Iterator[Finding]:
    mute = [channel for channel, post, _ in posts if not _bare_text(post)]
    if mute:
        said = plural(len(mute), "%(count)s post without a word", "%(count)s posts without a word")
        yield fault("posts", said, named(dict.fromkeys(mute)))
    unlinked = [
        channel
        for channel, post, _ in posts
        if post.url and not post.card and post.url not in post.text and "url" in post.data.get("shortened", ())
    ]
    if unlinked:
        said = plural(
            len(unlinked),
            "%(count)s post without its link: the address is longer than the network takes",
            "%(count)s posts without its link: the address is longer than the network takes",
        )
        yield warning("posts", said, named(dict.fromkeys(unlinked)), Phrase("shorten the address at the source"))
    bare = [channel for channel, post, _ in posts if any(not alt for _, alt in _seen(post))]
    if bare:
        said = plural(
            len(bare),
            "%(count)s post with a picture without alt text",
            "%(count)s posts with a picture without alt text",
        )
        yield warning("posts", said, named(dict.fromkeys(bare)))
    stood_in = [story for _, post, story in posts if story and _headline_for_alt(post, story)]
    if stood_in:
        where = named(dict.fromkeys(titled(each.article.title) for each in stood_in))
        fix = Phrase("write one at the source: what is seen")
        yield warning("posts", Phrase("Alt text is missing; the headline stands in for it"), where, fix)


def _headline_for_alt(post: Post, story: EditionStory) -> bool:
    """Whether a picture of the article's own is described by its headline, for want of better."""
    image = story.article.image
    if image is None or one_line(image.alt) or one_line(image.caption):
        return False
    title = letters_of(story.article.title)
    return any(alt and title.startswith(letters_of(alt)) for _, alt in _seen(post))


def _about(edition: Edition, rendition: Rendition) -> EditionStory | None:
    if not rendition.subject:
        return next(iter(edition.stories), None)
    return next((each for each in edition.stories if str(each.article.id) == rendition.subject), None)


def _bare_text(post: Post) -> str:
    return (post.text.replace(post.url, "") if post.url else post.text).strip()


def _seen(post: Post) -> list[tuple[str, str]]:
    """The addresses of the post's pictures, each with its description."""
    card = [(post.card.image_url, post.card.image_alt)] if post.card and post.card.image_url else []
    return [*card, *((each.url, each.alt) for each in post.pictures)]


def pictures_of(post: Post) -> tuple[str, ...]:
    """The addresses of what is shown with ``post``."""
    return tuple(url for url, _ in _seen(post))
