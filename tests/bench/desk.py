"""How long the desk's pages take in a full store, by an install in which nothing happened yet.

The pages are asked of the application itself, in this process: what is measured is the server's own time. A page is
asked of both in turns, and the median of the ratios of neighbours is taken.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import unquote, urlsplit

from fastapi import FastAPI

from bot.clock import SetClock
from bot.delivery.reasons import groups
from bot.model import DeliveryState
from bot.schedules.installation import Installation
from bot.settings import load_settings
from bot.store import Store
from bot.testing import ENVIRONMENT, KEYS
from bot.web.app import create_app
from tests.bench import readers
from tests.bench.figure import Figure, Pairs
from tests.bench.full_record import DECLARED
from tests.bench.full_settings import EMPTY, FULL, HOUR, SMALL, Size
from tests.bench.full_store import Filled, fill, log_in
from tests.desk import Things, addresses

TIMES, KILOBYTES, PICKS = 3.0, 150, 0.3
TOLD = 2.0
"""From here on a page is told of in docs/performance.md."""
ON = ("desk.sqlite", "desk.postgresql")
BEGIN, END = "<!-- the desk's pages: written by `make bench` -->", "<!-- end of the desk's pages -->"
WARMING = 2
"""A page is asked so often before it is timed: its template is compiled, its rows are in memory."""

LOOKS = (
    "calendar?month={month}",
    "calendar?list={day}",
    "calendar?week={day}",
    "numbers?span=12w",
    "numbers?span=12m",
    "numbers?span=28d&schedule=morning&rows=all",
    "articles?source=s0",
    "articles?section=Section+3",
    "articles?state=withdrawn",
    "articles?q=nothing+of+this+kind",
    "articles?day={day}",
    "audience?state=unsubscribed",
    "audience?audience=weekend&state=unsubscribed",
    "audience?q=Noor",
    "audience?q=zzzz",
    "audience?q=eader&state=unsubscribed",
    "audience/readers/{reader}?show=mail",
    "audience/suppressions?q=zzzz",
    "deliveries?reader={address}",
    "deliveries?reader={lately}",
    "deliveries?state=unknown",
    "deliveries?schedule=noon",
    "editions/{sending}/delivery",
    "editions/{sending}/delivery/cancel",
    "editions/{sending}/delivery/readers?state=deferred",
    "editions/{sent}/delivery/readers",
    "editions/{sent}/delivery/readers?q=eader",
    "editions/{sent}/delivery/readers?state=failed&reason={reason}",
    "editions/{sent}/delivery/readers?state=unknown",
    "activity?who=Tom+3",
    "activity?who=Tom+3&kind=edition",
    "activity?day={day}",
    "search?q=reader0000007",
    "search?q=zzzz",
    "schedules/desk",
)
"""Pages beside those of ``tests.desk``: as somebody asks for them who looks for what is old, rare or not there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``kind`` is the media type; ``seconds`` until the last byte."""

    status: int
    kind: str
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Room:
    """The desk over one store, its pages in the same order as those of the others.

    ``ids`` are what stands in their addresses, by the names under which they are told.
    """

    app: FastAPI
    cookies: Mapping[str, str]
    pages: Sequence[str]
    ids: Mapping[str, str]

    def told(self, address: str) -> str:
        """``address`` with names in the place of ids."""
        for name, id in self.ids.items():
            address = address.replace(id, name)
        return address

    async def ask(self, address: str) -> Answer:
        """What the application answers to GET, by ASGI 3.0 and nothing between."""
        parts = urlsplit(address)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "root_path": "",
            "headers": [(b"host", b"127.0.0.1:8080"), (b"cookie", cookie.encode()), (b"accept-language", b"en")],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8080),
        }
        status, size, headers, asked = 0, 0, {}, False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                # Nobody leaves before the answer is there.
                await asyncio.Event().wait()
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, size, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], dict(message["headers"])
            else:
                size += len(message.get("body", b""))

        began = time.perf_counter()
        await self.app(scope, receive, send)
        seconds = time.perf_counter() - began
        return Answer(status, headers.get(b"content-type", b"").decode().partition(";")[0], size, seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """``against``: ``empty``, or ``small`` for a page that an empty install does not have. Seconds are medians."""

    page: str
    against: str
    ratio: float
    seconds: float
    reference: float
    size: int

    def told(self) -> dict[str, Any]:
        return {
            "page": self.page,
            "against": self.against,
            "ratio": round(self.ratio, 2),
            "milliseconds": round(1000 * self.seconds, 1),
            "reference_milliseconds": round(1000 * self.reference, 1),
            "bytes": self.size,
        }


def measured(folder: Path, size: Size, repeats: int) -> list[Figure]:
    """On SQLite, and on PostgreSQL."""
    on_sqlite = _on("sqlite", lambda: nullcontext(f"sqlite:///{folder}/desk-{token_hex(4)}.db"), folder, size, repeats)
    return on_sqlite + _on("postgresql", readers.postgresql_database, folder, size, repeats)


def _on(
    name: str, database: Callable[[], AbstractContextManager[str]], folder: Path, size: Size, repeats: int
) -> list[Figure]:
    now = datetime.now(UTC).replace(hour=HOUR, minute=30, second=0, microsecond=0)
    with (
        database() as one,
        database() as two,
        database() as three,
        opened(one, FULL, now, folder) as large,
        opened(two, FULL, now, folder) as little,
        opened(three, EMPTY, now, folder) as bare,
    ):
        began = time.perf_counter()
        filled = fill(large, size)
        took = time.perf_counter() - began
        rooms = (
            room(large, filled, filled.oldest),
            room(little, fill(little, SMALL), filled.oldest),
            room(bare, nothing(filled.oldest, log_in(bare)), filled.oldest),
        )
        pages, left_out, picks = asyncio.run(looked_at(*rooms, repeats))
    return figures(name, size, pages, left_out, picks, took)


@contextmanager
def opened(url: str, toml: str, now: datetime, folder: Path) -> Iterator[Installation]:
    """An installation with these settings over the store at ``url``, whose clock stands at ``now``."""
    config = folder / f"desk-{token_hex(4)}"
    config.mkdir()
    (config / "broadsheet.toml").write_text(toml, "utf-8")
    settings = load_settings(config, {**ENVIRONMENT, "BROADSHEET_TOWN_TOKEN": "t0wn"})
    store = Store.open(url, KEYS.address_key)
    try:
        yield Installation(settings, store, KEYS, SetClock(now))
    finally:
        store.close()


def nothing(oldest: datetime, cookies: dict[str, str]) -> Filled:
    """What stands in the addresses of an empty install: its settings' names, and ids of nothing."""
    none = "a" * 12
    things = Things(
        cookies=cookies,
        waiting=none,
        sent=none,
        article=1,
        reader=1,
        upload="0" * 16,
        channel="mail",
        schedule="morning",
        source="s0",
        address="nobody@example.org",
        webhook=1,
    )
    nobody = "nobody@example.org"
    return Filled(things=things, sending=none, address=nobody, lately=nobody, oldest=oldest)


