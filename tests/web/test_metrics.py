from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.delivery.counters import Counters
from bot.delivery.engine import Engine
from bot.editions import lifecycle
from bot.errors import DeliveryError
from bot.model import DeliveryState, Effect, Event, Outcome, Receipt, ServerNow, Verdict
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel
from bot.web.app import create_app, metrics_app

DOCS = Path(__file__).resolve().parents[2] / "docs"


def parsed(text):
    """(name, labels) → value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def figures(web, counters=None):
    if counters:
        web.app = create_app(web.installation, counters)
    answer = await web.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return parsed(answer.text)


async def test_what_is_open_is_counted_by_state(web, sending):
    found = await figures(web)
    assert found["broadsheet_store_up", ()] == 1
    assert found["broadsheet_editions", (("state", "sending"),)] == 1
    assert found["broadsheet_deliveries_open", (("state", "pending"),)] == 3
    assert found["broadsheet_chunks_due", ()] == 2
    assert found["broadsheet_chunks_leased", ()] == 0
    assert found["broadsheet_books_unbalanced", ()] == 0
    assert found["broadsheet_paused", ()] == 0


async def test_what_waits_too_long_and_a_pause_of_everything_are_seen(web, sending, clock):
    clock.advance(minutes=10)
    assert (await figures(web))["broadsheet_chunk_oldest_due_seconds", ()] == 600
    lifecycle.pause_all(web.store, who="editor", now=NOW)
    found = await figures(web)
    assert found["broadsheet_paused", ()] == 1
    assert found["broadsheet_chunk_oldest_due_seconds", ()] == 0
    assert found["broadsheet_editions", (("state", "paused"),)] == 1


async def test_the_attempts_of_this_process_are_counted_by_channel_state_and_server(web, sending, clock):
    counters = Counters()

    def answer(parcel):
        if parcel.recipient.address.startswith("noor"):
            raise DeliveryError("550 5.1.1 gone", permanent=True, code=550, server="mx.example:25")
        return Receipt(server="mx.example:25", code=250)

    await Engine(
        store=web.store,
        channels={"mail": ScriptedChannel(answer=answer), "bluesky": ScriptedChannel(medium="post")},
        keys=KEYS,
        clock=clock,
        rules=DeliveryTable(),
        counters=counters,
    ).deliver()
    found = await figures(web, counters)

    def total(channel, state, server):
        return found["broadsheet_deliveries_total", (("channel", channel), ("server", server), ("state", state))]

    assert total("mail", "accepted", "mx.example:25") == 1
    assert total("mail", "failed", "mx.example:25") == 1
    assert total("bluesky", "accepted", "test") == 1
    assert found["broadsheet_delivery_seconds_count", (("channel", "mail"),)] == 2
    assert found["broadsheet_ledger_group_size_sum", ()] == 6
    assert found["broadsheet_ledger_commit_seconds_count", ()] >= 2


async def test_unknown_deliveries_of_an_edition_that_was_sent_are_counted_for_a_week(web, sending, clock):
    def answer(parcel):
        raise RuntimeError("the program stumbles")

    channels = {"mail": ScriptedChannel(answer=answer, connections=1), "bluesky": ScriptedChannel(medium="post")}
    await Engine(store=web.store, channels=channels, keys=KEYS, clock=clock, rules=DeliveryTable()).deliver()
    assert (await figures(web))["broadsheet_deliveries_unknown", ()] == 1
    lifecycle.cancel(web.store, sending.id, who="editor", now=clock())
    assert (await figures(web))["broadsheet_deliveries_unknown", ()] == 1
    clock.advance(days=8)
    assert (await figures(web))["broadsheet_deliveries_unknown", ()] == 0


async def test_a_server_that_rests_is_down(web):
    rests = ServerNow(channel="mail", address="a:25", connections=4, in_use=0, rests_until=NOW + timedelta(minutes=1))
    works = ServerNow(channel="mail", address="b:25", connections=4, in_use=3)
    found = await figures(web, Counters(servers=(rests, works)))
    of = [(("channel", "mail"), ("server", name)) for name in ("a:25", "b:25")]
    assert [found["broadsheet_server_up", each] for each in of] == [0, 1]
    assert [found["broadsheet_server_connections", each] for each in of] == [0, 3]


async def test_a_store_that_does_not_answer_is_a_figure_too(web, tmp_path):
    (tmp_path / "broadsheet.db").write_bytes(b"no database" * 1000)
    web.store._engine.dispose()
    found = await figures(web)
    assert found["broadsheet_store_up", ()] == 0
    assert ("broadsheet_ledger_commit_seconds_count", ()) in found


@pytest.mark.parametrize(
    "kind",
    [
        {"address": "192.0.2.7"},
        {"url": "http://news.record.example"},
        {"url": "http://192.0.2.1:8080"},
    ],
)
async def test_nobody_else_than_this_machine_sees_them(web, kind):
    async with web.client(**kind) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 403
    assert "broadsheet_" not in answer.text


async def test_a_proxy_does_not_bring_them_out(web):
    answer = await web.get("/metrics", headers={"X-Forwarded-For": "192.0.2.7"})
    assert answer.status_code == 403


async def test_a_worker_serves_them_to_this_machine_alone(web):
    web.app = metrics_app(web.installation, Counters())
    assert ("broadsheet_store_up", ()) in parsed((await web.get("/metrics")).text)
    assert (await web.get("/")).status_code == 404
    async with web.client(address="192.0.2.7") as client:
        assert (await client.get("/metrics")).status_code == 403


async def test_no_metric_names_a_reader_or_a_destination(web, sending):
    for line in (await web.get("/metrics")).text.splitlines():
        assert "@" not in line
    labels = set(re.findall(r"[{,](\w+)=", (await web.get("/metrics")).text))
    assert labels <= {"state", "channel", "server", "le", "verdict", "outcome"}


async def test_every_metric_is_documented_and_every_documented_one_is_there(web):
    names = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families((await web.get("/metrics")).text)
        if family.name.startswith("broadsheet_")
    }
    page = (DOCS / "monitoring.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(broadsheet_\w+)", page, re.MULTILINE)) == names


def test_servers_without_end_do_not_make_labels_without_end():
    counters = Counters()
    for number in range(1000):
        counters.settled(
            "mail",
            Outcome(
                delivery=number,
                attempt=1,
                state=DeliveryState.ACCEPTED,
                began=NOW,
                ended=NOW,
                server=f"mx{number}.example:25",
            ),
        )
    assert len(counters.deliveries) <= 201
    assert sum(counters.deliveries.values()) == 1000


async def test_what_came_back_is_counted_by_verdict(web, reader, clock):
    with web.store.write() as tx:
        for number, verdict in enumerate([Verdict.HARD, Verdict.SOFT, Verdict.SOFT]):
            effect = Effect.WAITING if verdict is Verdict.HARD else Effect.COUNTED
            tx.events.add(Event(key=str(number), at=NOW, verdict=verdict, source="imap", effect=effect))
        tx.events.add(Event(key="old", at=NOW - timedelta(days=2), verdict=Verdict.HARD, source="imap"))
    found = await figures(web)
    assert [found["broadsheet_events_day", (("verdict", each),)] for each in ("hard", "soft", "complaint")] == [1, 2, 0]
    assert found["broadsheet_events_waiting", ()] == 1
