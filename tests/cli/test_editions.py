from __future__ import annotations

import json
from datetime import timedelta
from email import message_from_bytes
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bot.cli.command import Session
from bot.cli.output import Output
from bot.cli.schedules import run_due
from bot.clock import system_clock
from bot.demo.mailbox import mailbox
from bot.model import EditionState, Preferences
from bot.schedules.installation import opened
from bot.schedules.worker import Delivered
from bot.store.tables import deliveries, editions

from .conftest import configure


@pytest.fixture
def deferred(broadsheet, folder):
    """An edition whose one delivery the server was not there to take."""
    broadsheet("subscribers", "add", "ida@example.org")
    return broadsheet("run", "morning", "--json").value["edition"]


def _acts(broadsheet):
    return [each["what"] for each in broadsheet("acts", "--json").value]


@pytest.mark.parametrize(
    "arguments",
    [
        ("resolve", "99999999999999999999", "--as", "sent"),
        ("retry", "99999999999999999999"),
        ("retry", "0"),
        ("articles", "--limit", "99999999999999999999"),
        ("run", "morning", "--at", "0001-01-01"),
        ("preview", "morning", "--at", "9999-12-31T23:59"),
        ("articles", "--since=-99999999d"),
        ("acts", "--since=-99999999999999999999w"),
        ("subscribers", "list", "--state", "gone"),
    ],
)
def test_numbers_and_times_without_sense_are_wrong_use(broadsheet, folder, arguments):
    said = broadsheet(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1


def test_the_ledger_of_an_edition_that_does_not_exist_is_no_empty_one(broadsheet, folder, deferred):
    assert broadsheet("deliveries", "--edition", "nope").code == 1
    assert len(broadsheet("deliveries", "--edition", deferred, "--json").value) == 1


def test_a_retry_or_resolve_that_changed_nothing_is_not_on_record(broadsheet, folder, deferred):
    before = _acts(broadsheet)
    assert broadsheet("resolve", "1", "--as", "unsent").code == 3
    assert broadsheet("retry", "77").code == 3
    assert _acts(broadsheet) == before
    (delivery,) = broadsheet("deliveries", "--json").value
    assert broadsheet("retry", delivery["id"]).code == 0
    assert _acts(broadsheet) == ["retry", *before]


@pytest.fixture
def failed(broadsheet, folder, deferred):
    """An edition that is over, of which one delivery failed for good."""
    with opened(folder / "config") as installation, installation.store.write() as tx:
        (delivery,) = tx.deliveries.page(edition=deferred)
        tx.deliveries._connection.execute(update(deliveries).values(state="failed"))
        tx.deliveries._settle([delivery.id], installation.clock())
        tx.editions.move(deferred, to=EditionState.SENT, since=[EditionState.SENDING], now=installation.clock())
    return deferred


def test_what_failed_is_left_at_that_once(broadsheet, folder, failed):
    assert broadsheet("leave", "nope").code == 1
    assert broadsheet("leave", failed, "--note", "A duplicate", "--json").value == {"count": 1}
    assert _acts(broadsheet)[0] == "leave failed"
    assert broadsheet("leave", failed).code == 3


def test_a_mail_that_failed_is_not_tried_again(broadsheet, folder, failed):
    (delivery,) = broadsheet("deliveries", "--json").value
    said = broadsheet("retry", delivery["id"])
    assert said.code == 3
    assert "or a post that failed" in said.err


def test_pausing_and_resuming_everything_names_what_it_moved(broadsheet, folder, deferred):
    assert broadsheet("pause", "--all", "--json").value == {"paused": True, "editions": [deferred]}
    assert broadsheet("editions", deferred, "--json").value["state"] == "paused"
    assert broadsheet("resume", "--all", "--json").value == {"paused": False, "editions": [deferred]}
    assert broadsheet("editions", deferred, "--json").value["state"] == "sending"


def _publish(folder):
    (folder / "articles" / "bridge.md").write_text("---\ntitle: The bridge opens\n---\nIt opens on Monday.\n")


def test_a_run_that_first_goes_on_with_an_earlier_edition_is_still_one_json_value(broadsheet, folder, deferred):
    with mailbox(folder / "mailbox") as port:
        file = folder / "config" / "broadsheet.toml"
        file.write_text(file.read_text().replace("port = 9", f"port = {port}"))
        broadsheet("retry", broadsheet("deliveries", "--json").value[0]["id"])
        _publish(folder)
        said = broadsheet("run", "morning", "--extra", "--json")
    assert json.loads(said.out)["edition"] != deferred
    assert broadsheet("editions", deferred, "--json").value["state"] == "sent"
    assert said.value["state"] == "sent"
    assert said.code == 0


def test_what_is_still_to_be_tried_is_told_with_its_time(broadsheet, folder):
    broadsheet("subscribers", "add", "ida@example.org")
    said = broadsheet("run", "morning")
    assert said.code == 1
    assert "next try" in said.out


def test_a_run_says_until_when_a_limit_lets_no_more_go(broadsheet, folder):
    with mailbox(folder / "mailbox") as port:
        file = folder / "config" / "broadsheet.toml"
        file.write_text(file.read_text().replace("port = 9", f'port = {port}\nrates = "1/d"'))
        for name in ("ida", "ben"):
            broadsheet("subscribers", "add", f"{name}@example.org")
        said = broadsheet("run", "morning")
    assert said.code == 1
    assert "1 accepted, 1 pending" in said.out
    assert "mail lets no more go before" in said.out


def test_a_run_sends_nothing_while_everything_is_paused(broadsheet, folder, deferred):
    broadsheet("pause", "--all")
    broadsheet("resume", deferred)
    with mailbox(folder / "mailbox") as port:
        file = folder / "config" / "broadsheet.toml"
        file.write_text(file.read_text().replace("port = 9", f"port = {port}"))
        broadsheet("retry", broadsheet("deliveries", "--json").value[0]["id"])
        _publish(folder)
        broadsheet("run", "morning", "--extra")
    assert list((folder / "mailbox").rglob("*.eml")) == []


def test_a_run_told_to_stop_while_it_goes_on_with_an_edition_makes_no_other(broadsheet, folder, deferred, monkeypatch):
    _publish(folder)
    monkeypatch.setattr("bot.cli.schedules.deliver_now", lambda *_: Delivered(True, {}))
    with opened(folder / "config") as installation, pytest.raises(KeyboardInterrupt):
        run_due(Session(folder / "config", Output(as_json=False, quiet=True)), installation, "morning", extra=True)
    assert [each["id"] for each in broadsheet("editions", "--json").value] == [deferred]
    said = broadsheet("run", "morning", "--extra")
    assert (said.code, said.err.count("\n")) == (130, 1)


@pytest.fixture
def sent(broadsheet, folder):
    """An edition that ida was sent."""
    with mailbox(folder / "mailbox") as port:
        configure(folder, "[delivery]\nkeep_deliveries = '1d'\n", port=port)
        broadsheet("subscribers", "add", "ida@example.org")
        return broadsheet("run", "morning", "--json").value["edition"]


def _age(folder, days):
    """Makes all editions so much older."""
    with opened(folder / "config") as installation, installation.store.write() as tx:
        tx.connection.execute(update(editions).values(changed=installation.clock() - timedelta(days=days)))


def _message_id(folder):
    mail = next(path for path in (folder / "mailbox").rglob("*.eml"))
    return message_from_bytes(mail.read_bytes())["Message-ID"]


@pytest.mark.parametrize("by", [_message_id, lambda _: "IDA@example.org"], ids=["Message-ID", "address"])
def test_a_delivery_is_found_with_its_attempts_by_what_the_world_calls_it(broadsheet, folder, sent, by):
    (found,) = broadsheet("deliveries", "--find", by(folder), "--json").value
    assert (found["delivery"]["edition"], found["delivery"]["destination"]) == (sent, "ida@example.org")
    (attempt,) = found["attempts"]
    assert (attempt["number"], attempt["code"], attempt["outcome"]) == (1, 250, "accepted")
    said = broadsheet("deliveries", "--find", by(folder))
    assert "127.0.0.1" in said.out
    assert broadsheet("deliveries", "--find", by(folder), "--state", "failed").code == 1


def test_what_the_ledger_does_not_know_is_one_line(broadsheet, folder, sent):
    said = broadsheet("deliveries", "--find", "nobody@example.org")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)


