"""What a network takes, and how it counts: data, so that one piece of code fits a text for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Counting(StrEnum):
    """How a network counts the characters of a text."""

    GRAPHEMES = "graphemes"
    """Grapheme clusters (UAX 29): Bluesky."""
    MASTODON = "mastodon"
    """Grapheme clusters; each address counts as ``Limits.url``, of a mention on another server only its ``@user``."""
    WEIGHTED = "weighted"
    """X: twitter-text's configuration v3, half characters, each address counts as ``Limits.url``."""
    THREADS = "threads"
    """Code points, an emoji as its bytes of UTF-8."""
    CODE_POINTS = "code points"
    UTF16 = "utf-16"
    """Units of UTF-16: Telegram, and where nobody says how, because no other way counts more (bytes aside)."""


class Markup(StrEnum):
    """What a network reads in a text beside its words; a channel escapes it, and nothing of a story is read so."""

    PLAIN = "plain"
    HTML = "html"
    """Telegram's: only ``& < >`` are escaped."""
    MRKDWN = "mrkdwn"
    """Slack's: only ``& < >`` are escaped, links are ``<url|label>``."""
    MARKDOWN = "markdown"
    """Discord's."""
    LITTLE = "little"
    """LinkedIn's little text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a channel takes; None: no limit. ``size`` is bytes of UTF-8 of the text.

    ``marked_up``: characters and size are counted after the text was escaped for ``markup``.
    """

    characters: int | None = None
    size: int | None = None
    thumbnail: int | None = None
    """Bytes of a card's picture."""
    counting: Counting = Counting.GRAPHEMES
    url: int | None = None
    """What each address counts, however long it is; None: its characters."""
    markup: Markup = Markup.PLAIN
    marked_up: bool = False
    links: int | None = None
    """Different addresses in one text."""
    images: int = 0
    """Pictures that one post may show as its own; 0: none but a card's."""
    image_size: int | None = None
    """Bytes of one of them."""
    alt: int | None = None
    """Characters of a picture's description."""
    card: bool = False
    """Shows a card that we make. Elsewhere the network makes its own from the page, or none."""
    thread: bool = False
    """A post can answer another: threads, and corrections as replies."""
    mentions: bool = False
    """An ``@`` and a name in a text call whoever has it: a story's words never do, an editor's own may."""
    warning: bool = False
    """A post can be folded behind a warning (CW), whose words count with the text."""
