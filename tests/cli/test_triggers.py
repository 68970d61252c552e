"""The commands know all three triggers: a cron, best times, on publish."""

from __future__ import annotations

import pytest

from bot.store import Store
from bot.testing import KEYS, NOW
from tests.cli.conftest import configure


@pytest.fixture
def on_publish(folder):
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text().replace('cron = "0 7 * * *"', "on_publish = true"))
    return folder


def test_schedules_shows_best_times_in_order(broadsheet, folder):
    configure(folder)
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text().replace('cron = "0 7 * * *"', 'times = ["17:45", "08:10"]\ndays = "mon"'))
    rows = broadsheet("schedules", "--next", "2", "--json").value
    assert {row["key"][-5:] for row in rows} == {"08:10", "17:45"}


def test_schedules_says_what_goes_out_as_it_appears_and_what_did_not(broadsheet, on_publish):
    (row,) = broadsheet("schedules", "--json").value
    assert (row["local"], row["note"]) == ("as it appears", "each new article, 1m after it was seen")


def test_preview_shows_the_newest_article_as_it_would_go_out(broadsheet, on_publish):
    seen = broadsheet("preview", "morning", "--out", "out", "--json")
    assert seen.code == 0
    assert len(seen.value["stories"]) == 1
    assert seen.value["stories"][0]["title"] in (on_publish / "out" / "digest.txt").read_text()
    assert broadsheet("editions", "--json").value == []


def test_run_begins_to_listen_and_tells_one_article_that_appears_then(broadsheet, on_publish):
    first = broadsheet("run", "morning")
    assert first.code == 3
    assert "none is new" in first.err
    text = "---\ntitle: The lock gate is stuck\nlang: en\n---\nThe lock gate is stuck, said the harbour master.\n"
    (on_publish / "articles" / "lock.md").write_text(text)
    dry = broadsheet("run", "morning", "--dry-run")
    broadsheet("subscribers", "add", "reader@example.org")
    broadsheet("run", "morning")
    (edition,) = broadsheet("editions", "--json").value
    assert edition["slot"].startswith("article:")
    assert dry.code == 3, "it visits no source, so it knows of none"
    assert broadsheet("run", "morning").code == 3


def test_extra_is_refused_with_the_reason(broadsheet, on_publish):
    refused = broadsheet("run", "morning", "--extra")
    assert refused.code == 2
    assert "as it appears" in refused.err


def test_check_says_how_it_goes_out(broadsheet, on_publish):
    said = broadsheet("check", "--offline").out
    assert "each new article goes out as it appears" in said


def test_the_address_to_ping_is_printed_with_where_to_put_it(broadsheet, folder):
    said = broadsheet("sources", "ping", "articles").out
    assert "https://news.record.example/ping/v1.k1.ping." in said
    assert "Update Services" in said
    unknown = broadsheet("sources", "ping", "artcles")
    assert unknown.code == 1
    assert 'did you mean "articles"' in unknown.err


def test_sources_shows_how_a_hub_stands(broadsheet, folder):
    assert broadsheet("sources", "--json").value[0]["hub"] == ""
    store = Store.open(f"sqlite:///{folder}/var/broadsheet.db", KEYS.address_key)
    with store.write() as tx:
        tx.hubs.name("articles", "https://hub.example/", "https://record.example/feed", NOW)
    store.close()
    assert "its hub is asked to tell us" in broadsheet("sources").out