def test_an_old_edition_shows_its_totals_and_until_when_its_readers_were_known(broadsheet, folder, sent):
    message = _message_id(folder)
    assert broadsheet("db", "fold", "--json").code == 3
    _age(folder, 2)
    (task,) = broadsheet("db", "fold", "--dry-run", "--json").value
    assert (task["edition"], task["what"], task["deliveries"]) == (sent, "deliveries", 1)
    assert broadsheet("db", "stats", "--json").value["deliveries"] == 1
    done = broadsheet("db", "fold", "--json")
    assert (done.code, done.value["editions"], done.value["deliveries"]) == (0, [sent], 1)
    stats = broadsheet("db", "stats", "--json").value
    assert (stats["deliveries"], stats["attempts"], stats["chunks"], stats["editions"]) == (0, 0, 0, 1)
    shown = broadsheet("editions", sent, "--json").value
    assert (shown["deliveries"], shown["balanced"]) == ({"accepted": 1}, True)
    assert shown["folded"] is not None
    assert "who got it was kept until" in broadsheet("editions", sent).out
    for arguments in (("--edition", sent), ("--find", message)):
        said = broadsheet("deliveries", *arguments, "--json")
        assert (said.code, said.out) == (3, "")
        assert "its totals: 1 accepted" in said.err
    assert "fold" in _acts(broadsheet)


