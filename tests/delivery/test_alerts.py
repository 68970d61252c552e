from __future__ import annotations

import asyncio
import json
import threading
from datetime import timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from bot.clock import SetClock
from bot.delivery import flood
from bot.delivery.alerts import due
from bot.delivery.engine import Engine
from bot.delivery.pausing import pause_channel
from bot.delivery.sending import PROGRAM, begin_sending
from bot.delivery.sending import pause as stop
from bot.demo.mailbox import mailbox
from bot.editions import lifecycle
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, SettingsError
from bot.model import Act, EditionState
from bot.schedules.installation import Installation
from bot.schedules.ticker import alert_now
from bot.settings.tables import AlertsTable, DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, edition, settings, subscribe
from tests.delivery.posting import Process, begin, posts

RULES = AlertsTable()
READERS = [f"reader{number:02d}@example.org" for number in range(20)]
CONFIG = """
[http]
allow_loopback = true

[channels.mail]
type = "email"
from = "The Record <briefing@record.example>"
host = "127.0.0.1"
port = {port}
security = "none"

[channels.ops]
type = "webhook"
url = "http://127.0.0.1:{hook}/alerts"
gap = "1d"
quiet = "00:00-23:59"

[alerts]
channels = {channels}
to = {to}
"""
SECRETS = {"BROADSHEET_OPS_SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}


def _sending(store):
    subscribe(store, *READERS)
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    return made


def _pause(store, made, reason="the books do not balance", at=NOW):
    with store.write() as tx:
        assert stop(tx, made.id, reason, at)


def _due(store, now=NOW, rules=RULES):
    with store.read() as tx:
        return [each.title for each in due(tx, rules, "UTC", now)]


async def _sent(store, answer):
    made = _sending(store)
    channels = {"mail": ScriptedChannel(answer=answer)}
    await Engine(
        store=store, channels=channels, keys=KEYS, clock=SetClock(NOW), rules=DeliveryTable(refused_share=100)
    ).deliver()
    return made


def _raising(error, *addresses):
    def answer(parcel):
        if parcel.recipient.address in addresses:
            raise error
        return ScriptedChannel().answer(parcel)

    return answer


async def test_a_refusal_of_the_newsroom_itself_is_told(store):
    await _sent(store, _raising(ChannelRefused("mx refuses the login"), *READERS))
    (title,) = _due(store)
    assert title.startswith("Morning briefing is paused: mx refuses the login")


def test_what_an_editor_stopped_is_no_news(store):
    made = _sending(store)
    lifecycle.pause(store, made.id, who="ida", now=NOW, note="a typo")
    assert _due(store) == []


def test_what_goes_on_again_is_no_news(store):
    made = _sending(store)
    _pause(store, made)
    assert len(_due(store)) == 1
    lifecycle.resume(store, made.id, who="ida", now=NOW)
    assert _due(store) == []


def test_an_edition_held_unapproved_and_one_that_expired_are_told(store):
    held, late = edition(state=EditionState.AWAITING, approval=True), edition()
    with store.write() as tx:
        for each in (held, late):
            tx.editions.add(each, expires=NOW, report={})
    lifecycle.hold(store, held.id, who=PROGRAM, now=NOW, note="nobody approved it")
    lifecycle.expire(store, late.id, now=NOW, reason="later than its schedule allows")
    assert _due(store) == [
        "Morning briefing is held: nobody approved it",
        "Morning briefing did not go out: later than its schedule allows",
    ]


async def test_an_edition_that_went_out_whole_is_no_news(store):
    await _sent(store, _raising(DeliveryError("550", permanent=True), READERS[0]))
    assert _due(store) == []
    assert _due(store, rules=AlertsTable(failed_share=4)) == ["Morning briefing went out, 1 failed"]


async def test_unknown_deliveries_are_told_however_few(store):
    await _sent(store, _raising(OutcomeUnknown("the line broke"), READERS[0]))
    assert _due(store) == ["Morning briefing went out, 1 unknown"]


def test_old_news_is_not_told(store):
    made = _sending(store)
    _pause(store, made)
    assert len(_due(store, NOW + timedelta(hours=23))) == 1
    assert _due(store, NOW + timedelta(hours=25)) == []


class _Hook(BaseHTTPRequestHandler):
    got: list[dict[str, object]] = []

    def do_POST(self):
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments):
        return None


