"""A page that was scraped as text: pictures as ``![alt](url)``, a line each for title, data, headings, paragraphs.

The shape, from top to bottom, any part may be missing: lead pictures, title, sentence below the title, lines of data
("News, US February 9, 2025 No Comments on … 4 minute read", "By Ada Lind"); then paragraphs, headings without a full
stop, pictures, lists, embedded posts signed "— Name (@handle) Date"; then comment links and lists of other articles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

import lxml.html

from bot.articles.dates import DATE, date_of
from bot.articles.embeds import SIGNATURE, quotation, without_media_link
from bot.articles.furniture import begins_tail, is_furniture, same_words
from bot.articles.pictures import caption_and_credit
from bot.articles.url import canonical_url, image_key, image_url
from bot.model import Image
from bot.sanitize import plain, sanitized

_PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\(\s*<?(?P<url>[^)\s>]+)>?(?:\s+[\"'][^)]*)?\)")
_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\n]{1,300})\]\((?P<url>https?://[^)\s]{1,2000})\)")
_BYLINE = re.compile(r"(?:by|words by|von|par|por)\s+(?P<who>[^.:!?]{2,120})", re.IGNORECASE)
_MINUTES = re.compile(r"\d{1,4}[ -]min(?:ute)?s? read\s*$", re.IGNORECASE)
_COMMENTS = re.compile(r"\s*(?:No|\d{1,7}) Comments?\b(?: on .*)?$", re.IGNORECASE)
_ENDED = re.compile(r"[.!?…:;,。！？；：、][\"'”’»」』)\]]*$")
_ITEM = re.compile(r"(?:[-*•·]|\d{1,2}[.)])\s+(?P<text>\S.*)")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_HEADING_WORDS, _HEADING_CHARACTERS = 12, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """What a scraped page says. ``body`` is sanitised HTML; ``published`` is a day at midnight UTC, if it was said."""

    title: str = ""
    url: str = ""
    published: datetime | None = None
    standfirst: str = ""
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    image: Image | None = None
    images: tuple[Image, ...] = ()
    body: str = ""


@dataclass
class _Head:
    title: str = ""
    url: str = ""
    published: datetime | None = None
    standfirst: str = ""
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    pictures: list[Image] = field(default_factory=list)


def page_text(text: str) -> PageText:
    """Reads a scraped page. Never raises; what it cannot tell stays a paragraph."""
    lines = [line for line in (_line(raw) for raw in text.splitlines()) if line]
    head, rest = _head(lines)
    rest = _without_tail(rest)
    parts, pictures = _parts(rest, head)
    seen: dict[str, Image] = {}
    for picture in [*head.pictures, *pictures]:
        seen.setdefault(image_key(picture.url), picture)
    images = tuple(seen.values())
    return PageText(
        title=head.title,
        url=head.url,
        published=head.published,
        standfirst=head.standfirst,
        authors=head.authors,
        sections=head.sections,
        image=images[0] if images else None,
        images=images[1:],
        body=sanitized("".join(parts)),
    )


def _line(raw: str) -> str:
    # Lines are text: what looks like a tag was written as such, and is escaped when the body is built.
    return " ".join(
        "".join(character for character in raw if character.isprintable() or character in "\t\xa0\u200d").split()
    )


def _head(lines: list[str]) -> tuple[_Head, list[str]]:
    head = _Head()
    for at, line in enumerate(lines):
        picture = _picture(line)
        if picture:
            head.pictures.append(picture)
        elif re.fullmatch(r"(?:(?:url|source|link):\s*)?https?://\S+", line, re.IGNORECASE):
            head.url = head.url or canonical_url(line.split()[-1])
        elif not head.title:
            if not is_furniture(line):
                head.title = plain(line.lstrip("# "))
        elif _read_data(line, head) or is_furniture(line) or _repeats(line, head):
            continue
        elif not head.standfirst and _ENDED.search(line) and _data_follows(lines[at + 1 : at + 4]):
            head.standfirst = plain(line)
        else:
            return head, lines[at:]
    return head, []


def _data_follows(lines: list[str]) -> bool:
    return any(_read_data(line, _Head(title="x")) for line in lines)


def _read_data(line: str, head: _Head) -> bool:
    """Reads a line of the page's data into ``head``; False when it is something else."""
    rest = _COMMENTS.sub("", _MINUTES.sub("", line))
    found = DATE.search(rest)
    if SIGNATURE.fullmatch(line) or (_ENDED.search(line) and not found):
        return False
    if found and _is_label(rest[: found.start()]) and len(rest[found.end() :]) <= 40 and not _ENDED.search(rest):
        head.published = head.published or date_of(found)
        rest = rest[: found.start()]
    elif rest == line and not _BYLINE.fullmatch(line):
        return False
    byline = _BYLINE.match(rest.strip(" |·•–-"))
    if byline:
        who = re.split(r"\s*(?:,|\band\b|&)\s*", byline["who"].strip(" |·•–-,"))
        head.authors = head.authors or tuple(plain(each) for each in who if each)
    elif found and not head.sections:
        names = re.sub(r"\b(?:published|posted|updated|on|in)\b:?", "", rest, flags=re.IGNORECASE)
        head.sections = tuple(
            plain(name) for name in re.split(r"\s*[,|·•/]\s*", names.strip(" |·•–-,")) if name.strip()
        )
    return True


