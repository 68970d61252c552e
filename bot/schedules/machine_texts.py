"""The texts of a language model for the edition of a slot, written before it is drafted.

No edition waits for them: what is kept by the time it is drafted is taken, and the offline texts otherwise. The model
is never asked within a transaction.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.editions.compose import Texts
from bot.errors import BroadsheetError, LlmError
from bot.http import Http
from bot.model import Article, EditionStory, TextKind, Written
from bot.schedules.draft import draft, texts_of
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot
from bot.settings import DEFAULT_SUBJECT, LlmTable
from bot.store.allowances import Grant, Wanted
from bot.summaries.extractive import summarise
from bot.summaries.llm import MOST_TOKENS, Endpoint
from bot.summaries.prompt import maker
from bot.summaries.writing import Writer

DAY = timedelta(days=1)
REST = timedelta(minutes=5)
"""How long an endpoint that failed is left alone, by all processes, unless it asks for longer."""
LONGEST_REST = timedelta(hours=1)
AGAIN = timedelta(minutes=5)
"""How long an article is left alone about which the model answered nothing of use."""
KEPT = timedelta(days=60)
LOOK_SECONDS = 0.5
AT_ONCE = 3
"""Articles about which a model is asked at the same time."""
RESTS = "llm rests until"
"""The flag that says how long the endpoint is left alone, in ISO 8601."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Missing:
    """An article about which texts of ``kinds`` are to be written."""

    article: Article
    kinds: tuple[TextKind, ...]


def inside_http(installation: Installation) -> Http:
    """A client for the model's endpoint, which may stand on this machine or in its network."""
    return Http(installation.settings.http, inside=True)


def endpoint(table: LlmTable) -> Endpoint:
    """Where the settings say that a model is asked."""
    key = table.key.get_secret_value() if table.key else ""
    return Endpoint(table.url, table.model, key, table.timeout.total_seconds())


@contextmanager
def never_in_the_way() -> Iterator[None]:
    """Logs whatever goes wrong within, and ends it there: no edition fails for want of a model's texts."""
    try:
        yield
    except Exception as error:
        log.error("no text is written by the model: %s", error, exc_info=not isinstance(error, BroadsheetError))


async def write_texts(
    installation: Installation, http: Http, schedule: str, slot: Slot, now: datetime, *, seconds: float | None = None
) -> tuple[Written, ...]:
    """Asks for all texts that the edition of ``slot`` lacks if it is drafted ``now`` (UTC), and keeps what comes.

    It ends after ``seconds``, ``llm.patience`` unless given, with what is written until then. Whatever the endpoint
    does, it raises only what the store or a template raises. Returns what became of each text that was missing.
    """
    table = installation.settings.llm
    if not table.on:
        return ()
    with installation.store.read() as tx:
        if tx.flags.held():
            return ()
        stories = draft(tx, installation, schedule, slot, now).edition.stories
        texts = texts_of(tx, table, [each.article for each in stories])
    return await write_missing(installation, http, missing(installation, schedule, stories, texts), seconds=seconds)


def write_now(
    installation: Installation,
    schedule: str,
    slot: Slot,
    now: datetime,
    *,
    seconds: float | None = None,
    stop: threading.Event | None = None,
) -> tuple[Written, ...]:
    """``write_texts`` in a loop and with a client of its own; it breaks off when ``stop`` is set.

    Never raises: what goes wrong is logged, and the edition takes its offline texts.
    """

    async def write() -> tuple[Written, ...]:
        async with inside_http(installation) as http:
            work = asyncio.ensure_future(write_texts(installation, http, schedule, slot, now, seconds=seconds))
            while not (await asyncio.wait([work], timeout=LOOK_SECONDS))[0]:
                if stop and stop.is_set():
                    work.cancel()
            return () if work.cancelled() else work.result()

    if installation.settings.llm.on:
        with never_in_the_way():
            return asyncio.run(write())
    return ()


def missing(
    installation: Installation,
    schedule: str,
    stories: Sequence[EditionStory],
    texts: Texts,
) -> list[Missing]:
    """What is to be asked for ``stories``, the lead first.

    A summary only where no editor wrote a standfirst; a subject line for the lead, while the schedule has none of its
    own; a post for each story that is posted.
    """
    found, now = [], installation.clock()
    for story in stories:
        written = texts.get(story.article.fingerprint, {})
        kinds = tuple(kind for kind in _kinds(installation, schedule, story) if _open(written.get(kind), now))
        if kinds:
            found.append(Missing(story.article, kinds))
    return found


def _kinds(installation: Installation, schedule: str, story: EditionStory) -> Iterator[TextKind]:
    table, write = installation.settings.schedules[schedule], installation.settings.llm.write
    media = {installation.configured[name].medium for name in table.channels}
    if "summaries" in write and summarise(story.article).origin == "extract":
        yield TextKind.SUMMARY
    if "subjects" in write and story.position == 1 and "email" in media and table.subject == DEFAULT_SUBJECT:
        yield TextKind.SUBJECT
    if "posts" in write and media - {"email"} and (story.position == 1 or table.posts != "edition"):
        yield TextKind.POST


def _open(written: Written | None, now: datetime) -> bool:
    return written is None or (not written.settled and (written.at is None or now - written.at >= AGAIN))


async def write_missing(
    installation: Installation, http: Http, lacking: Sequence[Missing], *, seconds: float | None = None
) -> tuple[Written, ...]:
    """As ``write_texts``, for articles that are known already."""
    if not lacking:
        return ()
    run = _Run(installation, http)
    patience = installation.settings.llm.patience.total_seconds() if seconds is None else seconds
    try:
        async with asyncio.timeout(patience):
            # The lead first, and alone: what is wrong with an endpoint is found out once.
            await run.write(lacking[0])
            gate = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(run.write(each, gate) for each in lacking[1:]))
    except TimeoutError:
        log.warning("the language model was not done in %g s; the offline texts are taken", patience)
    over = run.elsewhere | {each.fingerprint for each in run.done}
    late = [each for each in lacking if each.article.fingerprint not in over]
    run.keep(_without(late, "the model was not done in time"))
    return tuple(run.done)