def room(installation: Installation, filled: Filled, day: datetime) -> Room:
    """The desk of an installation; ``day`` is looked at where a page is asked for an old one."""
    app, things = create_app(installation), filled.things
    with installation.store.read() as tx:
        failed = [each.reason for each in groups(tx, things.sent) if each.state is DeliveryState.FAILED]
    at = {
        "month": f"{day:%Y-%m}",
        "day": f"{day:%Y-%m-%d}",
        "reader": things.reader,
        "address": filled.address,
        "lately": filled.lately,
        "sending": filled.sending,
        "sent": things.sent,
        # The rarest.
        "reason": failed[-1] if failed else "",
    }
    pages = [*addresses(app, things), *(f"/{look}".format(**at) for look in LOOKS)]
    ids = {
        "SENT": things.sent,
        "SENDING": filled.sending,
        "WAITING": things.waiting,
        "READER": str(things.reader),
        "FILE": things.upload,
        "ADDRESS": filled.address,
        "LATELY": filled.lately,
        "ARTICLE": str(things.article),
    }
    return Room(app, things.cookies, pages, ids)


async def looked_at(full: Room, small: Room, empty: Room, repeats: int) -> tuple[list[Page], list[str], list[float]]:
    """The pages that were measured, those that are none (files, and what is nowhere to be seen), and the picks."""
    pages, left_out = [], []
    for ours, few, none in zip(full.pages, small.pages, empty.pages, strict=True):
        answer = await full.ask(ours)
        if answer.status != 200 or answer.kind != "text/html":
            left_out.append(f"{full.told(ours)}: {answer.status} {answer.kind}")
            continue
        against, reference = "empty", (empty, none)
        if (await empty.ask(none)).status != 200:
            against, reference = "small", (small, few)
            if (await small.ask(few)).status != 200:
                left_out.append(f"{full.told(ours)}: in neither of the others")
                continue
        pages.append(await _page(full, ours, against, *reference, repeats))
    look = f"/schedules/{DECLARED}?look=yes"
    picks = [(await full.ask(look)).seconds for _ in range(WARMING + repeats)][WARMING:]
    return pages, left_out, picks


