"""What a slot would send, without sending anything, or storing more than what a language model wrote for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from bot.audience.links import ReaderLink, image_url, preferences_url, unsubscribe_url
from bot.channels.base import Channel, Posting
from bot.editions import compose
from bot.editions.compose import Shown
from bot.editions.post_view import PostView, view
from bot.editions.post_view import page as post_page
from bot.editions.wording import wording
from bot.errors import BroadsheetError, DeliveryError, NotFound, NothingToDo, SettingsError
from bot.http import Http
from bot.model import (
    Edition,
    EditionStory,
    Email,
    Fetched,
    Finding,
    MergeField,
    Parcel,
    Phrase,
    Receipt,
    Recipient,
    Rendition,
)
from bot.schedules.draft import Draft, draft, texts_of
from bot.schedules.hosting import bring, draw, due
from bot.schedules.hosting import keep as keep_pictures
from bot.schedules.installation import Installation
from bot.schedules.machine_texts import inside_http, missing, never_in_the_way, write_missing
from bot.schedules.pictures import addresses, cards, shown
from bot.schedules.plan import Slot
from bot.schedules.preflight import asked, found
from bot.schedules.readers import Survey, choices_of, survey, told
from bot.settings import is_address
from bot.sources.collect import fetch, keep
from bot.tokens import delivery_token

SAMPLE = "reader@example.org"


@dataclass(frozen=True, slots=True)
class Previewed:
    """What would go out; ``files`` are those written, ``warnings`` what the sources said, ``findings`` the preflight.

    ``readers`` says who would get what: as ``selection.json`` has it; None for what sends no mail.
    """

    edition: Edition
    files: tuple[Path, ...]
    warnings: tuple[str, ...]
    readers: dict[str, Any] | None = None
    findings: tuple[Finding, ...] = ()


async def preview(
    installation: Installation, schedule: str, slot: Slot, out: Path | None, *, variant: str = ""
) -> Previewed:
    """The edition of ``slot`` as it would be made now, from what the sources say now.

    Writes ``digest.html``, ``digest.txt``, ``digest.eml``, ``posts/CHANNEL.json`` with what goes on the wire,
    ``posts.html`` that shows each post as its network would, and ``selection.json`` into ``out``, unless that is None:
    then its links are not asked either. Beside them are the pictures that would be hosted, to which ``digest.html`` and
    ``posts.html`` lead. The digest is that of ``variant`` instead of the general one. Raises
    ``RenderError``, ``SettingsError``, ``NotFound``.
    """
    made, warnings, seen = await _drafted(installation, schedule, slot, variant)
    readers = made.report.get("readers")
    if out is None:
        return Previewed(made.edition, (), warnings, readers)
    reached = await asked(installation, made.edition)
    with installation.store.read() as tx:
        findings = found(tx, installation, made.edition, reached, seen.fetched)
    try:
        files = await _written(installation, made, seen.images, out)
    except OSError as error:
        raise SettingsError(
            f"{error.filename or out}: cannot be written: {error.strerror}; name another --out"
        ) from error
    return Previewed(made.edition, tuple(files), warnings, readers, findings)


async def _drafted(
    installation: Installation, schedule: str, slot: Slot, variant: str = "", *, hosting: bool = False
) -> tuple[Draft, tuple[str, ...], _Pictures]:
    """The draft, what there is to warn of, and its pictures; copies of them are stored only for ``hosting``."""
    at = max(installation.clock(), slot.due)
    async with Http(installation.settings.http) as http:
        brought = await fetch(installation.sources, installation.store, http, installation.clock)
    warnings: list[str] = []
    audience = installation.settings.schedules[schedule].audience
    if installation.settings.llm.on:
        with installation.store.trial() as tx:
            for each in brought:
                keep(tx, each)
            stories = draft(tx, installation, schedule, slot, at).edition.stories
            texts = texts_of(tx, installation.settings.llm, [story.article for story in stories])
        with never_in_the_way():
            async with inside_http(installation) as http:
                # What is paid for is kept: it is written for the edition, and not for its preview.
                await write_missing(installation, http, missing(installation, schedule, stories, texts))
    with installation.store.trial() as tx:
        for each in brought:
            report = keep(tx, each)
            warnings += [f"{report.source}: {report.error}"] if report.error else []
            warnings += [f"{report.source}: {warning}" for warning in report.warnings]
        made = draft(tx, installation, schedule, slot, at)
        stories = made.edition.stories
        choices = choices_of(installation, made.edition)
        surveyed = survey(tx, choices, audience, at) if audience and stories else None
    # After the trial: nobody else's writing should wait for templates. A link that is counted leads on from an edition
    # that went out, and this one does not.
    pictures = await _pictures(installation, slot, stories, hosting)
    frame = replace(installation.frame(schedule, slot, made.edition.corrections, pictures.shown), clicks=False)
    renditions = compose.render(frame, stories) if stories else ()
    if surveyed is None:
        _need_no_variant(variant, ())
        return replace(made, edition=replace(made.edition, renditions=renditions)), tuple(warnings), pictures
    if variant:
        renditions = tuple(_of_variant(frame, stories, each, surveyed, variant) for each in renditions)
    report_of = {**made.report, "readers": told(surveyed)}
    whole = replace(made, edition=replace(made.edition, renditions=renditions), report=report_of)
    return whole, tuple(warnings), pictures


@dataclass(frozen=True, slots=True)
class _Pictures:
    """What a preview shows and did not store: ``images`` are the copies' bytes by name, ``fetched`` by address."""

    shown: Shown = field(default_factory=Shown)
    images: Mapping[str, bytes] = field(default_factory=dict)
    fetched: Mapping[str, Fetched] = field(default_factory=dict)


