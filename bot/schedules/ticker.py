"""The background of ``broadsheet up``: APScheduler ticks. It owns no decision; the store does.

APScheduler keeps its jobs in memory and runs each at most once at a time (research: a job store shared by two
schedulers ran 220 of 276 slots twice).

In one file, though it is long: each job is a few lines that call one piece below, and which jobs there are, how often
and in which thread is read in one place.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.delivery.alert import Alert
from bot.delivery.alerting import tell
from bot.delivery.alerts import due
from bot.delivery.channel_alert import paused_due
from bot.delivery.flood_alert import flood_due
from bot.delivery.folding import Folded, fold
from bot.delivery.hooks.recording import ONCE
from bot.delivery.intake.poll import Polled, poll
from bot.delivery.permission import permissions_due
from bot.errors import BroadsheetError
from bot.http import Http
from bot.schedules import (
    figures,
    hubs,
    imports,
    invitations,
    learning,
    measuring,
    pings,
    renewing,
    signups,
    webhooks,
)
from bot.schedules.approval_notice import asked
from bot.schedules.corrected import watch_changes
from bot.schedules.hosting import PictureTime, host_ahead, sweep
from bot.schedules.installation import Installation
from bot.schedules.machine_texts import coming, never_in_the_way, write_now
from bot.schedules.preflight import look_at_new
from bot.schedules.tick import Ticked, advance_waiting, is_due, sources_due, tick
from bot.settings.bounces import REPLAYS
from bot.sources.collect import Report, collect

if TYPE_CHECKING:
    pass

THREADS = 20
"""More than there are jobs: with APScheduler's ten, jobs that wait for foreign servers could hold up the tick."""
TICK_SECONDS = 2
ALERT_SECONDS = 15
LOOK_SECONDS = 15
HOST_SECONDS = 60
"""How often it is looked whether the pictures of editions to come are hosted."""
WRITE_SECONDS = 20
"""How often it is looked whether an edition is drafted soon that lacks texts by a language model."""
SIGNUPS_REST_SECONDS = 30.0
"""How long after a failure the mails of sign-ups wait."""
QUIET_SECONDS = 10.0
"""A source that was visited within this time is not asked again for a correction of what it brought."""
FRESH_SECONDS = 60.0
"""A visit to the sources serves the slots of so many seconds after it."""

JUDGED_FOR = timedelta(days=90)
"""How long it is kept why an article was not told on publish."""

MOVES_FOR = timedelta(days=90)
"""How long it is kept after both times that a slot was moved: the edition's record says it for ever."""

FOLDING_HOUR = 3
"""Hour of the newsroom's day in which old editions are folded: before the first digests, after the last."""

log = logging.getLogger(__name__)

News = Ticked | Folded | Polled | list[Report]
"""What the ticker has to tell."""