async def _page(full: Room, ours: str, against: str, other: Room, theirs: str, repeats: int) -> Page:
    candidate, reference = [], []
    for turn in range(WARMING + repeats):
        beside, answer = await other.ask(theirs), await full.ask(ours)
        if (beside.status, answer.status) != (200, 200):
            raise RuntimeError(f"{ours}: {answer.status}, and {beside.status} in the {against} one")
        if turn >= WARMING:
            reference.append(beside.seconds)
            candidate.append(answer.seconds)
    return Page(
        page=full.told(ours),
        against=against,
        ratio=Pairs(candidate, reference).ratio,
        seconds=statistics.median(candidate),
        reference=statistics.median(reference),
        size=answer.size,
    )


def figures(
    name: str, size: Size, pages: Sequence[Page], left_out: Sequence[str], picks: Sequence[float], filling: float
) -> list[Figure]:
    """The largest ratio, the largest page, and what a schedule would pick now; all pages are in ``raw``."""
    slowest, heaviest = max(pages, key=lambda each: each.ratio), max(pages, key=lambda each: each.size)
    of = f"{size.articles:,} articles, {size.editions:,} editions and {size.readers:,} readers"
    beyond = sum(each.ratio > TIMES for each in pages)
    raw = {
        "pages": [each.told() for each in sorted(pages, key=lambda each: -each.ratio)],
        "left_out": list(left_out),
        "beyond": beyond,
        "median_ratio": round(statistics.median(each.ratio for each in pages), 2),
        "filling_seconds": round(filling, 1),
    }
    return [
        Figure(
            name=f"desk.{name}",
            value=slowest.ratio,
            aim=TIMES,
            at_most=True,
            why=f"server time of a page of the desk with {of} ÷ that of an empty install: the largest of "
            f"{len(pages)} pages, {beyond} beyond the aim",
            raw=raw,
        ),
        Figure(
            name=f"desk.{name}_kilobytes",
            value=heaviest.size / 1000,
            unit="kB",
            aim=KILOBYTES,
            at_most=True,
            why="the heaviest of these pages",
            raw={"page": heaviest.page, "bytes": heaviest.size},
        ),
        Figure(
            name=f"desk.{name}_picks",
            value=statistics.median(picks),
            unit="s",
            aim=PICKS,
            at_most=True,
            why="what a schedule would pick now, and why not the others, beside its form",
            raw={"seconds": [round(each, 3) for each in picks]},
        ),
    ]


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The pages of ``report.kept`` that take ``TOLD`` times as long, or more, on one of the two; as Markdown."""
    kept = {row["name"]: {each["page"]: each for each in row["raw"]["pages"]} for row in rows if row["name"] in ON}
    worst: dict[str, float] = {}
    for pages in kept.values():
        for page, each in pages.items():
            worst[page] = max(each["ratio"], worst.get(page, 0.0))
    lines = ["| page | beside | SQLite | PostgreSQL | kB |", "| --- | --- | --- | --- | --- |"]
    for page in sorted((page for page, ratio in worst.items() if ratio >= TOLD), key=lambda page: -worst[page]):
        found = [kept.get(name, {}).get(page) for name in ON]
        one = next(each for each in found if each)
        cells = [f"{each['milliseconds']:.0f} ms, {each['ratio']:.1f} ×" if each else "–" for each in found]
        lines.append(f"| `{page}` | {one['against']} | {' | '.join(cells)} | {one['bytes'] / 1000:.0f} |")
    return "\n".join(lines)
