"""How long a text is, as its network counts, and whether the network takes it. Pure.

Checked 2026-11-29: X, https://developer.x.com/en/docs/counting-characters (twitter-text, configuration v3, by
``twitter-text-parser``); Mastodon, ``app/validators/status_length_validator.rb`` and its spec (each address that its
twitter-text finds is a placeholder of the instance's length, of a remote mention the first part counts, the warning's
own addresses count in full); Bluesky, lexicon ``app.bsky.feed.post`` (300 graphemes and 3,000 bytes); Threads, "emoji
count as their UTF-8 bytes"; Telegram, UTF-16 (the last two: shared research).

Where a network's rule is not known to the letter, the count is rather too high: a post is never refused for its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import regex

from bot.editions.escaping import escaped
from bot.model import Counting, Limits

_URL = 23
"""Characters of an address where the network shortens it and nobody said to how many."""
_CLUSTER = regex.compile(r"\X")
# Outside of these (Latin, Greek, Cyrillic, punctuation, kana, Han, Hangul syllables) a code point may join others.
_JOINING = re.compile(
    "[^\\x00-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20a0-\u20bf"
    "\u3001-\u3029\u3041-\u3096\u30a0-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff9d]"
)
_ASTRAL = regex.compile(r"[\U00010000-\U0010ffff]")
# Outside of these ranges of twitter-text's configuration v3 a code point counts twice.
_HEAVY = regex.compile(r"[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
# A word in which twitter-text may find an address: it holds a dot with something on both sides.
_DOTTED = regex.compile(r"\S+\.\S+")
# What an emoji sequence is made of; all else need not be looked at, which costs 2 µs a character.
_PICTURED = regex.compile(
    r"[0-9#*]?[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0e\ufe0f\u20e3"
    r"\U000e0020-\U000e007f]+"
)
_MOST_DOTS = 30
"""In one word: with more, the search for addresses takes the square of them, and the word is no address."""
_ADDRESS = regex.compile(r"https?://[^\s<>]+|www\.[^\s<>]+", regex.IGNORECASE)
_CLOSING = ".,:;!?…'\"’”»)]}"
# Mastodon's ``Account::MENTION_RE``.
_MENTION = regex.compile(r"(?<![=/\w])(@[a-z0-9_]+(?:[a-z0-9_.-]+[a-z0-9_]+)?)@[\w.-]+\w+", regex.IGNORECASE)
_LONGEST_DOMAIN = 253


def length(text: str, limits: Limits, *, warning: str = "") -> int:
    """Characters of ``text`` as ``limits.counting`` has them, after it was escaped where ``limits.marked_up`` says so.

    ``warning`` are the words behind which it is folded: they count with it.
    """
    if limits.marked_up:
        text = escaped(text, limits.markup, addresses(text))
    return _counted(text, limits) + graphemes(warning)


def _counted(text: str, limits: Limits) -> int:
    if limits.counting is Counting.MASTODON:
        return _mastodon(text, _URL if limits.url is None else limits.url)
    if limits.counting is Counting.WEIGHTED:
        return _weighted(text, _URL if limits.url is None else limits.url)
    if limits.url is None:
        return _COUNTERS[limits.counting](text)
    # A space keeps apart what stands around an address, and counts one itself.
    text, found = _ADDRESS.subn(" ", text)
    return _COUNTERS[limits.counting](text) + found * (limits.url - 1)


def fits(text: str, limits: Limits, *, warning: str = "") -> bool:
    """Whether a network with ``limits`` takes ``text``, folded behind ``warning``: characters, bytes, links."""
    if (
        limits.characters is not None
        and _most(text, limits) + len(warning) > limits.characters
        and length(text, limits, warning=warning) > limits.characters
    ):
        return False
    if limits.size is not None and size(text, limits) + len(warning.encode("utf-8", "surrogatepass")) > limits.size:
        return False
    return limits.links is None or len(set(addresses(text))) <= limits.links


def _most(text: str, limits: Limits) -> int:
    """More characters than this it never has: found without reading it, where that is enough."""
    if limits.marked_up:
        return 16 * len(text)  # {hashtag|\\#|…} of a single letter.
    per_dot = (limits.url or _URL) if limits.url or limits.counting in _SHORTENING else 0
    return _HEAVIEST.get(limits.counting, 1) * len(text) + per_dot * text.count(".")


def size(text: str, limits: Limits) -> int:
    """Bytes of ``text`` in UTF-8, after it was escaped where ``limits.marked_up`` says so."""
    if limits.marked_up:
        text = escaped(text, limits.markup, addresses(text))
    return len(text.encode("utf-8", "surrogatepass"))


def graphemes(text: str) -> int:
    """Grapheme clusters (UAX 29) in ``text``."""
    if text.isascii() or not _JOINING.search(text):
        return len(text) - text.count("\r\n")
    return len(_CLUSTER.findall(text))


def addresses(text: str) -> tuple[str, ...]:
    """The web addresses in ``text``, in its order, without the punctuation behind them."""
    return tuple(found for each in _ADDRESS.findall(text) if (found := _bare(each)))


def _bare(address: str) -> str:
    """Without what closes a sentence; a bracket that the address opened itself is its own."""
    while address and address[-1] in _CLOSING:
        if address[-1] == ")" and address.count("(") >= address.count(")"):
            break
        address = address[:-1]
    return address


def _mastodon(text: str, placed: int) -> int:
    total, text = 0, _MENTION.sub(_local, text)
    for word in _split(text):
        spans = [each["indices"] for each in _found(word, protocol_only=True)] if "://" in word else []
        # An address whose ending nobody registered is none to Mastodon, and may be one to a server like it.
        odd = max(0, placed - graphemes(word)) if "://" in word and "." in word and not spans else 0
        total += graphemes(_without(word, spans)) + placed * len(spans) + odd
    return total


def _local(mention: regex.Match[str]) -> str:
    host = mention[0][len(mention[1]) + 1 :]
    return mention[1] if len(host) <= _LONGEST_DOMAIN else mention[0]


def _weighted(text: str, placed: int) -> int:
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n")
    total = 0
    for word in _split(text):
        if word.count(".") > _MOST_DOTS and not _plain_address(word):
            total += _weight(word) + placed * word.count(".")
            continue
        spans = [each["indices"] for each in _found(word)] if "." in word else []
        total += _weight(_without(word, spans)) + placed * len(spans)
    return total


def _weight(text: str) -> int:
    """Characters of what holds no address: an emoji of any length is two, what is beyond the light ranges is too."""
    if text.isascii():
        return len(text)
    # Its expressions take a quarter of a second to compile, and most commands count nothing.
    from twitter_text import extract_emojis_with_indices

    total = len(text) + len(_HEAVY.findall(text))
    for run in _PICTURED.findall(text):
        for each in extract_emojis_with_indices(run) if not run.isascii() else ():
            emoji = each["emoji"]
            total += 2 - len(emoji) - len(_HEAVY.findall(emoji))
    return total


def _threads(text: str) -> int:
    emoji = sum(len(run.encode("utf-8", "surrogatepass")) - len(run) for run in _PICTURED.findall(text))
    return len(text) + emoji


def _utf16(text: str) -> int:
    return len(text) + len(_ASTRAL.findall(text))


_COUNTERS: dict[Counting, Callable[[str], int]] = {
    Counting.GRAPHEMES: graphemes,
    Counting.THREADS: _threads,
    Counting.CODE_POINTS: len,
    Counting.UTF16: _utf16,
}


_SHORTENING = (Counting.MASTODON, Counting.WEIGHTED)
_HEAVIEST = {Counting.WEIGHTED: 2, Counting.UTF16: 2, Counting.THREADS: 4}
"""Characters of a code point at most, where it is not one."""


def _split(text: str) -> list[str]:
    """``text`` cut before and after each word that may hold an address: no other needs to be searched."""
    if "." not in text:
        return [text]
    parts, last = [], 0
    for found in _DOTTED.finditer(text):
        parts += [text[last : found.start()], found[0]]
        last = found.end()
    return [part for part in (*parts, text[last:]) if part]


def _plain_address(word: str) -> bool:
    """Whether all the dots of ``word`` but a few stand behind a host: such an address is found in no time."""
    host = regex.match(r"https?://[^/?#\s]+", word, regex.IGNORECASE)
    return host is not None and host[0].count(".") <= _MOST_DOTS and word.count("://") == 1


def _found(word: str, *, protocol_only: bool = False) -> list[dict[str, list[int]]]:
    if word.count(".") > _MOST_DOTS and not _plain_address(word):
        return []
    from twitter_text import extract_urls_with_indices

    found: list[dict[str, list[int]]] = extract_urls_with_indices(word, not protocol_only)
    return found


def _without(word: str, spans: list[list[int]]) -> str:
    kept, last = [], 0
    for begin, end in spans:
        kept.append(word[last:begin])
        last = end
    return "".join((*kept, word[last:]))