class Ticker:
    """Collects sources and makes editions, in threads of its own, between ``start`` and ``stop``."""

    def __init__(self, installation: Installation, *, told: Callable[[News], None]) -> None:
        self._running = installation
        self._told = told
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(THREADS)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._collecting = threading.Lock()
        self._collected = float("-inf")
        self._looked: frozenset[str] = frozenset()
        self._visited: dict[str, float] = {}
        self._failures: list[str] = []
        self._counted = float("-inf")
        self._signups_rest = float("-inf")
        self._stopping = threading.Event()

    @property
    def _installation(self) -> Installation:
        """As it is now: a job that takes it once is not touched by what is changed on the desk meanwhile."""
        return self._running.current()

    def start(self) -> None:
        # It warns of each tick that begins while the one before still runs: that is meant to be, and nobody's trouble.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        every = self._installation.settings.delivery.collect_every.total_seconds()
        soon = datetime.now(UTC)
        self._scheduler.add_job(self._collect, "interval", seconds=every, next_run_time=soon)
        self._scheduler.add_job(self._tick, "interval", seconds=TICK_SECONDS)
        # A slow source must not keep the pings of others waiting; each ping is taken once.
        self._scheduler.add_job(self._pinged, "interval", seconds=pings.SECONDS, max_instances=3)
        self._scheduler.add_job(self._hubs, "interval", seconds=hubs.SECONDS, next_run_time=soon)
        looks = self._installation.settings.bounces.every.total_seconds()
        self._scheduler.add_job(self._poll, "interval", seconds=looks, next_run_time=datetime.now(UTC))
        if self._installation.settings.alerts.channels:
            self._scheduler.add_job(self._alert, "interval", seconds=ALERT_SECONDS)
        self._scheduler.add_job(self._look, "interval", seconds=LOOK_SECONDS)
        if self._installation.settings.images.host:
            self._scheduler.add_job(self._host, "interval", seconds=HOST_SECONDS, next_run_time=soon)
        if self._installation.settings.llm.on:
            self._scheduler.add_job(self._write, "interval", seconds=WRITE_SECONDS, next_run_time=soon)
        self._scheduler.add_job(self._mail_signups, "interval", seconds=signups.SECONDS)
        self._scheduler.add_job(self._mail_invitations, "interval", seconds=invitations.SECONDS)
        self._scheduler.add_job(self._tell_webhooks, "interval", seconds=webhooks.SECONDS)
        self._scheduler.add_job(self._sweep_signups, "interval", hours=signups.SWEEP_HOURS, next_run_time=soon)
        self._scheduler.add_job(self._import, "interval", seconds=imports.SECONDS)
        self._scheduler.add_job(self._sweep_imports, "interval", hours=imports.SWEEP_HOURS, next_run_time=soon)
        if self._installation.learning:
            self._scheduler.add_job(self._learn, "interval", hours=learning.HOURS, next_run_time=soon)
        self._scheduler.add_job(self._renew, "interval", hours=renewing.HOURS, next_run_time=soon)
        self._scheduler.add_job(self._reckon, "interval", seconds=figures.SECONDS, next_run_time=soon)
        self._scheduler.add_job(self._measure, "interval", seconds=measuring.SECONDS)
        zone = ZoneInfo(self._installation.newsroom.timezone)
        self._scheduler.add_job(self._fold, "cron", hour=FOLDING_HOUR, minute=20, jitter=600, timezone=zone)
        self._scheduler.start()

    def stop(self) -> None:
        """Ends after the job that runs now; a folding stops half-way."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def _collect(self) -> None:
        with self._collecting:
            try:
                self._running.refresh()
                self._told(collect_now(self._installation))
            except Exception:
                log.exception("collecting failed")
            finally:
                self._collected = time.monotonic()

    def _pinged(self) -> None:
        """Visits the sources that have news, they say; not behind a slow visit to all of them."""
        try:
            self._visit(pings.pinged(self._installation))
        except Exception as error:
            log.error("pings wait: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _look_again(self, installation: Installation, now: datetime) -> None:
        """Visits the sources of articles that are about to be told, once for each: the newest revision goes out."""
        try:
            due = sources_due(installation, now)
        except Exception:
            # The tick meets the same fault, in its schedule alone, and tells of it.
            return
        fresh = {source for name, source in due.items() if name not in self._looked}
        self._looked = frozenset(due)
        quiet = time.monotonic() - QUIET_SECONDS
        self._visit(tuple(sorted(name for name in fresh if self._visited_at(name) < quiet)))

    def _visit(self, names: tuple[str, ...]) -> None:
        if names:
            self._told(collect_now(self._installation, names))
            self._visited |= dict.fromkeys(names, time.monotonic())

    def _visited_at(self, name: str) -> float:
        return max(self._collected, self._visited.get(name, float("-inf")))

    def _hubs(self) -> None:
        try:
            hubs.settle(self._installation)
        except Exception as error:
            log.error("hubs are not asked: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _write(self) -> None:
        """Texts by a language model for what is drafted soon; in a thread of its own, so that no tick waits for it."""
        installation, waiting = self._installation, []
        with never_in_the_way():
            waiting = coming(installation, installation.clock())
        for place, (schedule, slot, drafted) in enumerate(waiting):
            if self._stopping.is_set():
                return
            # A slow answer to one costs the others that are drafted at the same moment no more than its share.
            others = sum(each[2] == drafted for each in waiting[place:])
            with never_in_the_way():
                left = (drafted - installation.clock()).total_seconds() / others
                if left > 0:
                    write_now(installation, schedule, slot, drafted, seconds=left, stop=self._stopping)

    def _alert(self) -> None:
        try:
            alert_now(self._installation)
        except Exception as error:
            log.error("nobody is told of alerts: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _look(self) -> None:
        """Preflight: never in the way of a tick, since foreign servers take their time."""
        try:
            look_at_new(self._installation, self._running.clock(), stop=self._stopping.is_set)
        except Exception as error:
            log.error("editions are not looked at: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _host(self) -> None:
        """Pictures of what is drafted soon; in a thread of its own, so that the slot's tick finds them."""
        try:
            host_ahead(self._installation, self._running.clock(), stop=self._stopping.is_set)
        except Exception as error:
            log.error("no picture is hosted ahead: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _mail_signups(self) -> None:
        if time.monotonic() < self._signups_rest:
            return
        try:
            rests = signups.mail_now(self._installation).rests
        except Exception as error:
            log.error("who signed up gets no mail: %s", error, exc_info=not isinstance(error, BroadsheetError))
            rests = True
        if rests:
            self._signups_rest = time.monotonic() + SIGNUPS_REST_SECONDS

    def _mail_invitations(self) -> None:
        try:
            invitations.mail_now(self._installation)
        except Exception as error:
            log.error("who was invited gets no mail: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _tell_webhooks(self) -> None:
        """Other programs; in a thread of its own, for some of them are slow."""
        try:
            webhooks.tell_now(self._installation, stop=self._stopping.is_set)
        except Exception as error:
            # The events stand in the store.
            log.error("webhooks are told nothing: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _sweep_signups(self) -> None:
        try:
            signups.sweep(self._installation)
            invitations.sweep(self._installation)
        except Exception as error:
            log.error("sign-ups that are over stay: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _import(self) -> None:
        """Files of readers that an editor brought to the desk."""
        try:
            imports.import_due(self._installation, stop=self._stopping.is_set)
        except Exception as error:
            log.error("an import waits: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _sweep_imports(self) -> None:
        try:
            imports.sweep(self._installation)
        except Exception as error:
            log.error("old imports stay: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _learn(self) -> None:
        """Limits that servers tell; by the clock that ticks, so that each look is a new question."""
        learning.learn_now(self._installation, older=timedelta(0))

    def _renew(self) -> None:
        try:
            renewing.renew_now(self._installation)
        except Exception as error:
            log.error("permissions are not renewed: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _reckon(self) -> None:
        """What pages show of editions that went out, and of readers; nothing rests on it."""
        installation = self._installation
        try:
            figures.reckon_now(installation, installation.clock())
            if time.monotonic() - self._counted > figures.READERS_SECONDS:
                figures.count_readers(installation, installation.clock())
                self._counted = time.monotonic()
        except Exception as error:
            log.error("figures are not reckoned: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _measure(self) -> None:
        """How followers reacted; in a thread of its own, so that no post waits for it."""
        try:
            measuring.measure_now(self._installation, stop=self._stopping.is_set)
        except Exception as error:
            log.error("nobody is asked for reactions: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _poll(self) -> None:
        """What came back: the mailboxes, and what webhooks and servers told meanwhile."""
        try:
            polled = poll(self._installation, stop=self._stopping.is_set)
        except Exception as error:
            # Nothing left a mailbox that is not on record.
            log.error("what came back is not read: %s", error, exc_info=not isinstance(error, BroadsheetError))
            return
        if polled:
            self._told(polled)

    def _fold(self) -> None:
        installation = self._installation
        try:
            folded = fold(
                installation.store,
                installation.settings.delivery,
                installation.clock,
                stop=self._stopping.is_set,
                rest=self._stopping.wait,
            )
        except Exception as error:
            # It goes on where it stopped, tomorrow.
            log.error("folding stopped: %s", error, exc_info=not isinstance(error, BroadsheetError))
            return
        if folded.editions or folded.left:
            self._told(folded)
        try:
            prune_events(installation)
            sweep(installation)
            webhooks.sweep(installation)
        except Exception as error:
            log.error("old events and pictures stay: %s", error, exc_info=not isinstance(error, BroadsheetError))

    def _tick(self) -> None:
        """One look at the timetable. What waits goes first: no slow source may hold up an edition that is ready."""
        try:
            self._running.refresh()
            installation = self._installation
            now = installation.clock()
            done, within = Ticked(), PictureTime()
            advance_waiting(installation, now, done, within=within)
            # A slot that cannot be made, for a fault in its template, is tried at each tick; the sources are not.
            if is_due(installation, now) and time.monotonic() - self._collected > FRESH_SECONDS:
                self._collect()
                # That took its time: what was turned off or changed meanwhile holds for this slot, too.
                self._running.refresh()
                installation = self._installation
            self._look_again(installation, now)
            ticked = tick(installation, now, drafting=installation.clock(), within=within)
        except Exception as error:
            # The next tick comes in two seconds; a tick that raised has decided nothing.
            log.error("the tick failed: %s", error, exc_info=not isinstance(error, BroadsheetError))
            return
        ticked.moved = {**done.moved, **ticked.moved}
        new = [failure for failure in dict.fromkeys(done.failed + ticked.failed) if failure not in self._failures]
        self._failures = ticked.failed
        ticked.failed = new
        if ticked.made or ticked.moved or ticked.failed:
            self._told(ticked)


def collect_now(installation: Installation, names: tuple[str, ...] = ()) -> list[Report]:
    """Visits the sources (all, or those named) and keeps what they bring."""
    chosen = {name: each for name, each in installation.sources.items() if not names or name in names}

    async def visit() -> list[Report]:
        async with Http(installation.settings.http) as http:
            return await collect(chosen, installation.store, http, installation.clock)

    reports = asyncio.run(visit())
    try:
        watch_changes(installation, installation.clock())
    except Exception as error:
        log.error("changes after sending are not seen: %s", error, exc_info=not isinstance(error, BroadsheetError))
    return reports


def prune_events(installation: Installation) -> int:
    """Deletes what came back longer ago than ``bounces.keep``; returns how many events. Raises ``StoreError``."""
    kept, now = installation.settings.bounces.keep, installation.clock()
    with installation.store.write() as tx:
        tx.flags.drop(ONCE, now - 2 * REPLAYS)
        tx.schedules.forget_judged(now - JUDGED_FOR)
        tx.moved_slots.forget(now - MOVES_FOR)
        return tx.events.prune(now - kept) if kept else 0


def alert_now(installation: Installation) -> list[Alert]:
    """Tells people of what is due to be told (``[alerts]``); returns the alerts that reached somebody."""
    rules = installation.settings.alerts
    if not rules.channels:
        return []
    with installation.store.read() as tx:
        now, zone = installation.clock(), installation.newsroom.timezone
        found = [each for told in (due, flood_due, paused_due) for each in told(tx, rules, zone, now)]
        found += permissions_due(tx, rules, installation.settings.channels, zone, now)
        found = [asked(tx, installation, each) for each in found]
    if not found:
        return []

    async def send() -> list[Alert]:
        async with installation.connected() as connected:
            return await tell(
                found,
                store=installation.store,
                channels=connected.channels,
                keys=installation.keys,
                newsroom=installation.newsroom,
                folders=installation.settings.template_folders(),
                rules=rules,
                clock=installation.clock,
            )

    return asyncio.run(send())
