"""The desk's benchmark at the smallest size: what it fills is whole, and what it asks is answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.testing import NOW
from tests.bench import desk
from tests.bench.full_settings import EMPTY, FULL, SMALL, Size
from tests.bench.full_store import fill, log_in

AT = NOW + timedelta(hours=2, minutes=30)


@pytest.fixture
def newsroom(store_url, tmp_path):
    with desk.opened(store_url, FULL, AT, tmp_path) as installation:
        yield installation


def test_a_full_store_holds_what_the_program_would_have_put_there(newsroom):
    filled = fill(newsroom, SMALL)
    with newsroom.store.read() as tx:
        counts = tx.counts()
        assert (counts["articles"], counts["editions"], counts["subscribers"]) == (200, 20, 20)
        assert counts["headlines"] == counts["articles"]
        assert counts["edition_figures"] > 0
        assert tx.numbers.due(AT, 10) == []
        assert tx.reader_days.newest(["readers"])["readers"].readers == 20
        editions = tx.editions.latest(100)
        assert {each.state for each in editions} >= {"sent", "sending", "awaiting", "held"}
        for each in editions:
            balance = tx.deliveries.balance(each.id)
            assert balance.balanced, each
            # What chunks say is what their deliveries are.
            assert balance == tx.deliveries.balance(each.id, counted=True)
            assert (each.snapshot is None) == (balance.states == {})
        assert tx.deliveries.balance(filled.sending).open
        assert tx.reasons.of_edition(filled.things.sent) != [] or not tx.deliveries.page(
            edition=filled.things.sent, states=["failed", "unknown"]
        )


async def test_a_page_is_asked_beside_the_empty_install_or_where_that_has_none_beside_a_small_newsroom(
    newsroom, store_url, tmp_path, monkeypatch
):
    monkeypatch.setattr(desk, "WARMING", 0)
    filled = fill(newsroom, SMALL)
    with desk.opened(f"sqlite:///{tmp_path}/empty.db", EMPTY, AT, tmp_path) as bare:
        rooms = [
            desk.room(newsroom, filled, filled.oldest),
            desk.room(newsroom, filled, filled.oldest),
            desk.room(bare, desk.nothing(filled.oldest, log_in(bare)), filled.oldest),
        ]
        wanted = ("/calendar", "/activity.csv", f"/editions/{filled.sending}/delivery", "/deliveries?state=unknown")
        places = [place for place, page in enumerate(rooms[0].pages) if page in wanted]
        rooms = [replace(each, pages=[each.pages[place] for place in places]) for each in rooms]
        pages, left_out, picks = await desk.looked_at(*rooms, 2)
    assert {each.page: each.against for each in pages} == {
        "/calendar": "empty",
        "/deliveries?state=unknown": "empty",
        "/editions/SENDING/delivery": "small",
    }
    assert left_out == ["/activity.csv: 200 text/csv"]
    assert all(each.seconds > 0 and each.size > 1000 for each in pages)
    assert len(picks) == 2


def test_the_figures_are_of_the_worst_page():
    page = desk.Page(page="/", against="empty", ratio=1.2, seconds=0.012, reference=0.01, size=20_000)
    pages = [page, replace(page, page="/articles", ratio=3.5), replace(page, page="/calendar", size=99_000)]
    ratio, size, picks = desk.figures("sqlite", Size(100, 10, 50), pages, [], [0.1, 0.4, 0.2], 1.0)
    assert (ratio.value, ratio.met, ratio.raw["beyond"]) == (3.5, False, 1)
    assert ratio.raw["pages"][0]["page"] == "/articles"
    assert (size.value, size.raw["page"]) == (99.0, "/calendar")
    assert (picks.value, picks.met) == (0.2, True)


def test_the_slow_pages_of_both_are_told_in_one_table():
    slow = {"page": "/articles", "against": "empty", "ratio": 2.51, "milliseconds": 20.4, "bytes": 61_000}
    quick = {**slow, "page": "/", "ratio": 1.2}
    rows = [
        {"name": "desk.sqlite", "raw": {"pages": [slow, quick]}},
        {"name": "desk.postgresql", "raw": {"pages": [{**slow, "ratio": 1.4, "milliseconds": 14.0}]}},
        {"name": "desk.sqlite_picks", "raw": {"seconds": [0.1]}},
    ]
    assert desk.table(rows).splitlines()[2:] == ["| `/articles` | empty | 20 ms, 2.5 × | 14 ms, 1.4 × | 61 |"]
    assert "| – |" in desk.table(rows[:1])
