"""The demo's mails as their readers see them: a page on loopback that lists the mailbox and opens each mail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.testing.ports import HOST
from bot.testing.server import served

SHOWN = 100
"""Mails that are listed, the newest."""
SECONDS = 5
"""How often the list looks again."""

_NAME = re.compile(r"\d+-[\w.+-]{1,64}\.eml")
_LIST = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'"
# A mail program runs no script either; its links open beside the mail.
_MAIL = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src http: https: data:; frame-ancestors 'self'; form-action 'none'"
)
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
ol { list-style: none; padding: 0; } li { border-top: 1px solid #8886; padding: .5rem 0; }
.meta { color: GrayText; font-size: .85em; } iframe { width: 100%; height: 80vh; border: 1px solid #8886; }
"""


class Inbox:
    """The pages of the mails in ``folder``, which a ``Mailbox`` fills; times are those of the newsroom."""

    def __init__(self, folder: Path, timezone: str) -> None:
        self._folder, self._zone = folder, ZoneInfo(timezone)
        self._place = self._zone.key.rpartition("/")[2].replace("_", " ")

    def listed(self, request: Request) -> Response:  # noqa: ARG002 - as Starlette calls it
        """The newest mails; the page loads anew by itself."""
        found = sorted(self._folder.glob("*.eml"), key=lambda file: _number(file.name), reverse=True)
        rows = "".join(f"<li>{self._line(file)}</li>" for file in found[:SHOWN]) or "<li>No mail has come yet.</li>"
        more = f"<p class=meta>and {len(found) - SHOWN} older ones in {escape(str(self._folder))}</p>"
        head = f'<meta http-equiv="refresh" content="{SECONDS}">'
        title = f"{len(found)} mail{'' if len(found) == 1 else 's'}"
        top = f"<p class=meta>Broadsheet’s demo · times in {self._place}, as on the desk</p>"
        body = f"{top}<h1>{title}</h1><ol>{rows}</ol>{more if len(found) > SHOWN else ''}"
        return _page(title, body, head)

    def opened(self, request: Request) -> Response:
        """One mail: who it is from and to, and how it looks."""
        mail = self._mail(request.path_params["name"])
        if mail is None:
            return Response("There is no such mail.\n", status_code=404, media_type="text/plain")
        facts = {"From": mail["From"], "To": mail["To"], "Date": self._dated(mail)}
        lines = "".join(f"<div class=meta>{name}: {escape(str(said))}</div>" for name, said in facts.items() if said)
        subject = escape(str(mail["Subject"] or ""))
        frame = f'<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="{escape(request.url.path)}/body"'
        body = f'<p><a href="./">All mails</a></p><h1>{subject}</h1>{lines}<p>{frame} title="{subject}"></iframe></p>'
        return _page(subject, body)

    def body(self, request: Request) -> Response:
        """The mail itself: its HTML, else its text."""
        mail = self._mail(request.path_params["name"])
        part = mail.get_body(("html", "plain")) if mail else None
        if part is None:
            return Response("There is no such mail.\n", status_code=404, media_type="text/plain")
        kind = "text/html" if part.get_content_subtype() == "html" else "text/plain"
        # In a tab of its own, so that what a link opens is not within the frame.
        content = str(part.get_content()).replace("<head>", '<head><base target="_blank">', 1)
        return Response(content, media_type=f"{kind}; charset=utf-8", headers={"Content-Security-Policy": _MAIL})

    def _line(self, file: Path) -> str:
        try:
            with file.open("rb") as stream:
                mail = BytesHeaderParser(policy=policy.default).parse(stream)
            subject, to = (str(mail[name] or "") for name in ("Subject", "To"))
            sent = self._sent(mail)
            when = f"{sent:%d %b %H:%M:%S}" if sent else ""
        except (OSError, ValueError):
            subject, to, when = file.name, "", ""
        link = f'<a href="./{escape(file.name)}">{escape(subject) or escape(file.name)}</a>'
        return f"{link}<div class=meta>to {escape(to)} · {when}</div>"

    def _dated(self, mail: Message) -> str:
        """When it was sent, as a mail program has it: by the clock of who reads. What is no date stands as it came."""
        sent = self._sent(mail)
        return f"{sent:%a, %d %b %Y %H:%M:%S} in {self._place}" if sent else str(mail["Date"] or "")

    def _sent(self, mail: Message) -> datetime | None:
        try:
            sent = parsedate_to_datetime(str(mail["Date"] or ""))
            # "-0000" is UTC of an unknown place, and no hour of this machine's.
            return (sent if sent.tzinfo else sent.replace(tzinfo=UTC)).astimezone(self._zone)
        except (ValueError, OverflowError):
            return None

    def _mail(self, name: str) -> EmailMessage | None:
        if not _NAME.fullmatch(name):
            return None
        try:
            return message_from_bytes((self._folder / name).read_bytes(), policy=policy.default)
        except OSError:
            return None


def _number(name: str) -> int:
    number = name.partition("-")[0]
    return int(number) if number.isascii() and number.isdecimal() else 0


def _page(title: str, body: str, head: str = "") -> Response:
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>'
        f"<body>{body}</body></html>"
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": _LIST, "Cache-Control": "no-store"})


def inbox_app(folder: Path, timezone: str) -> Starlette:
    """The pages of ``folder``, for browsers that ask for this machine by its own name."""
    box = Inbox(folder, timezone)
    return Starlette(
        routes=[Route("/", box.listed), Route("/{name}", box.opened), Route("/{name}/body", box.body)],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


@contextmanager
def inbox(folder: Path, timezone: str, port: int = 0) -> Iterator[str]:
    """Shows the mails in ``folder``, with times of ``timezone``, and yields the URL; another port if it is taken."""
    with served(inbox_app(folder, timezone), port) as base:
        yield base
