"""What is seen with a post: the picture in its card, or pictures of its own, always with a description. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.audience.links import image_url
from bot.editions.entry import Pictures, is_web
from bot.editions.graphemes import Room, shortened
from bot.editions.post_template import clean
from bot.model import Article, Card, HostedImage, Image, Limits, Newsroom, PostPicture, PostRules

CARD_ALT = 1_000
"""Grapheme clusters of a picture's description where the network says nothing."""


@dataclass(frozen=True, slots=True)
class Illustration:
    """A post has a card, or pictures of its own, or neither."""

    card: Card | None = None
    pictures: tuple[PostPicture, ...] = ()


def picture_of(
    article: Article, newsroom: Newsroom, pictures: Pictures, drawn: HostedImage | None, *, always: bool
) -> PostPicture | None:
    """The article's picture, of its copy where there is one; its share card where it has none, or ``always``."""
    title = clean(article.title)
    address = _address(article.image, newsroom, pictures)
    if drawn and (always or not address):
        name = clean(newsroom.name)
        return PostPicture(url=image_url(newsroom, drawn.name), alt=f"{title}, {name}" if title else name)
    if not address or article.image is None:
        return None
    image = article.image
    alt = clean(image.alt) or clean(image.caption) or title or clean(newsroom.name)
    return PostPicture(url=address, alt=alt, credit=clean(image.credit))


def illustration(
    picture: PostPicture | None, *, link: str, title: str, description: str, rules: PostRules, limits: Limits
) -> Illustration:
    """How ``picture`` is shown by a channel's ``rules`` where the network's ``limits`` allow it.

    A picture of the post's own takes the card's place. Without a link there is no card, and where the network makes
    its own from the page, none of ours.
    """
    if picture:
        alt = shortened(picture.alt, Room(limits.alt or CARD_ALT, None))
        picture = PostPicture(url=picture.url, alt=alt or picture.alt[: limits.alt or CARD_ALT], credit=picture.credit)
    if picture and rules.picture == "image" and limits.images > 0:
        return Illustration(pictures=(picture,))
    if not link or not limits.card:
        return Illustration()
    shown = picture if rules.picture != "none" else None
    return Illustration(
        card=Card(
            url=link,
            title=title,
            description=description,
            image_url=shown.url if shown else "",
            image_alt=shown.alt if shown else "",
        )
    )


def _address(image: Image | None, newsroom: Newsroom, pictures: Pictures) -> str:
    hosted = pictures.get(image.url) if image else None
    if image is None or not is_web(image.url) or (hosted is None and image.url in pictures):
        return ""
    return image_url(newsroom, hosted.whole.name) if hosted else image.url
