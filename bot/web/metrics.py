"""``/metrics`` for Prometheus: what the store says of all processes, and what this one counted.

Names after prometheus.io/docs/practices/naming, the text format of prometheus-client; checked 2026-11-25. No label
holds a reader, an address or a destination.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bot.delivery.counters import Counters, Histogram
from bot.delivery.progress import FRESH
from bot.errors import StoreError
from bot.model import EditionState, Verdict
from bot.schedules.installation import Installation
from bot.store.figures import Sums
from bot.store.flags import PAUSED
from bot.web.security import at_this_machine

DAY = timedelta(days=1)
UNKNOWN_SINCE = timedelta(days=7)
"""Unknown deliveries count for so long after their edition changed last."""

log = logging.getLogger(__name__)


def routes(installation: Installation, counters: Counters) -> APIRouter:
    """GET and HEAD of ``/metrics``, for who is at this machine."""
    router = APIRouter(dependencies=[Depends(at_this_machine)])
    registry = CollectorRegistry()
    registry.register(Figures(installation, counters))
    ProcessCollector(registry=registry)

    @router.api_route("/metrics", methods=["GET", "HEAD"])
    def metrics() -> Response:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


class Figures(Collector):
    """Looked up when they are asked for."""

    def __init__(self, installation: Installation, counters: Counters) -> None:
        self._installation = installation
        self._counters = counters

    def collect(self) -> Iterable[Metric]:
        now = self._installation.clock()
        up = GaugeMetricFamily("broadsheet_store_up", "Whether the store answers.")
        try:
            with self._installation.store.read() as tx:
                sums = tx.figures.sums(now, since=now - UNKNOWN_SINCE, fresh=now - FRESH)
                paused = bool(tx.flags.get(PAUSED))
                came_back = tx.events.since(now - DAY)
                waiting = sum(tx.events.waiting().values())
                texts = tx.machine_texts.outcomes(now - DAY)
        except StoreError as error:
            log.error("no figures of the store: %s", error)
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
            oldest = (now - sums.oldest_due).total_seconds() if sums.oldest_due else 0.0
            yield from _of_store(sums, oldest, paused)
            yield from _of_events(came_back, waiting)
            yield from _of_texts(texts)
        yield up
        yield from _of_process(self._counters)


def _of_store(sums: Sums, oldest: float, paused: bool) -> Iterable[Metric]:
    editions = GaugeMetricFamily("broadsheet_editions", "Editions by state.", labels=["state"])
    for state in EditionState:
        editions.add_metric([state.value], sums.editions.get(state.value, 0))
    yield editions
    open_ = GaugeMetricFamily(
        "broadsheet_deliveries_open", "Deliveries with work left, of editions being sent or paused.", labels=["state"]
    )
    for name, count in sorted(sums.open.items()):
        open_.add_metric([name], count)
    yield open_
    for name, text, value in (
        ("deliveries_unknown", "Deliveries that may or may not have arrived, of the last 7 days.", sums.unknown),
        ("deliveries_per_second", "What all processes together deliver in a second.", sums.rate),
        ("books_unbalanced", "Editions whose deliveries do not sum to their snapshot.", sums.unbalanced),
        ("chunks_leased", "Chunks that a worker holds.", sums.leased),
        ("chunks_due", "Chunks that could be worked on now and that nobody holds.", sums.due),
        ("chunk_oldest_due_seconds", "How long the oldest of these has waited.", oldest),
        ("paused", "Whether everything is paused.", float(paused)),
    ):
        yield GaugeMetricFamily(f"broadsheet_{name}", text, value=value)


def _of_events(came_back: Mapping[str, int], waiting: int) -> Iterable[Metric]:
    events = GaugeMetricFamily("broadsheet_events_day", "What came back in the last 24 hours.", labels=["verdict"])
    for verdict in Verdict:
        events.add_metric([verdict.value], came_back.get(verdict.value, 0))
    yield events
    text = "Bounces that wait to be settled; those of a burst wait for an editor."
    yield GaugeMetricFamily("broadsheet_events_waiting", text, value=waiting)


def _of_texts(outcomes: Mapping[str, int]) -> Iterable[Metric]:
    text = "Texts asked of the language model in the last 24 hours, by what became of them."
    texts = GaugeMetricFamily("broadsheet_machine_texts_day", text, labels=["outcome"])
    for outcome in ("written", "refused", "missing"):
        texts.add_metric([outcome], outcomes.get(outcome, 0))
    yield texts


def _of_process(counters: Counters) -> Iterable[Metric]:
    deliveries = CounterMetricFamily(
        "broadsheet_deliveries", "Attempts that ended, by how.", labels=["channel", "state", "server"]
    )
    for key, count in sorted(counters.deliveries.copy().items()):
        deliveries.add_metric(key, count)
    yield deliveries
    seconds = HistogramMetricFamily(
        "broadsheet_delivery_seconds", "From the moment an attempt was allowed to its answer.", labels=["channel"]
    )
    for channel, attempts in sorted(counters.attempts.copy().items()):
        seconds.add_metric([channel], *_buckets(attempts))
    yield seconds
    labels = ["channel", "server"]
    up = GaugeMetricFamily("broadsheet_server_up", "0 while a server rests, for a failure or a limit.", labels=labels)
    in_use = GaugeMetricFamily("broadsheet_server_connections", "Connections in use.", labels=labels)
    most = GaugeMetricFamily("broadsheet_server_connections_limit", "Connections the settings allow.", labels=labels)
    for server in counters.servers:
        of = [server.channel, server.address]
        up.add_metric(of, server.rests_until is None)
        in_use.add_metric(of, server.in_use)
        most.add_metric(of, server.connections)
    yield from (up, in_use, most)
    commits = HistogramMetricFamily("broadsheet_ledger_commit_seconds", "Time of one transaction of the ledger.")
    commits.add_metric([], *_buckets(counters.commits))
    yield commits
    groups = HistogramMetricFamily("broadsheet_ledger_group_size", "Deliveries written of in one transaction.")
    groups.add_metric([], *_buckets(counters.groups))
    yield groups
    recovered = CounterMetricFamily(
        "broadsheet_recovered_deliveries",
        "Deliveries taken back from dead workers, by what became of them.",
        labels=["state"],
    )
    for state, count in sorted(counters.recovered.items()):
        recovered.add_metric([state], count)
    yield recovered


def _buckets(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    """Cumulated, as the format wants them."""
    total, buckets = 0, []
    for bound, count in zip([*map(str, histogram.bounds), "+Inf"], list(histogram.counts), strict=True):
        total += count
        buckets.append((bound, float(total)))
    return buckets, histogram.total
