"""An edition's pictures, before it is rendered: each is fetched once, made fit for mails, and kept to be served by us.

A picture that is broken, missing or slow costs its place, never the edition: what is not here when the time is over is
left out, and tried again for the next one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.editions.card import ShareCard, drawn
from bot.editions.correction_card import correction_card, drawn_correction
from bot.editions.image import TALLEST, WIDEST, ImageFile, decoded, fitted
from bot.errors import BroadsheetError, FetchError
from bot.http import Answer, Http, redacted
from bot.model import Correction, EditionStory, Fetched, HostedPicture
from bot.schedules.draft import draft
from bot.schedules.installation import Installation
from bot.schedules.pictures import addresses, cards
from bot.schedules.plan import Slot
from bot.store import Transaction

SECONDS = 25.0
"""For all pictures and cards of an edition, or of all editions of one look at the timetable, together."""
DRAWING = 5.0
"""How many of them are kept for the cards."""
EACH_SECONDS = 15.0
"""For one picture's answer."""
BYTES = 20_000_000
"""The largest file that is read: photographs of cameras have some 10 MB."""
TOGETHER = 6
AHEAD = timedelta(minutes=10)
"""So long before an edition is drafted its pictures are looked for."""
FRESH = timedelta(days=1)
"""So long a copy is good; then its server is asked whether it changed."""
FAILED = timedelta(minutes=15)
"""So long what could not be shown is not asked for again."""
WITHDRAWN = frozenset({404, 410, 451})
"""What a server says of a picture that was taken away: new editions show its copy no more."""
UNUSED = timedelta(days=30)
"""So long a copy is kept that no edition shows which went out."""
SWEPT = 50
"""Copies deleted in one transaction."""
_VALIDATOR = 500
"""Characters of the longest ETag or date that is kept."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of one picture; ``files`` are its copies, unless those that are kept are still good."""

    fetched: Fetched
    files: tuple[ImageFile, ...] = ()


class PictureTime:
    """The seconds that editions share for their pictures: what one of them takes the next has not."""

    def __init__(self, seconds: float | None = None) -> None:
        self.left = SECONDS if seconds is None else seconds

    @contextmanager
    def taken(self) -> Iterator[None]:
        """What goes on within takes of the time."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.left -= time.monotonic() - start


def host_now(installation: Installation, schedule: str, slot: Slot, now: datetime) -> None:
    """Hosts the pictures of what ``slot`` would send if it were drafted now. Not for a running event loop.

    Whatever goes wrong is logged: an edition goes out without pictures rather than not at all.
    """
    with _logged():
        if installation.settings.images.host:
            with installation.store.read() as tx:
                made = tx.editions.of_slot(schedule, slot.key)
                stories = () if made else draft(tx, installation, schedule, slot, now).edition.stories
            host_stories(installation, slot, stories, now)


def host_ahead(installation: Installation, now: datetime, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Hosts the pictures of the editions that are drafted within ``AHEAD``, as ``host_now`` does: fewer are left then.

    ``stop`` is asked between two editions.
    """
    with installation.store.read() as tx:
        if tx.flags.held() or not installation.settings.images.host:
            return
    for schedule, table in installation.settings.schedules.items():
        if table.enabled and not stop():
            start = now + table.lead_time
            for slot in installation.timetable(schedule).between(start, start + AHEAD, limit=1):
                host_now(installation, schedule, slot, now)


def host_stories(
    installation: Installation,
    slot: Slot,
    stories: Sequence[EditionStory],
    now: datetime,
    *,
    within: PictureTime | None = None,
) -> None:
    """Hosts the pictures and cards of ``stories``, as ``host_now`` does, ``within`` the time of an edition's.

    What is over then is left out, and tried again at the next look.
    """
    within = within or PictureTime()
    with within.taken():
        _host(installation, slot, stories, now, within.left)