def _is_label(text: str) -> bool:
    """Whether what stands before a date is sections or a byline, not the beginning of a sentence."""
    return (
        len(text) <= 120
        and not re.search(r"[.!?;:“”\"](?:\s|$)", text.strip().rstrip(":"))
        and all(len(part.split()) <= 5 for part in re.split(r"[,|·•/]", text))
    )


def _repeats(line: str, head: _Head) -> bool:
    return same_words(line, head.title) or any(same_words(line, picture.alt) for picture in head.pictures)


def _without_tail(lines: list[str]) -> list[str]:
    """Cuts at the heading of comments or related articles, unless prose follows it."""
    prose = max((at for at, line in enumerate(lines) if len(line.split()) > 25 and _ENDED.search(line)), default=-1)
    end = next((at for at, line in enumerate(lines) if at >= prose and begins_tail(line)), len(lines))
    return lines[:end]


def _parts(lines: list[str], head: _Head) -> tuple[list[str], list[Image]]:
    """The body's blocks as HTML, and its pictures."""
    parts: list[str] = []
    pictures: list[Image] = []
    for kind, content in _blocks(lines, head):
        if kind == "picture":
            picture = _picture(content[0])
            caption, credit = caption_and_credit(content[1] if len(content) > 1 else "")
            if picture:
                picture = Image(url=picture.url, alt=picture.alt, caption=caption, credit=credit)
                pictures.append(picture)
                label = f"<figcaption>{escape(content[1])}</figcaption>" if len(content) > 1 else ""
                parts.append(f'<figure><img src="{escape(picture.url)}" alt="{escape(picture.alt)}">{label}</figure>')
        elif kind == "post":
            parts.append(_post(content))
        elif kind == "list":
            parts.append("<ul>" + "".join(f"<li>{_inline(item)}</li>" for item in content) + "</ul>")
        else:
            parts.append(f"<{kind}>{_inline(content[0])}</{kind}>")
    return parts, pictures


def _blocks(lines: list[str], head: _Head) -> Iterator[tuple[str, list[str]]]:
    at = 0
    while at < len(lines):
        line = lines[at]
        following = lines[at + 1] if at + 1 < len(lines) else ""
        signed = _post_ends(lines, at)
        if is_furniture(line) or same_words(line, head.title):
            pass
        elif picture := _picture(line):
            labels = []
            while at + 1 < len(lines) and (same_words(lines[at + 1], picture.alt) or _is_credit(lines[at + 1])):
                at += 1
                labels += [] if same_words(lines[at], picture.alt) else [lines[at]]
            yield "picture", [line, *labels[:1]]
        elif signed:
            yield "post", lines[at : signed + 1]
            at = signed
        elif _ITEM.fullmatch(line) and (_ITEM.fullmatch(following) or (at and _ITEM.fullmatch(lines[at - 1]))):
            items = [line]
            while at + 1 < len(lines) and _ITEM.fullmatch(lines[at + 1]):
                at += 1
                items.append(lines[at])
            yield "list", [_ITEM.fullmatch(item)["text"] for item in items]  # type: ignore[index]
        elif line.startswith("#"):
            yield "h3" if line.startswith("###") else "h2", [line.lstrip("# ")]
        elif following and _is_heading(line):
            yield "h2", [line]
        else:
            yield "p", [line]
        at += 1


def _is_credit(line: str) -> bool:
    return len(line.split()) <= 40 and bool(caption_and_credit(line)[1])


def _is_heading(line: str) -> bool:
    if _ENDED.search(line) or line[0] in "“\"'—–(「":
        return bool(re.search(r"[?？]$", line)) and len(line.split()) <= 8 and not _CJK.search(line)
    return len(line) <= _HEADING_CHARACTERS if _CJK.search(line) else len(line.split()) <= _HEADING_WORDS


def _post_ends(lines: list[str], at: int) -> int:
    """Where the embedded post that begins at ``at`` is signed; 0 when none does.

    A post of several lines is known by the quotation mark that opens it and is not closed in the first of them.
    """
    for end in range(at + 1, min(at + 6, len(lines))):
        signed = SIGNATURE.fullmatch(lines[end])
        if signed and DATE.search(signed["date"]):
            opened = lines[at].startswith("“") and lines[at].count("“") > lines[at].count("”")
            return end if end == at + 1 or opened else 0
        if _picture(lines[end]) or is_furniture(lines[end]):
            return 0
    return 0


def _post(lines: list[str]) -> str:
    signed = SIGNATURE.fullmatch(lines[-1])
    texts: list[str] = []
    link = ""
    for line in lines[:-1]:
        text, found = without_media_link(line)
        texts.append(text)
        link = link or found
    handle = signed["handle"] if signed else ""
    # The page as text has lost the address of the post: its picture's leads there, the author's comes near.
    host = "https://bsky.app/profile/" if "." in handle else "https://twitter.com/"
    element = quotation(
        [text for text in texts if text], signed["name"] if signed else "", handle, link or host + handle[1:]
    )
    return str(lxml.html.tostring(element, encoding="unicode"))


def _picture(line: str) -> Image | None:
    match = _PICTURE.fullmatch(line)
    url = image_url(match["url"]) if match else ""
    return Image(url=url, alt=plain(match["alt"])) if match and url else None


def _inline(text: str) -> str:
    """A line as HTML: its text escaped, Markdown's links made links."""
    done, at = [], 0
    for match in _LINK.finditer(text):
        url = escape(canonical_url(match["url"]))
        done += [escape(text[at : match.start()], quote=False), f'<a href="{url}">{escape(match["text"])}</a>']
        at = match.end()
    return "".join(done) + escape(text[at:], quote=False)