@pytest.fixture
def hook():
    """A webhook's receiver: its port, and what it got."""
    kind = type("Hook", (_Hook,), {"got": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, kind.got
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def newsroom(store, clock, tmp_path):
    """Builds an installation that tells of alerts by mail to that port, and by webhook to the other."""

    def build(port, hook=9, *, channels=("mail",), to=("ida@record.example", "ben@record.example")):
        toml = CONFIG.format(port=port, hook=hook, channels=json.dumps(channels), to=json.dumps(to))
        return Installation(settings(tmp_path, toml, environment=SECRETS), store, KEYS, clock)

    return build


def _acts(store, made):
    with store.read() as tx:
        found = tx.acts.newest(thing=f"edition:{made.id}")
    return [each for each in found if each.what.startswith("alert")]


def _mails(folder):
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in sorted(folder.glob("*.eml"))]
    return {each["To"]: each for each in found}


def test_each_address_gets_a_mail_that_says_what_happened_and_what_to_do_once(store, clock, newsroom, tmp_path):
    made = _sending(store)
    _pause(store, made, "mx says <b>no</b> & hangs up")
    with mailbox(tmp_path / "mails") as port:
        installation = newsroom(port)
        assert len(alert_now(installation)) == 1
        clock.advance(hours=2)
        assert alert_now(installation) == []
    mails = _mails(tmp_path / "mails")
    assert set(mails) == {"ida@record.example", "ben@record.example"}
    mail = mails["ida@record.example"]
    assert mail["Subject"] == "Alert: Morning briefing is paused: mx says <b>no</b> & hangs up"
    text, html = (mail.get_body([kind]).get_content() for kind in ("plain", "html"))
    for part in (text, html):
        assert "20 of 20 deliveries wait until you resume it" in part
        assert f"broadsheet resume {made.id}" in part
    assert "mx says &lt;b&gt;no&lt;/b&gt; &amp; hangs up" in html
    (act,) = _acts(store, made)
    assert (act.who, act.what) == (PROGRAM, "alert")
    assert "ida@record.example by mail" in act.note


def test_where_the_mail_server_failed_the_webhook_tells(store, newsroom, hook):
    made = _sending(store)
    _pause(store, made)
    port, got = hook
    assert len(alert_now(newsroom(9, port, channels=("mail", "ops")))) == 1
    (event,) = got
    assert event["type"] == "edition.alert"
    assert event["data"]["edition"] == made.id
    assert "is paused: the books do not balance" in event["data"]["text"]
    (act,) = _acts(store, made)
    assert "ops" in act.note
    assert "not ida@record.example by mail" in act.note


def test_two_alerts_at_once_wait_for_no_gap_and_no_quiet_hours(store, newsroom, hook):
    for made in (_sending(store), _sending(store)):
        _pause(store, made)
    port, got = hook
    assert len(alert_now(newsroom(9, port, channels=("ops",), to=()))) == 2
    assert len(got) == 2


async def test_a_channel_that_was_paused_is_told_once_by_what_is_left(store, clock, newsroom, hook):
    with store.write() as tx:
        pause_channel(tx, "town", "town.example refuses it (HTTP 401)", NOW)
    port, got = hook
    installation = newsroom(9, port, channels=("ops",), to=())
    assert len(await asyncio.to_thread(alert_now, installation)) == 1
    clock.advance(hours=2)
    assert await asyncio.to_thread(alert_now, installation) == []
    (event,) = got
    assert event["type"] == "alert"
    assert "broadsheet channels resume town" in event["data"]["text"]


async def test_a_post_that_may_be_settled_without_anybody_is_told_of_later(store, clock):
    def unknown(parcel):
        raise OutcomeUnknown("the line broke")

    made = begin(store, NOW, *posts("a"))
    await Process(store, clock, ScriptedChannel(answer=unknown, medium="post")).look()
    with store.read() as tx:
        assert tx.editions.state(made.id) is EditionState.SENT
    assert _due(store) == []
    assert _due(store, NOW + timedelta(minutes=11)) == ["Morning briefing went out, 1 unknown"]


def test_that_confirmations_were_stopped_is_told_once_and_not_when_it_is_over(store, clock, newsroom, tmp_path, hook):
    port, got = hook
    note = "40 of 40 unconfirmed within the hour; usual are 1"
    with store.write() as tx:
        tx.flags.set(flood.FLAG, flood.STOPPED, NOW)
        what = {"what": "stop confirmations", "thing": flood.THING, "after": flood.STOPPED}
        tx.acts.add(Act(at=NOW, who=PROGRAM, note=note, **what))
    with mailbox(tmp_path / "mails") as smtp:
        installation = newsroom(smtp, port, channels=("mail", "ops"), to=("ida@record.example",))
        assert [alert.title for alert in alert_now(installation)] == [
            "Hardly anybody confirms: confirmations are stopped"
        ]
        assert alert_now(installation) == []
    (event,) = got
    assert event["type"] == "alert"
    (file,) = (tmp_path / "mails").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert note in mail.get_body(["plain"]).get_content()
    assert mail["List-Unsubscribe"] is None
    with store.write() as tx:
        tx.flags.set(flood.FLAG, flood.TRIAL, NOW)
    clock.advance(hours=2)
    assert alert_now(installation) == []


def test_an_alert_that_reaches_nobody_is_tried_again_and_is_once_on_record(store, clock, newsroom, tmp_path):
    made = _sending(store)
    _pause(store, made)
    nowhere = newsroom(9)
    for _ in range(3):
        assert alert_now(nowhere) == []
        clock.advance(minutes=6)
    assert [each.what for each in _acts(store, made)] == ["alert in vain"]
    with mailbox(tmp_path / "mails") as port:
        assert len(alert_now(newsroom(port))) == 1
    assert [each.what for each in _acts(store, made)] == ["alert", "alert in vain"]


def test_the_same_trouble_again_is_told_when_quiet_is_over(store, clock, newsroom, tmp_path):
    made = _sending(store)
    _pause(store, made)
    with mailbox(tmp_path / "mails") as port:
        installation = newsroom(port, to=("ida@record.example",))
        assert len(alert_now(installation)) == 1
        for minutes, told in ((10, 0), (51, 1)):
            clock.advance(minutes=minutes)
            if minutes == 10:
                lifecycle.resume(store, made.id, who="ida", now=clock())
                _pause(store, made, "again", at=clock())
            assert len(alert_now(installation)) == told
    assert len(list((tmp_path / "mails").glob("*.eml"))) == 2


def test_of_several_processes_one_tells(store, newsroom, tmp_path):
    made = _sending(store)
    _pause(store, made)
    with mailbox(tmp_path / "mails") as port:
        installation = newsroom(port, to=("ida@record.example",))
        threads = [threading.Thread(target=alert_now, args=(installation,)) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert len(list((tmp_path / "mails").glob("*.eml"))) == 1
    assert len(_acts(store, made)) == 1


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('channels = ["mail"]', "alerts.to: is missing"),
        ('to = ["ida@record.example"]', "alerts.channels"),
        ('channels = ["mial"]\nto = ["ida@record.example"]', 'did you mean "mail"'),
        ('channels = ["social"]', "speaks to the public"),
        ('channels = ["mail"]\nto = ["nobody"]', "alerts.to"),
    ],
)
def test_settings_by_which_nobody_could_be_told_are_refused(tmp_path, toml, said):
    channels = '[channels.mail]\ntype = "email"\n[channels.social]\ntype = "bluesky"\n[alerts]\n'
    with pytest.raises(SettingsError, match=said):
        settings(tmp_path, channels + toml)


