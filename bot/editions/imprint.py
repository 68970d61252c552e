"""What the law wants each mail to say, looked for in the digest as a reader would see it.

Sources, checked 2026-11-26: 15 U.S.C. §7704(a)(3) and (5) (CAN-SPAM: a postal address, and a way to opt out, clear and
conspicuous); GDPR article 14(2)(f) (from which source you have somebody's address); Gmail clips a mail at 102 kB and
what stands behind the cut with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import html as lxml_html

from bot.editions.digest import LARGEST
from bot.editions.environment import letters_of
from bot.model import Email, MergeField, Phrase

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_UNSEEN = {"head", "style", "script", "title", "template"}


@dataclass(frozen=True, slots=True)
class Lacking:
    """``what``: ``address``, ``reason``, ``unsubscribe``; ``part``: ``HTML`` or ``text``; ``fix``: for the template."""

    what: str
    part: str
    said: str
    fix: str


def lacking(email: Email, *, edition: str, address: str) -> Iterator[Lacking]:
    """What ``email`` of ``edition`` does not say. ``address`` is the newsroom's postal one ("": not looked for)."""
    page = lxml_html.document_fromstring(email.html) if email.html.strip() else None
    shown = {"HTML": " ".join(_seen(page)) if page is not None else "", "text": email.text}
    reason, unsubscribe = (each.hole(edition) for each in (MergeField.SUBSCRIBED, MergeField.UNSUBSCRIBE_URL))
    for part, text in shown.items():
        if address and letters_of(address) not in letters_of(text):
            yield Lacking(
                "address",
                part,
                Phrase("the newsroom's postal address is not in it"),
                _printed("{{ newsroom.name }}, {{ address }}"),
            )
        if reason not in text:
            yield Lacking(
                "reason",
                part,
                Phrase("why the reader gets it, and since when, is not in it"),
                Phrase(
                    "print %(code)s, or words of your own with %(hole)s",
                    code='{{ say("why", site=site, date=holes.subscribed) }}',
                    hole="{{ holes.subscribed }}",
                ),
            )
    if page is None or unsubscribe not in _linked(page):
        yield Lacking(
            "unsubscribe",
            "HTML",
            Phrase("no link that can be seen leads to unsubscribing"),
            Phrase("put %(code)s into it", code='<a href="{{ holes.unsubscribe_url }}">{{ say("unsubscribe") }}</a>'),
        )
    elif len(email.html.encode()[: email.html.encode().find(unsubscribe.encode())]) > LARGEST:
        yield Lacking(
            "unsubscribe",
            "HTML",
            Phrase("the unsubscribe link stands behind %(size)s kB", size=LARGEST // 1000),
            Phrase("make the template smaller"),
        )
    if unsubscribe not in email.text:
        yield Lacking(
            "unsubscribe",
            "text",
            Phrase("the address for unsubscribing is not in it"),
            _printed("{{ holes.unsubscribe_url }}"),
        )


def _printed(code: str) -> Phrase:
    return Phrase("print %(code)s", code=code)


def _seen(element: lxml_html.HtmlElement) -> Iterator[str]:
    """The texts below ``element`` that a reader sees."""
    if not isinstance(element.tag, str) or element.tag in _UNSEEN or _HIDDEN.search(element.get("style", "")):
        return
    if element.text:
        yield element.text
    for child in element:
        yield from _seen(child)
        if child.tail:
            yield child.tail
    if element.tag == "img" and element.get("alt"):
        yield element.get("alt")


def _linked(page: lxml_html.HtmlElement) -> set[str]:
    """Where the links lead that have something to click on, and are not hidden."""
    found = set()
    for link in page.iter("a"):
        hidden = any(_HIDDEN.search(each.get("style", "")) for each in (link, *link.iterancestors()))
        if not hidden and "".join(_seen(link)).strip():
            found.add(link.get("href", "").strip())
    return found