def _prefer(folder, address, preferences):
    with opened(folder / "config") as installation, installation.store.write() as tx:
        (reader,) = [each.id for each in tx.subscribers.find(address)]
        tx.subscribers.prefer(reader, "readers", preferences)


def test_clicks_are_counted_where_the_newsroom_says_so_and_shown_with_the_edition(broadsheet, folder):
    configure(folder, "\n[tracking]\nclicks = true\n")
    for file in (folder / "articles").glob("*.md"):
        address = f"url: https://record.example/{file.stem}"
        file.write_text(file.read_text("utf-8").replace("lang: en", f"lang: en\n{address}"), "utf-8")
    broadsheet("subscribers", "add", "ida@example.org")
    edition = broadsheet("run", "morning", "--json").value["edition"]
    with opened(folder / "config") as installation, installation.store.write() as tx:
        found = tx.editions.get(edition)
        urls = [story.article.url for story in found.stories]
        tx.links.count(edition, 1)
    assert all(urls) and all(url not in found.renditions[0].email.html for url in urls)
    shown = broadsheet("editions", edition, "--json").value["links"]
    assert [(each["number"], each["url"], each["clicks"]) for each in shown] == [
        (number, url, int(number == 1)) for number, url in enumerate(urls, start=1)
    ]
    assert f"1 click  {urls[0]}" in broadsheet("editions", edition).out


def test_clicks_are_not_counted_by_default(broadsheet, folder, deferred):
    assert broadsheet("editions", deferred, "--json").value["links"] == []
    with opened(folder / "config") as installation, installation.store.read() as tx:
        assert "/l/" not in tx.editions.get(deferred).renditions[0].email.html


def test_a_preview_says_how_many_readers_get_what(broadsheet, folder):
    for name in ("ida", "jon", "mo"):
        broadsheet("subscribers", "add", f"{name}@example.org")
    _prefer(folder, "jon@example.org", Preferences(language="de"))
    _prefer(folder, "mo@example.org", Preferences(schedules=("weekly",)))
    said = broadsheet("preview", "morning", "--out", "out")
    assert "1 readers get all of it" in said.out
    assert "1 get 3 stories, in de  (variant-" in said.out
    assert "1 get nothing: other frequency" in said.out
    (variant,) = broadsheet("preview", "morning", "--json").value["readers"]["variants"]
    assert broadsheet("preview", "morning", "--out", "de", "--variant", variant["id"]).code == 0
    assert "Abbestellen" in (folder / "de" / "digest.html").read_text("utf-8")
    assert "Abbestellen" not in (folder / "out" / "digest.html").read_text("utf-8")
    wrong = broadsheet("preview", "morning", "--variant", "variant-no")
    assert (wrong.code, wrong.err.count("\n")) == (1, 1)


def test_a_run_that_leaves_only_readers_own_hours_has_not_failed(broadsheet, folder, monkeypatch):
    broadsheet("subscribers", "add", "ida@example.org")
    zone = "Pacific/Kiritimati"
    hour = (system_clock().astimezone(ZoneInfo(zone)).hour + 2) % 24
    _prefer(folder, "ida@example.org", Preferences(hour=hour, timezone=zone))
    ended = broadsheet("run", "morning", "--extra")
    assert (ended.code, "1 wait for their readers' own hour" in ended.out) == (0, True)


def test_a_preview_looks_at_the_edition_as_an_editor_would(broadsheet, folder):
    said = broadsheet("preview", "morning", "--out", "out")
    assert "preflight: nothing to mend, " in said.out
    found = broadsheet("preview", "morning", "--json").value["preflight"]
    assert {"links", "subject", "size", "contrast", "address", "sections", "twice"} <= {each["check"] for each in found}
    assert {each["grade"] for each in found} <= {"ok", "warning"}


def test_an_edition_shows_what_a_look_at_it_finds_and_can_be_looked_at_again(broadsheet, folder, deferred):
    asked = broadsheet("editions", deferred, "--json").value["preflight"]
    assert [each["said"] for each in asked if each["check"] == "links"] == ["1 link not looked at yet"]
    assert "preflight: nothing to mend, " in broadsheet("editions", deferred, "--check").out
    asked = broadsheet("editions", deferred, "--json").value["preflight"]
    assert [each["said"] for each in asked if each["check"] == "links"] == ["1 link to look at yourself"]
    assert broadsheet("editions", "--check").code == 2
    assert broadsheet("editions", "nope", "--check").code == 1
