"""Plain text in the markup of a network, so that nothing of it is read as markup. Pure.

Checked 2026-11-29: Telegram, https://core.telegram.org/bots/api#html-style (from memory); Slack,
https://docs.slack.dev/messaging/formatting-message-text (from memory: only ``& < >``); Discord, Markdown with a
backslash before each mark, and U+200B behind the @ of a mention, as discord.py does (from memory); LinkedIn,
https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format: a reserved
character that is not escaped cuts the post without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import regex

from bot.model import Markup

_ADDRESS = regex.compile(r"https?://[^\s<>\\]*")
_SPECIAL = regex.compile(r"([\\`*_~|<>\[\]()#])")
# What makes a list or a smaller line only at its beginning; quotations and headings are escaped everywhere.
_BEGINS_LINE = regex.compile(r"(?m)^(\s*)([-+]|\d+(?=[.)]\s))")
_MENTION = regex.compile(r"@(?=everyone|here|[!&]?\d)")
_RESERVED = regex.compile(r"([\\|{}@\[\]()<>#*_~])")
_HASHTAG = regex.compile(r"(?<![\w#&/])#(?=\w*\p{L})(\w+)")
# In an address these are as good percent-encoded, and would be markup as they are.
_ENCODED = {character: f"%{ord(character):02X}" for character in "\\|{}[]()<>*"}


def escaped(text: str, markup: Markup, urls: Sequence[str] = ()) -> str:
    """``text`` as it stands in a message of ``markup``: shown, and never read as formatting, mention or masked link.

    ``urls`` are addresses in it that stay links, beside any other web address in it: markup would break them. In
    ``LITTLE`` its hashtags are hashtags. Text of ``PLAIN`` stays as it is.
    """
    if markup is Markup.PLAIN:
        return text
    words, link = _WAYS[markup]
    if markup is Markup.HTML:
        return words(text)
    made, last = [], 0
    for begin, end in _addresses(text, sorted(filter(None, urls), key=len, reverse=True)):
        made += [words(text[last:begin]), link(text[begin:end])]
        last = end
    made.append(words(text[last:]))
    if markup is Markup.MARKDOWN:
        made[2::2] = map(_behind_link, made[2::2])
    return "".join(made)


def _addresses(text: str, known: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where addresses begin and end: those that are known to their own end, others to the next white space."""
    place = 0
    while found := _ADDRESS.search(text, place):
        own = next((url for url in known if text.startswith(url, found.start())), found[0])
        place = found.start() + len(own)
        yield found.start(), place


def _angles(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _angled(url: str) -> str:
    """``<url>``: what stands in it is an address, whatever it looks like."""
    return f"<{_angles(url.replace('|', '%7C').replace('<', '%3C').replace('>', '%3E'))}>"


def _markdown(text: str) -> str:
    text = _SPECIAL.sub(r"\\\1", text)
    text = _BEGINS_LINE.sub(lambda line: f"{line[1]}\\{line[2]}" if line[2] in "-+" else f"{line[1]}{line[2]}\\", text)
    return _MENTION.sub("@\u200b", text)


def _behind_link(text: str) -> str:
    """Discord takes a backslash behind an address for its last character: brackets need none, the rest stands off."""
    closing = regex.match(r"(?:\\[)\]])*", text)
    end = closing.end() if closing else 0
    rest = text[end:]
    return text[:end].replace("\\", "") + (f" {rest}" if rest.startswith("\\") else rest)


def _little(text: str) -> str:
    parts = [_RESERVED.sub(r"\\\1", part) for part in _HASHTAG.split(text)]
    return "".join(r"{hashtag|\#|" + part + "}" if place % 2 else part for place, part in enumerate(parts))


def _in_little(url: str) -> str:
    """Nothing is escaped in an address: a backslash would break it (``utm_source``)."""
    return "".join(_ENCODED.get(character, character) for character in url)


def _as_it_is(url: str) -> str:
    return url


_WAYS: dict[Markup, tuple[Callable[[str], str], Callable[[str], str]]] = {
    Markup.HTML: (_angles, _angles),
    Markup.MRKDWN: (_angles, _angled),
    Markup.MARKDOWN: (_markdown, _as_it_is),
    Markup.LITTLE: (_little, _in_little),
}
