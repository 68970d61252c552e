"""A status as Mastodon reads it: what is a link, how many characters it has, and its HTML.

``StatusLengthValidator``, ``config/initializers/twitter_regex.rb`` and ``TextFormatter``, read 2026-11-29 in forks.
The list of endings of domains is not here: any ending of letters is one.
"""

from __future__ import annotations

import re
from html import escape

import regex

# As config/initializers/twitter_regex.rb has it: a domain with a dot, brackets in pairs, no punctuation at the end.
_PAIR = r"\([^\s<>()?]+\)"
_PATH = rf"(?:[^\s<>()?]|{_PAIR})*(?:[^\s()?!*\"'「」<>;:=,.$%\[\]~&|@]|{_PAIR})"
_QUERY = r"\?[^\s<>\"{}\\^`]*[\w&=#/-]"
_URL = re.compile(
    rf"(?<![\w/@#$&])https?://[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{{2,}}(?::\d+)?(?:/(?:{_PATH})?)?(?:{_QUERY})?", re.I
)
_MARKED = re.compile(rf"(?P<url>{_URL.pattern})|(?<![\w/&#])#(?P<tag>\w*[^\W\d]\w*)", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w/])@([\w]+(?:[\w.-]+\w)?)@[\w.-]+\w")


def countable(text: str, url: int) -> int:
    """Characters as Mastodon counts them: graphemes, each URL as ``url`` of them, of a remote mention only its name."""
    shortened = _MENTION.sub(r"@\1", _URL.sub("x" * url, text))
    return graphemes(shortened)


def graphemes(text: str) -> int:
    """Characters as readers see them."""
    return len(regex.findall(r"\X", text))


def html(text: str) -> str:
    """As Mastodon shows it: links in three parts of which two are hidden, hashtags linked."""
    marked = _MARKED.sub(lambda found: _tag(found["tag"]) if found["tag"] else _link(found["url"]), escape(text))
    paragraphs = [each.replace("\n", "<br />") for each in marked.split("\n\n")]
    return "".join(f"<p>{each}</p>" for each in paragraphs if each)


def _link(url: str) -> str:
    hidden = re.match(r"https?://(?:www\.)?", url)
    start = hidden.end() if hidden else 0
    shown, rest = url[start : start + 30], url[start + 30 :]
    return (
        f'<a href="{url}" target="_blank" rel="nofollow noopener"><span class="invisible">{url[:start]}</span>'
        f'<span class="{"ellipsis" if rest else ""}">{shown}</span><span class="invisible">{rest}</span></a>'
    )


def _tag(tag: str) -> str:
    return f'<a href="/tags/{tag.lower()}" class="mention hashtag" rel="tag">#<span>{tag}</span></a>'
