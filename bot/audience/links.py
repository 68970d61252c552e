"""The public addresses in every digest. Their form is permanent: links already sent must work for ever."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import TokenError
from bot.model import Newsroom
from bot.tokens import KeyRing

UNSUBSCRIBE = "u"
PREFERENCES = "p"


@dataclass(frozen=True, slots=True)
class ReaderLink:
    """Whom a link speaks of. ``edition`` is the one it stood in, "" when it stood in none."""

    subscriber: int
    audience: str
    edition: str = ""


def unsubscribe_url(newsroom: Newsroom, keys: KeyRing, link: ReaderLink) -> str:
    """``PUBLIC_URL/u/TOKEN``: the RFC 8058 one-click address and the page. It never expires and holds no address."""
    return _url(newsroom, keys, UNSUBSCRIBE, link)


def preferences_url(newsroom: Newsroom, keys: KeyRing, link: ReaderLink) -> str:
    """``PUBLIC_URL/p/TOKEN``."""
    return _url(newsroom, keys, PREFERENCES, link)


def edition_url(newsroom: Newsroom, edition: str) -> str:
    """``PUBLIC_URL/e/ID``: the edition in a browser."""
    return f"{newsroom.public_url}/e/{edition}"


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
