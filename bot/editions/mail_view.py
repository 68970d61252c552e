"""A mail as one of its readers will see it, near enough to judge it by: in light or dark, as text, without pictures.

What a mail program asks of the machine (its scheme) is written down as an answer, so that a page shows the view that it
names, whatever the scheme of who looks. Pure.
"""

from __future__ import annotations

import html as markup
import re
from enum import StrEnum

from bot.model import Email

_SHEETS = re.compile(r"<style\b[^>]*>.*?</style\s*>|<meta\b[^>]*>", re.IGNORECASE | re.DOTALL)
_DARK = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*dark\s*\)", re.IGNORECASE)
_SCHEMES = re.compile(r"light dark|light,\s*dark", re.IGNORECASE)
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_PAGE = (
    '<!doctype html><html{language}><head><meta charset="utf-8"><title>{title}</title><style>'
    ":root {{ color-scheme: light; }} body {{ margin: 0; background: #fff; color: #1c1a17; }} "
    "pre {{ margin: 0; padding: 20px; font: 13px/20px ui-monospace, Menlo, Consolas, monospace; "
    "white-space: pre-wrap; overflow-wrap: anywhere; }}"
    '</style></head><body><pre dir="auto">{text}</pre></body></html>'
)


class View(StrEnum):
    """How a mail is looked at. ``PHONE`` is ``DESKTOP`` in a narrow frame; it is the frame that makes it so."""

    DESKTOP = "desktop"
    PHONE = "phone"
    DARK = "dark"
    TEXT = "text"
    NO_IMAGES = "no-images"
    """Who shows it loads none of its pictures: their alt texts stand there."""


def seen(email: Email, view: View) -> str:
    """``email`` as a page of its own. Its holes are filled by the caller, before."""
    if view is View.TEXT:
        language = f' lang="{markup.escape(email.language)}"' if email.language else ""
        return _PAGE.format(
            language=language, title=markup.escape(email.subject), text=markup.escape(email.text, quote=False)
        )
    scheme, condition = ("dark", "@media all") if view is View.DARK else ("light", "@media not all")

    def settled(sheet: re.Match[str]) -> str:
        return _SCHEMES.sub(scheme, _DARK.sub(condition, sheet[0]))

    # Only in style sheets and meta elements: what foreign text says stays as it is.
    return _SHEETS.sub(settled, email.html)


def with_style(html: str, style: str) -> str:
    """``html`` with a style sheet more, behind its own."""
    sheet = f"<style>{style}</style>"
    found = _HEAD_END.search(html)
    return f"{html[: found.start()]}{sheet}{html[found.start() :]}" if found else f"{sheet}{html}"