def _host(
    installation: Installation, slot: Slot, stories: Sequence[EditionStory], now: datetime, seconds: float
) -> None:
    until = time.monotonic() + seconds
    with _logged():
        if not (installation.settings.images.host and stories):
            return
        store, urls = installation.store, addresses(stories)
        with store.read() as tx:
            known = tx.images.known(urls)
        asked = [url for url in urls if due(known.get(url), now)]
        brought = asyncio.run(_brought(installation, asked, known, now, seconds - DRAWING)) if asked else {}
        if brought:
            with store.write() as tx:
                keep(tx, brought.values(), now)
        pictures = {url: each.picture for url, each in known.items()}
        pictures |= {url: each.fetched.picture for url, each in brought.items()}
        wanted = list(cards(installation, slot, stories, pictures).values())
        with store.read() as tx:
            before = tx.images.known(card.address for card in wanted)
            missing = [card for card in wanted if due(before.get(card.address), now)]
            photos = {card.photo: tx.images.content(card.photo) for card in missing if card.photo}
        made: list[Brought] = []
        for card in missing:
            if time.monotonic() >= until:
                log.warning("share cards are left out: there was no time to draw %d", len(missing) - len(made))
                break
            made.append(draw(card, photos.get(card.photo), now))
        if made:
            with store.write() as tx:
                keep(tx, made, now)


def draw(card: ShareCard, photo: bytes | None, now: datetime) -> Brought:
    """The card, drawn beside ``photo`` (the bytes of a hosted image); or why there is none."""

    def make() -> ImageFile:
        return drawn(card, decoded(photo, within=(WIDEST, TALLEST)) if photo else None)

    return _brought_card(card.address, make, card.headline, now)


def _brought_card(address: str, make: Callable[[], ImageFile], what: str, now: datetime) -> Brought:
    try:
        file = make()
    except (ValueError, OSError) as error:
        log.warning("a share card is left out: %s: %s", what[:80], error)
        return Brought(Fetched(url=address, at=now, fault=str(error)[:500]))
    return Brought(Fetched(url=address, at=now, picture=HostedPicture(whole=file.image)), (file,))


def host_corrections(installation: Installation, corrections: Iterable[Correction], now: datetime) -> None:
    """Hosts the cards of ``corrections``, for the pages of the editions that said what is not so."""
    with _logged():
        rules, newsroom = installation.settings.images, installation.newsroom
        if not rules.host or rules.cards == "never":
            return
        for correction in corrections:
            card = correction_card(correction, newsroom)
            made = _brought_card(card.address, partial(drawn_correction, card), f"a correction of {card.about}", now)
            with installation.store.write() as tx:
                keep(tx, [made], now)
                tx.images.show(correction.edition, [file.image.name for file in made.files])


@contextmanager
def _logged() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        log.error("pictures are not hosted: %s", error, exc_info=not isinstance(error, BroadsheetError))


def keep(tx: Transaction, brought: Iterable[Brought], now: datetime) -> None:
    """Keeps the copies that were made, and that older ones are still used."""
    every = sorted(brought, key=lambda each: each.fetched.url)
    # In one order everywhere: two processes that host the same pictures wait for each other, and never both.
    for file in sorted((file for each in every for file in each.files), key=lambda file: file.image.name):
        tx.images.put(file.image, file.content, now)
    for each in every:
        if each.fetched.picture and not each.files:
            tx.images.use([image.name for image in each.fetched.picture.images], now)
        tx.images.note(each.fetched)


async def _brought(
    installation: Installation, urls: Sequence[str], known: Mapping[str, Fetched], now: datetime, seconds: float
) -> dict[str, Brought]:
    if seconds <= 0:
        log.warning("pictures are left out: there was no time to ask for %d", len(urls))
        return {url: _unasked(url, known.get(url), now) for url in urls}
    async with Http(installation.settings.http) as http:
        return await bring(http, urls, known, now, seconds=seconds)


