"""The public addresses in every digest. Their form is permanent: links already sent must work for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.errors import TokenError
from bot.model import Newsroom
from bot.tokens import KeyRing

UNSUBSCRIBE = "u"
PREFERENCES = "p"
DATA = "d"
DATA_GOOD_FOR = timedelta(days=2)
"""How long the link to a reader's data works: whoever holds it can erase them."""


@dataclass(frozen=True, slots=True)
class ReaderLink:
    """Whom a link speaks of. ``edition`` is the one it stood in, "" when it stood in none."""

    subscriber: int
    audience: str
    edition: str = ""


def unsubscribe_url(newsroom: Newsroom, keys: KeyRing, link: ReaderLink) -> str:
    """``PUBLIC_URL/u/TOKEN``: the RFC 8058 one-click address and the page. It never expires and holds no address."""
    return _url(newsroom, keys, UNSUBSCRIBE, link)


class ReaderLinks:
    """The addresses of many readers of one edition: what ``unsubscribe_url`` and ``preferences_url`` make."""

    def __init__(self, newsroom: Newsroom, keys: KeyRing, audience: str, edition: str) -> None:
        self._unsubscribe = f"{newsroom.public_url}/{UNSUBSCRIBE}/"
        self._preferences = f"{newsroom.public_url}/{PREFERENCES}/"
        self._sign_unsubscribe = keys.signer(UNSUBSCRIBE, audience, edition)
        self._sign_preferences = keys.signer(PREFERENCES, audience, edition)

    def unsubscribe(self, subscriber: int) -> str:
        return self._unsubscribe + self._sign_unsubscribe(subscriber)

    def preferences(self, subscriber: int) -> str:
        return self._preferences + self._sign_preferences(subscriber)


def preferences_url(newsroom: Newsroom, keys: KeyRing, link: ReaderLink) -> str:
    """``PUBLIC_URL/p/TOKEN``."""
    return _url(newsroom, keys, PREFERENCES, link)


def data_url(newsroom: Newsroom, keys: KeyRing, link: ReaderLink, asked: datetime) -> str:
    """``PUBLIC_URL/d/TOKEN``: a reader's data. In no edition, for those are passed on: in a mail of its own."""
    token = keys.sign(DATA, link.subscriber, link.audience, int(asked.timestamp()))
    return f"{newsroom.public_url}/{DATA}/{token}"


def read_data_link(keys: KeyRing, token: str) -> tuple[ReaderLink, datetime]:
    """Whom the token of a ``data_url`` speaks of, and when it was asked for. Raises ``TokenError``."""
    match keys.verify(DATA, token):
        case [int() as subscriber, str() as audience, int() as asked]:
            return ReaderLink(subscriber, audience), datetime.fromtimestamp(asked, UTC)
        case _:
            raise TokenError


def edition_url(newsroom: Newsroom, edition: str) -> str:
    """``PUBLIC_URL/e/ID``: the edition in a browser."""
    return f"{newsroom.public_url}/e/{edition}"


def archive_url(newsroom: Newsroom) -> str:
    """``PUBLIC_URL/archive``: the editions that were sent."""
    return f"{newsroom.public_url}/archive"


def image_url(newsroom: Newsroom, name: str) -> str:
    """``PUBLIC_URL/i/NAME``: a hosted picture, for ever."""
    return f"{newsroom.public_url}/i/{name}"


def link_url(newsroom: Newsroom, edition: str, number: int) -> str:
    """``PUBLIC_URL/l/ID/NUMBER``: the edition's link of that number, counted. It says nothing of who follows it."""
    return f"{newsroom.public_url}/l/{edition}/{number}"


def read_link(keys: KeyRing, purpose: str, token: str) -> ReaderLink:
    """Whom ``token`` speaks of. Raises ``TokenError``."""
    payload = keys.verify(purpose, token)
    match payload:
        case [int() as subscriber, str() as audience, str() as edition]:
            return ReaderLink(subscriber, audience, edition)
        case _:
            raise TokenError


def _url(newsroom: Newsroom, keys: KeyRing, purpose: str, link: ReaderLink) -> str:
    token = keys.sign(purpose, link.subscriber, link.audience, link.edition)
    return f"{newsroom.public_url}/{purpose}/{token}"
