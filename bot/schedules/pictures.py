"""Which copies of its stories' pictures an edition shows, and which share cards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.editions.card import ShareCard, card_of
from bot.editions.compose import Shown
from bot.editions.entry import Pictures, is_web
from bot.editions.wording import wording
from bot.model import EditionStory
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot
from bot.store import Transaction


def addresses(stories: Iterable[EditionStory]) -> tuple[str, ...]:
    """Where the pictures of ``stories`` are, each once."""
    urls = (image.url for story in stories if (image := story.told.article.image))
    return tuple(dict.fromkeys(url for url in urls if is_web(url)))


def hosted(tx: Transaction, installation: Installation, slot: Slot, stories: Sequence[EditionStory]) -> Shown:
    """The copies to show in the place of the stories' pictures (None where there is none to be shown), and the cards.

    A picture that nobody asked for yet, for its story came at the last moment, is not among them.
    """
    if not installation.settings.images.host:
        return Shown()
    pictures: Pictures = {url: each.picture for url, each in tx.images.known(addresses(stories)).items()}
    wanted = cards(installation, slot, stories, pictures)
    known = tx.images.known(card.address for card in wanted.values())
    return shown(installation, pictures, wanted, {url: each.picture for url, each in known.items()})


def shown(installation: Installation, pictures: Pictures, wanted: dict[int, ShareCard], drawn: Pictures) -> Shown:
    """``pictures``, and of the cards that are ``wanted`` those that are ``drawn``, by their addresses."""
    rules = installation.settings.images
    found = {place: drawn.get(card.address) for place, card in wanted.items()}
    return Shown(
        pictures=pictures,
        cards={place: picture.whole for place, picture in found.items() if picture},
        always=rules.cards == "always",
        in_mail=rules.mail_cards,
    )


def cards(
    installation: Installation, slot: Slot, stories: Sequence[EditionStory], pictures: Pictures
) -> dict[int, ShareCard]:
    """The cards that an edition wants, by position: its lead's for the public page, and those of posts."""
    rules = installation.settings.images
    if rules.cards == "never":
        return {}
    table = installation.settings.schedules[slot.schedule]
    mediums = {installation.configured[channel].medium for channel in table.channels}
    newsroom = installation.newsroom
    words = wording(newsroom.language, installation.timezone(slot.schedule))
    wanted = {}
    for place, story in enumerate(each.told for each in stories):
        image = story.article.image
        picture = pictures.get(image.url) if image else None
        # One that nobody asked for yet is shown from where it is.
        bare = image is None or not is_web(image.url) or (picture is None and image.url in pictures)
        posted = "post" in mediums and (place == 0 or table.posts != "edition") and (rules.cards == "always" or bare)
        if posted or (place == 0 and "email" in mediums):
            photo = picture.whole.name if picture else ""
            wanted[story.position] = card_of(story, newsroom=newsroom, slot=slot.due, wording=words, photo=photo)
    return wanted