async def bring(
    http: Http, urls: Iterable[str], known: Mapping[str, Fetched], now: datetime, *, seconds: float | None = None
) -> dict[str, Brought]:
    """Fetches all of ``urls`` within ``seconds``, with what is ``known`` of them. Raises nothing of theirs."""
    seconds = SECONDS - DRAWING if seconds is None else seconds
    places, decoding = asyncio.Semaphore(TOGETHER), asyncio.Lock()
    tasks = {
        url: asyncio.create_task(_one(http, url, known.get(url), now, places, decoding)) for url in dict.fromkeys(urls)
    }
    if tasks:
        _, slow = await asyncio.wait(tasks.values(), timeout=seconds)
        for task in slow:
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    found = {}
    for url, task in tasks.items():
        if task.cancelled() and seconds < EACH_SECONDS:
            found[url] = _unasked(url, known.get(url), now)
        elif task.cancelled():
            found[url] = _failed(url, known.get(url), now, f"{redacted(url)}: did not come in time")
        elif error := task.exception():
            log.error("a fault in the program, at a picture", exc_info=error)
            found[url] = _failed(url, known.get(url), now, f"{redacted(url)}: a fault in the program")
        else:
            found[url] = task.result()
        if found[url].fetched.fault:
            log.warning("a picture is left out: %s", found[url].fetched.fault)
    return found


async def _one(
    http: Http,
    url: str,
    known: Fetched | None,
    now: datetime,
    places: asyncio.Semaphore,
    decoding: asyncio.Lock,
) -> Brought:
    # What failed is fetched whole: its server would say that nothing changed.
    again = known if known and known.picture and not known.fault else None
    headers = {"Accept": "image/jpeg, image/png, image/webp, image/avif;q=0.5, image/gif;q=0.5"}
    if again and again.etag:
        headers["If-None-Match"] = again.etag
    if again and again.modified:
        headers["If-Modified-Since"] = again.modified
    try:
        async with places, asyncio.timeout(EACH_SECONDS):
            answer = await http.get(url, headers=headers, max_bytes=BYTES)
        if answer.status == 304 and again:
            return Brought(replace(again, at=now))
        # One at a time: the largest ones take up to 300 MB while they are decoded (measured in docs/images.md).
        async with decoding:
            whole, crop = await asyncio.to_thread(fitted, answer.body)
    except TimeoutError:
        return _failed(url, known, now, f"{redacted(url)}: no whole answer within {EACH_SECONDS:g} s")
    except FetchError as error:
        return _failed(url, None if error.status in WITHDRAWN else known, now, str(error))
    except ValueError as error:
        # Another file, or a page, stands in its place: what was there is not there any more.
        return _failed(url, None, now, f"{redacted(url)}: {error}")
    picture = HostedPicture(whole=whole.image, crop=crop.image if crop else None)
    fetched = Fetched(
        url=url,
        at=now,
        picture=picture,
        etag=_validator(answer, "etag"),
        modified=_validator(answer, "last-modified"),
    )
    return Brought(fetched, (whole, crop) if crop else (whole,))


def _failed(url: str, known: Fetched | None, now: datetime, fault: str) -> Brought:
    """The copy that is ``known`` is better than none when its server does not answer."""
    if known and known.picture:
        return Brought(replace(known, at=now - FRESH + FAILED))
    return Brought(Fetched(url=url, at=now, fault=fault[:500]))


def _unasked(url: str, known: Fetched | None, now: datetime) -> Brought:
    """Left out for want of time, which says nothing against the picture: it is due at once."""
    if known and known.picture:
        return Brought(known)
    return Brought(Fetched(url=url, at=now - FAILED, fault=f"{redacted(url)}: did not come in time"))


def due(known: Fetched | None, now: datetime) -> bool:
    """Whether a picture is to be asked for (again)."""
    return known is None or now - known.at >= (FRESH if known.picture else FAILED)


def sweep(installation: Installation) -> int:
    """Deletes copies that no edition needs, some at a time; returns how many. Raises ``StoreError``."""
    gone = 0
    while True:
        with installation.store.write() as tx:
            swept = tx.images.sweep(installation.clock() - UNUSED, SWEPT)
        gone += swept
        if swept < SWEPT:
            return gone


def _validator(answer: Answer, name: str) -> str:
    value = answer.headers.get(name, "")
    return value if len(value) <= _VALIDATOR and value.isprintable() else ""
