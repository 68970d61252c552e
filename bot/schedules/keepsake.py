"""An edition as files that open without a server: its mail as HTML and text, its pictures, its posts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

from bot.channels.pictures import kept
from bot.editions.post_view import page as post_page
from bot.errors import FetchError
from bot.http import Http
from bot.model import Edition, EditionState, Rendition
from bot.schedules.installation import Installation
from bot.schedules.preview import filled, payload_of, views_of

_PICTURE = re.compile(r'(<img\b[^>]*?\ssrc=")([^"]+)(")')
_TYPES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Keepsake:
    """What was written; ``named`` says which file is the ``html``, ``text``, ``choice``, and ``cards``: all posts."""

    edition: str
    state: str
    subject: str
    stories: tuple[str, ...]
    snapshot: int
    deliveries: dict[str, int]
    named: dict[str, Path]
    files: tuple[Path, ...]


async def write_keepsake(installation: Installation, schedule: str, out: Path) -> Keepsake | None:
    """Writes the schedule's newest edition that went out into ``OUT/EDITION/``; None when there is none yet."""
    with installation.store.read() as tx:
        last = tx.editions.last_sent(schedule)
        edition = tx.editions.get(last.id) if last else None
        if edition is None:
            return None
        balance = tx.deliveries.balance(edition.id)
        report = tx.editions.report(edition.id)
    folder = out / edition.id
    (folder / "posts").mkdir(parents=True, exist_ok=True)
    named: dict[str, Path] = {}
    files: list[Path] = []
    subject = ""
    posts: list[tuple[Rendition, Any]] = []
    for rendition in edition.renditions:
        if rendition.email:
            subject = rendition.email.subject
            email = filled(installation, edition, rendition.email)
            named["html"] = await _page(installation, email.html, folder / "digest.html", files)
            named["text"] = _write(folder / "digest.txt", email.text)
        elif rendition.post:
            name = "-".join(part for part in (rendition.channel, rendition.subject) if part)
            text = json.dumps(asdict(rendition.post), ensure_ascii=False, indent=2)
            files.append(_write(folder / "posts" / f"{name}.json", text + "\n"))
            if channel := installation.configured.get(rendition.channel):
                posts.append((rendition, payload_of(installation, edition, channel, rendition)))
    if posts:
        html = post_page(
            views_of(installation, posts), installation.newsroom, edition.name, installation.settings.template_folders()
        )
        named["cards"] = await _page(installation, html, folder / "posts.html", files)
    named["choice"] = _write(folder / "selection.json", json.dumps(report, ensure_ascii=False, indent=2) + "\n")
    return Keepsake(
        edition=edition.id,
        state=_said(edition),
        subject=subject,
        stories=tuple(_line(edition)),
        snapshot=balance.snapshot,
        deliveries=balance.states,
        named=named,
        files=(*named.values(), *files),
    )


async def _page(installation: Installation, html: str, file: Path, files: list[Path]) -> Path:
    """Writes ``html`` with its pictures beside it; those are added to ``files``."""
    async with Http(installation.settings.http) as http:
        own = partial(kept, installation.store, installation.newsroom)
        page, pictures = await offline(html, file.parent, http, own=own)
    files += [each for each in pictures if each not in files]
    return _write(file, page)


def _said(edition: Edition) -> str:
    return f"{edition.state} ({edition.reason})" if edition.reason else str(EditionState(edition.state))


def _line(edition: Edition) -> list[str]:
    return [
        f"{each.position}. {each.told.article.title or each.told.summary.text}  ({each.reason})"
        for each in edition.stories
    ]


async def offline(
    html: str, folder: Path, http: Http, *, own: Callable[[str], bytes | None] = lambda _: None
) -> tuple[str, list[Path]]:
    """``html`` with its pictures kept beside it, in ``FOLDER/pictures``. A picture that does not come stays a link.

    What ``own`` has of an address is not fetched.
    """
    kept: dict[str, str] = {}
    files: list[Path] = []
    for address in dict.fromkeys(match[2] for match in _PICTURE.finditer(html)):
        content = own(unescape(address))
        suffix: str | None = Path(address).suffix
        if content is None:
            try:
                answer = await http.get(unescape(address))
            except FetchError:
                continue
            content = answer.body
            suffix = _TYPES.get(answer.headers.get("content-type", "").partition(";")[0].strip().lower())
        if suffix:
            (folder / "pictures").mkdir(exist_ok=True)
            file = folder / "pictures" / f"{sha256(content).hexdigest()[:16]}{suffix}"
            file.write_bytes(content)
            files.append(file)
            kept[address] = f"pictures/{file.name}"
    return _PICTURE.sub(lambda match: match[1] + kept.get(match[2], match[2]) + match[3], html), files


def _write(file: Path, text: str) -> Path:
    file.write_text(text, "utf-8")
    return file