async def _pictures(
    installation: Installation, slot: Slot, stories: Sequence[EditionStory], hosting: bool
) -> _Pictures:
    if not installation.settings.images.host:
        return _Pictures()
    urls, now = addresses(stories), installation.clock()
    with installation.store.read() as tx:
        known = tx.images.known(urls)
    async with Http(installation.settings.http) as http:
        brought = await bring(http, [url for url in urls if due(known.get(url), now)], known, now)
    fetched = {**known, **{url: each.fetched for url, each in brought.items()}}
    images = {file.image.name: file.content for each in brought.values() for file in each.files}
    with installation.store.read() as tx:
        for picture in filter(None, (each.picture for each in fetched.values())):
            for name in {image.name for image in picture.images} - images.keys():
                images[name] = tx.images.content(name) or b""
    pictures = {url: each.picture for url, each in fetched.items()}
    wanted = cards(installation, slot, stories, pictures)
    drawn = {each.address: await asyncio.to_thread(draw, each, images.get(each.photo), now) for each in wanted.values()}
    images |= {file.image.name: file.content for each in drawn.values() for file in each.files}
    if hosting:
        with installation.store.write() as tx:
            keep_pictures(tx, [*brought.values(), *drawn.values()], now)
    drawings = {url: each.fetched.picture for url, each in drawn.items()}
    return _Pictures(shown(installation, pictures, wanted, drawings), images, fetched)


def _of_variant(
    frame: compose.Frame, stories: Sequence[EditionStory], rendition: Rendition, surveyed: Survey, name: str
) -> Rendition:
    if not rendition.email:
        return rendition
    known = [variant for variant, _ in surveyed.variants]
    _need_no_variant(name, [each.id for each in known])
    chosen = next(each for each in known if each.id == name)
    made = compose.render_variant(frame, stories, chosen, rendition.channel)
    return replace(rendition, email=made.email, images=made.images)


def _need_no_variant(name: str, known: Sequence[str]) -> None:
    if name and name not in known:
        there = f"there are: {', '.join(known[:5])}{' …' if len(known) > 5 else ''}" if known else "there is none"
        raise NotFound(f"no reader would get a variant {name[:40]}; {there}; `broadsheet preview` shows them")


async def _written(installation: Installation, made: Draft, images: Mapping[str, bytes], out: Path) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    files = [_write(out / "selection.json", _json(made.report))]
    seen = {name for rendition in made.edition.renditions for name in rendition.images}
    for name in sorted(seen & images.keys()):
        (out / "images").mkdir(exist_ok=True)
        files.append(_write(out / "images" / name, images[name]))
    posts: list[tuple[Rendition, Any]] = []
    async with installation.connected() as connected:
        for rendition in made.edition.renditions:
            channel = connected.channels[rendition.channel]
            if rendition.email:
                email = filled(installation, made.edition, rendition.email)
                files.append(_write(out / "digest.html", _with_copies(installation, email.html, images)))
                files.append(_write(out / "digest.txt", email.text))
                compose = getattr(channel, "compose", None)
                if compose:
                    parcel = _sample_parcel(installation, made.edition, rendition.channel, SAMPLE)
                    files.append(_write(out / "digest.eml", compose(parcel)))
            elif rendition.post:
                name = "-".join(part.replace("/", "-") for part in (rendition.channel, rendition.subject) if part)
                (out / "posts").mkdir(exist_ok=True)
                payload = payload_of(installation, made.edition, channel, rendition)
                files.append(
                    _write(out / "posts" / f"{name}.json", _json({**asdict(rendition.post), "payload": payload}))
                )
                posts.append((rendition, payload))
    if posts:
        html = post_page(
            views_of(installation, posts),
            installation.newsroom,
            made.edition.name,
            installation.settings.template_folders(),
        )
        files.append(_write(out / "posts.html", _with_copies(installation, html, images)))
    return files


