"""Progress as people see it: on a terminal a picture that is redrawn once a second, a line of JSON for programs."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.channels.email.providers import OTHERS
from bot.clock import Clock
from bot.delivery.progress import progress
from bot.errors import StoreError
from bot.model import DomainProgress, EditionState, Progress, ServerProgress
from bot.store import Store

EVERY = 1.0
"""Seconds between two looks."""
SERVERS = 8
DOMAINS = 8
SAID = 28
"""Characters of an answer that fit."""
_ENDED = frozenset({EditionState.SENT, EditionState.CANCELLED, EditionState.EXPIRED, EditionState.SKIPPED})
_QUIET = frozenset({"accepted", "pending", "suppressed", "excluded", "leased", "attempting"})
_TRIED = ("accepted", "deferred", "failed")


def ended(state: EditionState) -> bool:
    """Whether nothing more comes of an edition by itself."""
    return state in _ENDED


def follow(
    store: Store, edition: str, clock: Clock, told: Callable[[Progress], None], wait: Callable[[float], object]
) -> None:
    """Tells how ``edition`` stands, once a second, until it has ended or ``wait`` says so. Raises ``NotFound``."""
    while True:
        with store.read() as tx:
            found = progress(tx, edition, clock())
        told(found)
        if ended(found.state) or wait(EVERY):
            return


@contextmanager
def drawn(zone: str, *, on: bool = True) -> Iterator[Callable[[Progress], None]]:
    """What it is told is drawn on a terminal (standard error), over what it was told before; elsewhere nothing is."""
    console = Console(stderr=True, highlight=False)
    if not (on and console.is_terminal):
        yield lambda _found: None
        return
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda found: live.update(picture(found, zone), refresh=True)


@contextmanager
def shown(store: Store, edition: str, zone: str, clock: Clock) -> Iterator[None]:
    """While the block runs, how ``edition`` stands is drawn on a terminal; elsewhere nothing is."""
    if not sys.stderr.isatty():
        yield
        return
    stop = threading.Event()
    with drawn(zone) as draw:

        def keep_drawing() -> None:
            while not stop.is_set():
                try:
                    follow(store, edition, clock, draw, stop.wait)
                    return
                except StoreError:
                    # Who sends says so; the picture stands until the store is back.
                    stop.wait(EVERY)

        drawing = threading.Thread(target=keep_drawing, name="progress", daemon=True)
        drawing.start()
        try:
            yield
        finally:
            stop.set()
            drawing.join()


def picture(found: Progress, zone: str) -> RenderableType:
    """How an edition stands, for 80 columns and more."""
    parts: list[RenderableType] = [_head(found), _bar(found), Text(pace(found, zone)), _states(found)]
    servers = [each for each in found.servers if each.address]
    if servers:
        parts += [Text(), _servers(servers[:SERVERS], zone)]
        if len(servers) > SERVERS:
            parts.append(Text(f"and {len(servers) - SERVERS} more", style="dim"))
    if found.domains:
        parts += [Text(), _domains(found)]
    for owner in found.stale:
        parts.append(Text(f"nothing heard for a while of {owner}", style="yellow", overflow="ellipsis", no_wrap=True))
    return Group(*parts)


def _head(found: Progress) -> Text:
    style = {"sending": "bold", "sent": "bold green", "paused": "bold yellow"}.get(found.state.value, "bold red")
    return Text.assemble("edition ", (found.edition, "bold"), " is ", (found.state.value, style))


def _bar(found: Progress) -> RenderableType:
    grid = Table.grid(padding=(0, 2), expand=False)
    # Rounded down: what says 100 % is done.
    share = f"{100 * found.done // found.total} %" if found.total else ""
    grid.add_row(
        ProgressBar(total=max(found.total, 1), completed=found.done, width=40),
        Text(f"{found.done:,} of {found.total:,}"),
        Text(share),
    )
    return grid


def pace(found: Progress, zone: str) -> str:
    """How fast it goes and how long it takes, as far as that can be told; "" when nothing can."""
    said = []
    if found.state is EditionState.SENDING:
        if found.rate is None:
            said.append("no rate yet")
        else:
            said.append(f"{_rate(found.rate)} a second")
        if found.about:
            said.append(f"about {_span((found.about - found.at).total_seconds())} left")
        if found.waiting:
            said.append(f"{found.waiting:,} wait for their own hour")
        if found.next_try:
            said.append(f"next try at {_minute(found.next_try, zone)}")
    if found.workers > 1:
        said.append(f"{found.workers} workers")
    return " · ".join(said)


def _states(found: Progress) -> Text:
    states = dict(found.states)
    # Who watches need not know which worker has it.
    states["pending"] = states.get("pending", 0) + states.pop("leased", 0)
    line = Text()
    for state, count in states.items():
        if count:
            line.append(f"{count:,} {state}", style="" if state in _QUIET else "yellow").append("   ")
    return line


def _servers(servers: list[ServerProgress], zone: str) -> Table:
    table = _table("server", *_TRIED, "a second", "connections")
    for each in servers:
        now = f"{each.in_use} of {each.connections}" if each.connections else ""
        if each.rests_until:
            now = f"rests to {_minute(each.rests_until, zone)}"
        table.add_row(Text(each.address), *_numbers(each.states), _rate(each.rate), Text(now))
    return table


def _domains(found: Progress) -> Table:
    table = _table("domain", *_TRIED, "last refusal")
    for each in found.domains[:DOMAINS]:
        table.add_row(Text(_domain(each)), *_numbers(each.states), Text(each.said[:SAID]))
    return table


def _domain(each: DomainProgress) -> str:
    return "all others" if each.domain == OTHERS else each.domain


def _table(first: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True, overflow="ellipsis", max_width=22)
    for name in columns:
        words = name in ("connections", "last refusal")
        justify: JustifyMethod = "left" if words else "right"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", min_width=len(name))
    return table


def _numbers(states: dict[str, int]) -> list[str]:
    return [f"{states.get(state, 0):,}" for state in _TRIED]


def _rate(rate: float) -> str:
    """A rate with as many digits as can be read in passing."""
    return f"{rate:,.0f}" if rate >= 10 or not rate else f"{rate:.1f}"


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{round(hours / 24)} days"


def _minute(moment: datetime, zone: str) -> str:
    """The next full minute, so that nobody looks too early."""
    return f"{(moment + timedelta(seconds=59)).astimezone(ZoneInfo(zone)):%H:%M}"
