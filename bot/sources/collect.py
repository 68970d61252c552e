"""Visits the sources and keeps what they bring. One failing source never stops the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.articles.language import forget_languages
from bot.articles.url import identity_key
from bot.clock import Clock
from bot.errors import BroadsheetError, FetchError, SourceError
from bot.http import Http
from bot.model import Article
from bot.sources.base import Collected, Known, Retrieval, Source, Visit
from bot.store import Store, Transaction
from bot.store.sources import SourceState

MANY = 3
"""So many articles may vanish at once without a second look."""
LONGEST_WAIT = timedelta(days=1)
LONGEST_VISIT = timedelta(minutes=3)
"""One slow source must not keep the others, or an edition, waiting."""
AHEAD = timedelta(days=1)
"""A date further ahead than this is a slip, or that of an event: what stands in a feed is published. A nearer one is
waited for: a site's clock or time zone may be wrong, or the hour an embargo."""
REMEMBERED = timedelta(days=7)
"""How far back a source is asked whether what it published is still there."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one visit did. ``error`` is one line, "" when it went well; ``waiting`` says it was not visited yet."""

    source: str
    new: int = 0
    changed: int = 0
    returned: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    error: str = ""
    warnings: tuple[str, ...] = ()
    waiting: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a visit brought before any of it is kept: ``collected``, or the ``error`` why it brought nothing."""

    state: SourceState
    at: datetime
    known: int = 0
    collected: Collected | None = None
    error: BroadsheetError | None = None


async def collect(sources: Mapping[str, Source], store: Store, http: Http, clock: Clock) -> list[Report]:
    """Visits all ``sources`` at once and keeps what they bring; the reports stand in their order."""
    reports = []
    for fetched in await fetch(sources, store, http, clock):
        try:
            with store.write() as tx:
                reports.append(keep(tx, fetched))
        except Exception as error:
            # One article that no store takes must not cost the other sources their visit.
            log.exception("source %s", fetched.state.source)
            fault = SourceError(f"{fetched.state.source}: {type(error).__name__} while keeping it; see the log")
            with store.write() as tx:
                reports.append(_failed(tx, fetched.state, fault, fetched.at))
    return reports


async def fetch(sources: Mapping[str, Source], store: Store, http: Http, clock: Clock) -> list[Fetched]:
    """Visits all ``sources`` at once; keeps nothing."""
    try:
        return list(await asyncio.gather(*(_visit(name, each, store, http, clock) for name, each in sources.items())))
    finally:
        forget_languages()


async def _visit(name: str, source: Source, store: Store, http: Http, clock: Clock) -> Fetched:
    now = clock()
    with store.read() as tx:
        state = tx.sources.get(name)
        known = tx.articles.known(name, now - REMEMBERED)
    if state.not_before and now < state.not_before:
        return Fetched(state, now)
    visit = Visit(
        now=now,
        retrieval=Retrieval(
            etag=state.etag, last_modified=state.last_modified, cursor=state.cursor, moved_to=state.moved_to
        ),
        known=[Known(guid=each.guid, url=each.url, published=each.published) for each in known],
    )
    try:
        async with asyncio.timeout(LONGEST_VISIT.total_seconds()):
            return Fetched(state, now, known=len(known), collected=await source.collect(http, visit))
    except TimeoutError:
        limit = f"{LONGEST_VISIT.total_seconds():.0f} s"
        return Fetched(state, now, error=SourceError(f"{name}: did not answer within {limit}; it is visited again"))
    except BroadsheetError as error:
        return Fetched(state, now, error=error)
    except Exception as error:
        # What comes from outside may find a fault in a parser; that must not stop the other sources.
        log.exception("source %s", name)
        return Fetched(state, now, error=SourceError(f"{name}: {type(error).__name__} while reading it; see the log"))


def keep(tx: Transaction, fetched: Fetched) -> Report:
    """Writes what a visit brought, and how it went, into the store."""
    if fetched.error:
        return _failed(tx, fetched.state, fetched.error, fetched.at)
    if fetched.collected is None:
        return Report(source=fetched.state.source, waiting=fetched.state.not_before)
    return _kept(tx, fetched, fetched.collected)


def _failed(tx: Transaction, state: SourceState, error: BroadsheetError, now: datetime) -> Report:
    wait = error.retry_after if isinstance(error, FetchError) else None
    tx.sources.put(
        replace(
            state,
            last_visit=now,
            failures=state.failures + 1,
            error=str(error),
            not_before=now + min(timedelta(seconds=wait), LONGEST_WAIT) if wait else None,
        )
    )
    return Report(source=state.source, error=str(error))


def _kept(tx: Transaction, fetched: Fetched, collected: Collected) -> Report:
    state, now = fetched.state, fetched.at
    counts, ahead = dict.fromkeys(("new", "changed", "returned", "unchanged"), 0), 0
    if not collected.unchanged:
        present = {article.guid for article in collected.articles}
        for article in collected.articles:
            key = identity_key(article.url) if article.url else ""
            if article.published - now > AHEAD:
                ahead += 1
                kept = tx.articles.kept(article, url_key=key, present=present)
                # The same at each visit: a date that moves on would be a new revision each time.
                article = replace(article, published=kept.published if kept else now)
            appeared = _appeared(article, state.last_success, now)
            counts[tx.articles.put(article, url_key=key, present=present, now=now, appeared=appeared)] += 1
    gone, doubted, warnings = _gone(fetched, collected)
    if ahead:
        warnings.append(f"{ahead} of its articles are dated more than a day ahead; they count from when they were seen")
    withdrawn = len(tx.articles.withdraw(state.source, gone, now))
    if collected.hub is not None:
        tx.hubs.name(state.source, collected.hub.url, collected.hub.topic, now)
    retrieval = collected.retrieval
    tx.sources.put(
        SourceState(
            source=state.source,
            etag=retrieval.etag,
            last_modified=retrieval.last_modified,
            cursor=retrieval.cursor,
            moved_to=retrieval.moved_to,
            last_visit=now,
            last_success=now,
            doubted=doubted,
        )
    )
    return Report(
        source=state.source,
        new=counts["new"],
        changed=counts["changed"],
        returned=counts["returned"],
        unchanged=counts["unchanged"],
        withdrawn=withdrawn,
        warnings=(*collected.warnings, *warnings),
    )


def _appeared(article: Article, before: datetime | None, now: datetime) -> datetime | None:
    """When a new article came to be published: between the good visit ``before`` and this one, or at its own hour.

    None at a first visit, which brings what was there already: only what is still to come is new then.
    """
    if before is None:
        return article.published if article.published > now else None
    return max(article.published, before)


def _gone(fetched: Fetched, collected: Collected) -> tuple[list[str], tuple[str, ...], list[str]]:
    """What is withdrawn now, what only if the next visit misses it too, and what to say of it.

    A stale copy from a cache, or a site that is half there, must not take a newsroom's stories back: what a source
    only lets infer, and most of what it published at once, is believed at the second visit.
    """
    before = set(fetched.state.doubted)
    if collected.unchanged:
        return sorted(before), (), []
    gone = set(collected.gone)
    at_once = len(gone) > MANY and len(gone) * 2 > fetched.known
    if not (collected.doubtful or at_once):
        return sorted(gone), (), []
    new = gone - before
    said = [f"{len(new)} of {fetched.known} articles are gone at once; withdrawn if they still are at the next visit"]
    return sorted(gone & before), tuple(sorted(new)), said if at_once and new else []