def test_thousands_of_other_acts_hide_no_alert(store):
    made = _sending(store)
    _pause(store, made)
    with store.write() as tx:
        for number in range(1500):
            later = NOW + timedelta(seconds=1)
            tx.acts.add(Act(at=later, who="broadsheet", what="suppress", thing=f"suppression:{number:012x}"))
    assert len(_due(store, NOW + timedelta(minutes=1))) == 1


def _held(store, number, at, key):
    made = edition(state=EditionState.HELD, slot_key=f"{key}{number}", reason="60 new articles at once")
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
        thing = f"edition:{made.id}"
        tx.acts.add(Act(at=at, who=PROGRAM, what="draft", thing=thing, before="", after="held", note=made.reason))
    return made


def test_a_flood_of_articles_is_one_alert_and_a_later_one_another(store):
    for number in range(5):
        last = _held(store, number, NOW + timedelta(seconds=number), "article:")
    with store.read() as tx:
        (alert,) = due(tx, RULES, "UTC", NOW + timedelta(minutes=1))
    assert alert.edition.id == last.id
    assert ("Beside it", "4 more editions of this schedule") in alert.facts
    assert any(each.line == "broadsheet editions --state held" for each in alert.do)
    with store.write() as tx:
        tx.flags.set(alert.flag, "told", NOW + timedelta(minutes=1))
    _held(store, 9, NOW + timedelta(minutes=30), "article:")
    for minutes, alerts in ((31, 0), (62, 1)):
        with store.read() as tx:
            assert len(due(tx, RULES, "UTC", NOW + timedelta(minutes=minutes))) == alerts


def test_editions_of_slots_are_alerts_of_their_own(store):
    for number in range(3):
        _held(store, number, NOW, "2026-11-24T08:0")
    with store.read() as tx:
        assert len(due(tx, RULES, "UTC", NOW + timedelta(minutes=1))) == 3


def test_a_permission_that_ends_is_told_once_by_mail_and_by_webhook(store, newsroom, tmp_path, hook):
    port, got = hook
    with store.write() as tx:
        ends = NOW + timedelta(days=6)
        tx.channels.save("ops", "gAAAA", account="@record", expires=ends, now=NOW, serial=0)
    with mailbox(tmp_path / "mails") as smtp:
        installation = newsroom(smtp, port, channels=("mail", "ops"), to=("ida@record.example",))
        assert [alert.title for alert in alert_now(installation)] == ["ops stops in 6 days"]
        assert alert_now(installation) == []
    (event,) = got
    assert event["type"] == "alert"
    (file,) = (tmp_path / "mails").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert "broadsheet channels connect ops" in mail.get_body(["plain"]).get_content()