class _Run:
    def __init__(self, installation: Installation, http: Http) -> None:
        self._installation = installation
        table = installation.settings.llm
        self._table = table
        self._maker = maker(table.url, table.model)
        self._writer = Writer(http, endpoint(table), self._spend)
        self._stopped = ""
        self.done: list[Written] = []
        self.elsewhere: set[str] = set()

    async def write(self, lacking: Missing, gate: asyncio.Semaphore | None = None) -> None:
        """One article; a failure becomes the reason on record, and stops the others where the endpoint is to rest."""
        async with gate or asyncio.Semaphore():
            stopped = self._stopped or self._rests()
            if stopped:
                self.keep(_without([lacking], stopped))
                return
            lacking = self._claimed(lacking)
            if not lacking.kinds:
                self.elsewhere.add(lacking.article.fingerprint)
                return
            try:
                self.keep(await self._writer.write(lacking.article, lacking.kinds))
            except LlmError as error:
                if error.rest:
                    self._rest(error)
                    self._stopped = str(error)
                self.keep(_without([lacking], str(error)))
            except BroadsheetError:
                raise
            except Exception:
                # One article must not cost the others theirs.
                log.exception("a fault in the program while a text about “%s” was written", lacking.article.title)
                self.keep(_without([lacking], "a fault in the program"))

    def _claimed(self, lacking: Missing) -> Missing:
        """Without what another process asks for, or has got meanwhile."""
        now = self._installation.clock()
        with self._installation.store.write() as tx:
            kinds = tuple(
                kind
                for kind in lacking.kinds
                if tx.machine_texts.claim(lacking.article.fingerprint, kind, self._maker, now, before=now - AGAIN)
            )
        return Missing(lacking.article, kinds)

    def keep(self, written: Sequence[Written]) -> None:
        """Stores them, then counts them as done."""
        if written:
            now = self._installation.clock()
            with self._installation.store.write() as tx:
                tx.machine_texts.put(written, self._maker, now)
                tx.machine_texts.prune(now - KEPT)
        self.done += written

    def _rests(self) -> str:
        with self._installation.store.read() as tx:
            until = tx.flags.get(RESTS)
        if until and datetime.fromisoformat(until) > self._installation.clock():
            return f"the model's endpoint failed and is left alone until {datetime.fromisoformat(until):%H:%M} UTC"
        return ""

    def _rest(self, error: LlmError) -> None:
        asked = REST if error.rest_seconds is None else timedelta(seconds=error.rest_seconds)
        now = self._installation.clock()
        until = now + min(max(asked, timedelta(seconds=1)), LONGEST_REST)
        log.warning("%s; it is left alone until %s", error, f"{until.astimezone(UTC):%H:%M} UTC")
        with self._installation.store.write() as tx:
            tx.flags.set(RESTS, until.isoformat(), now)

    async def _spend(self, tokens: int) -> Callable[[int], Awaitable[None]]:
        """Takes one question, and its tokens as far as they can be told, from the budget of the last 24 hours."""
        table, most = self._table, tokens + MOST_TOKENS
        wanted = [Wanted("llm:requests", {DAY: table.requests_per_day}, 1)]
        if table.tokens_per_day:
            wanted.append(Wanted("llm:tokens", {DAY: table.tokens_per_day}, most))
        with self._installation.store.write() as tx:
            grants = tx.allowances.reserve_all(wanted, self._installation.clock())
        lacks = next((name for name, each in zip(wanted, grants, strict=True) if each.granted < name.number), None)
        if lacks:
            self._give_back([(each, each.granted) for each in grants if each.granted])
            key = "requests_per_day" if lacks.key == "llm:requests" else "tokens_per_day"
            self._stopped = f"the budget of 24 hours is used up (llm.{key})"
            raise LlmError(self._stopped)

        async def spent(cost: int) -> None:
            if len(grants) > 1 and 0 < cost < most:
                self._give_back([(grants[1], most - cost)])
            elif len(grants) > 1 and cost > most:
                with self._installation.store.write() as tx:
                    tx.allowances.reserve("llm:tokens", wanted[1].limits, cost - most, self._installation.clock())

        return spent

    def _give_back(self, unused: Sequence[tuple[Grant, int]]) -> None:
        if unused:
            with self._installation.store.write() as tx:
                tx.allowances.give_back(unused)


def _without(lacking: Sequence[Missing], reason: str) -> list[Written]:
    """No texts, to be asked for again."""
    return [
        Written(fingerprint=each.article.fingerprint, kind=kind, reason=reason, settled=False)
        for each in lacking
        for kind in each.kinds
    ]


def coming(installation: Installation, now: datetime) -> list[tuple[str, Slot, datetime]]:
    """The slots that are drafted within ``llm.ahead``, and when: they have time for texts."""
    table: LlmTable = installation.settings.llm
    found: list[tuple[str, Slot, datetime]] = []
    for schedule, each in installation.settings.schedules.items():
        if not each.enabled:
            continue
        start = now + each.lead_time
        with installation.store.read() as tx:
            slots = installation.timetable(schedule, tx).between(start, start + table.ahead)
            # One that an editor skipped has its edition already.
            slots = [slot for slot in slots if tx.editions.of_slot(schedule, slot.key) is None]
        for slot in slots:
            found.append((schedule, slot, slot.due - each.lead_time))
    return sorted(found, key=lambda item: item[2])