def _with_copies(installation: Installation, html: str, images: Mapping[str, bytes]) -> str:
    """``html`` that shows the pictures that lie beside it, not those that nobody serves yet."""
    for name in images:
        html = html.replace(escape(image_url(installation.newsroom, name)), f"images/{name}")
    return html


def payload_of(installation: Installation, edition: Edition, channel: Channel, rendition: Rendition) -> Any:
    """What would go on the wire; what a channel says that it cannot send."""
    if not isinstance(channel, Posting):
        return None
    token = delivery_token(installation.keys, edition.id, rendition.channel, rendition.subject, 0)
    parcel = Parcel.of(edition, rendition, token)
    try:
        return channel.payload(parcel)
    except DeliveryError as error:
        return {"refused": str(error)}


def views_of(installation: Installation, posts: Sequence[tuple[Rendition, Any]]) -> list[PostView]:
    """Posts as their followers see them, each with its payload, as ``payload_of`` says it."""
    outlets = installation.outlets
    with installation.store.read() as tx:
        states = tx.channels.all()
    return [
        view(
            rendition,
            outlets[rendition.channel],
            installation.newsroom,
            account=states[rendition.channel].account if rendition.channel in states else "",
            payload=payload,
        )
        for rendition, payload in posts
    ]


def filled(installation: Installation, edition: Edition, email: Email) -> Email:
    """The mail as a sample reader would see it."""
    values = _sample_values(installation, edition)
    html, text = email.html, email.text
    for each, value in values.items():
        html = html.replace(each.hole(edition.id), escape(value))
        text = text.replace(each.hole(edition.id), value)
    return replace(email, html=html, text=text)


def _sample_values(installation: Installation, edition: Edition) -> dict[MergeField, str]:
    newsroom, keys = installation.newsroom, installation.keys
    link = ReaderLink(0, _audience(installation, edition), edition.id)
    return {
        MergeField.UNSUBSCRIBE_URL: unsubscribe_url(newsroom, keys, link),
        MergeField.PREFERENCES_URL: preferences_url(newsroom, keys, link),
        MergeField.ADDRESS: SAMPLE,
        MergeField.SUBSCRIBED: wording(newsroom.language, newsroom.timezone).day(edition.created),
    }


def _audience(installation: Installation, edition: Edition) -> str:
    return installation.settings.schedules[edition.schedule].audience


def _sample_parcel(installation: Installation, edition: Edition, channel: str, address: str) -> Parcel:
    rendition = next(each for each in edition.renditions if each.channel == channel)
    reader = Recipient(
        subscriber=0, address=address, audience=_audience(installation, edition), subscribed=edition.created
    )
    subject = f"test:{address}/{edition.created.isoformat()}"
    token = delivery_token(installation.keys, edition.id, channel, subject, 0)
    return Parcel.of(edition, rendition, token, recipient=reader)


async def send_test(
    installation: Installation, schedule: str, slot: Slot, to: str, *, variant: str = ""
) -> list[Receipt]:
    """Sends the slot's mail, or ``variant`` of it, to one address, its subject marked ``[Test]``; hosts its pictures.

    Raises ``DeliveryError``, ``NotFound``.
    """
    if not is_address(to):
        raise SettingsError(Phrase("%(address)s: is not a mail address", address=to))
    made, _, _ = await _drafted(installation, schedule, slot, variant, hosting=True)
    mails = [each for each in made.edition.renditions if each.email]
    if not mails:
        why = made.edition.reason or Phrase("it sends no mail")
        raise NothingToDo(
            Phrase(
                "the slot %(slot)s of %(schedule)s has no mail to test: %(why)s",
                slot=slot.key,
                schedule=schedule,
                why=why,
            )
        )
    receipts: list[Receipt] = []
    async with installation.connected() as connected:
        for rendition in mails:
            assert rendition.email is not None
            marked = replace(rendition, email=replace(rendition.email, subject=f"[Test] {rendition.email.subject}"))
            parcel = _sample_parcel(installation, made.edition, rendition.channel, to)
            receipts.append(await connected.channels[rendition.channel].send(replace(parcel, rendition=marked)))
    return receipts


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=_moment) + "\n"


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise BroadsheetError(f"{type(value).__name__} has no JSON form")


def _write(file: Path, content: str | bytes) -> Path:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file
