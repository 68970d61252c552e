"""Yesterday's backup is restored: with a real mail server, nobody gets anything twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from email import message_from_bytes

import pytest

from bot.clock import SetClock
from bot.demo.mailbox import mailbox
from bot.editions import lifecycle
from bot.errors import NotFound, NothingToDo, StoreHeld, UsageError
from bot.model import DeliveryState, EditionState
from bot.schedules.installation import Installation
from bot.schedules.reconcile import questions, reconcile
from bot.schedules.run import extra_slot
from bot.schedules.slot import make
from bot.schedules.tick import is_due, tick
from bot.schedules.worker import deliver_now
from bot.store import Store
from bot.store.backup import back_up
from bot.store.restore import restore
from bot.testing import KEYS, NOW, article, settings, subscribe

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
READERS = [f"reader{number}@example.org" for number in range(3)]

CONFIG = """
[channels.mail]
type = "email"
from = "The Record <briefing@record.example>"
host = "127.0.0.1"
port = {port}
security = "none"

[schedules.morning]
name = "Morning briefing"
cron = "{cron}"
audience = "readers"
channels = ["mail"]
"""


class Newsroom:
    """A newsroom whose store can be put back to a backup; ``mails`` are those that its server took."""

    def __init__(self, folder, port, store_url, extra, cron):
        self._folder = folder
        self._url = store_url
        self._settings = settings(folder, CONFIG.format(port=port, cron=cron) + extra)
        self.clock = SetClock(NOW)
        self.open()

    def open(self):
        self.store = Store.open(self._url)
        self.installation = Installation(self._settings, self.store, KEYS, self.clock)

    def publish(self, title, at):
        each = article(title=title, body=f"<p>{title} is what this is about, and nothing else.</p>", published=at)
        with self.store.write() as tx:
            tx.articles.put(each, url_key=each.url, present={each.guid}, now=at)

    def live(self, now):
        """One tick, and all that is to be delivered."""
        self.clock.moment = now
        done = tick(self.installation, now)
        assert done.failed == []
        for edition in self.sending():
            deliver_now(self.installation, edition)
        return done

    def sending(self):
        with self.store.read() as tx:
            return [each.id for each in tx.editions.newest(states=[EditionState.SENDING])]

    def back_up(self, now, name="night.db"):
        return back_up(self._url, self._folder / name, now=now).file

    def restore(self, file, now):
        self.store.close()
        restore(file, self._url, replace=True, who="mara", now=now)
        self.open()

    def asked(self, now):
        with self.store.read() as tx:
            return {each.slot: each for each in questions(tx, self.installation, now)}

    def reconcile(self, now, **said):
        return reconcile(self.installation, who="mara", now=now, **said)

    def states(self):
        with self.store.read() as tx:
            return {each.slot_key: str(each.state) for each in tx.editions.newest()}

    def books(self, edition):
        with self.store.read() as tx:
            return tx.deliveries.balance(edition)

    @property
    def mails(self):
        return [message_from_bytes(file.read_bytes()) for file in sorted((self._folder / "mailbox").glob("*.eml"))]

    def subjects(self):
        return Counter(str(each["Subject"]) for each in self.mails)


@pytest.fixture
def newsroom(tmp_path, store_url):
    opened = []
    with mailbox(tmp_path / "mailbox") as port:

        def build(extra="", *, cron="0 7 * * *"):
            opened.append(Newsroom(tmp_path, port, store_url, extra, cron))
            subscribe(opened[0].store, *READERS)
            opened[0].live(NOW - DAY)
            return opened[0]

        yield build
    for each in opened:
        each.store.close()


def _sent_since_the_backup(newsroom):
    """The backup is made the evening before; in the morning the edition goes out, and then the disk is lost."""
    file = newsroom.back_up(NOW - 12 * HOUR)
    newsroom.publish("The ferry returns", NOW - HOUR)
    newsroom.live(NOW)
    assert newsroom.subjects() == {"The ferry returns": 3}
    newsroom.restore(file, NOW + HOUR)
    # The source still has the article: it is collected anew.
    newsroom.publish("The ferry returns", NOW - HOUR)


def test_after_a_restore_nothing_goes_out_and_after_the_editors_word_the_next_slot_goes_out_once(newsroom):
    room = newsroom()
    _sent_since_the_backup(room)
    for minutes in (60, 70, 80):
        assert room.live(NOW + timedelta(minutes=minutes)).made == []
        assert not is_due(room.installation, NOW + timedelta(minutes=minutes))
    assert room.subjects() == {"The ferry returns": 3}
    assert list(room.asked(NOW + 2 * HOUR)) == ["2026-11-24T07:00"]
    said = room.reconcile(NOW + 2 * HOUR, all_sent=True)
    assert said.open
    room.live(NOW + 2 * HOUR)
    assert room.subjects() == {"The ferry returns": 3}
    room.publish("The map room opens", NOW + 20 * HOUR)
    room.live(NOW + DAY)
    room.live(NOW + DAY + timedelta(seconds=2))
    assert room.subjects() == {"The ferry returns": 3, "The map room opens": 3}
    assert all("ferry" not in each.as_string() for each in room.mails[3:])


def test_a_slot_said_to_be_unsent_goes_out_once(newsroom):
    room = newsroom()
    file = room.back_up(NOW - 12 * HOUR)
    room.publish("The ferry returns", NOW - HOUR)
    room.restore(file, NOW + HOUR)
    room.publish("The ferry returns", NOW - HOUR)
    (asked,) = room.asked(NOW + HOUR).values()
    assert room.reconcile(NOW + HOUR, unsent=[asked.edition]).open
    room.live(NOW + HOUR)
    room.live(NOW + HOUR + timedelta(seconds=2))
    assert room.subjects() == {"The ferry returns": 3}
    assert room.sending() == []


def test_what_was_being_sent_is_unknown_and_is_sent_again_only_by_an_editors_word(newsroom):
    room = newsroom()
    room.publish("The ferry returns", NOW - HOUR)
    room.clock.moment = NOW
    tick(room.installation, NOW)
    (edition,) = room.sending()
    file = room.back_up(NOW)
    deliver_now(room.installation, edition)
    first = {each["Message-ID"] for each in room.mails}
    room.restore(file, NOW + HOUR)
    room.live(NOW + HOUR)
    assert len(room.mails) == 3
    with pytest.raises(StoreHeld, match="db reconcile"):
        lifecycle.resume(room.store, edition, who="mara", now=NOW + HOUR)
    assert room.asked(NOW + HOUR)["2026-11-24T07:00"].known == "was being sent: 3 pending"
    said = room.reconcile(NOW + HOUR, sent=[edition])
    assert (said.open, said.unknown) == (True, 3)
    room.live(NOW + HOUR)
    assert len(room.mails) == 3
    balance = room.books(edition)
    assert balance.balanced
    assert balance.states == {DeliveryState.UNKNOWN: 3}
    # One reader wrote that nothing came: the same Message-ID goes out again, to them alone.
    with room.store.read() as tx:
        one = tx.deliveries.page(edition=edition)[0]
    lifecycle.resolve(room.store, [one.id], arrived=False, who="mara", now=NOW + HOUR)
    room.live(NOW + HOUR)
    assert len(room.mails) == 4
    assert {each["Message-ID"] for each in room.mails} == first


def test_what_was_being_sent_goes_on_when_nothing_went_out_since(newsroom):
    room = newsroom()
    room.publish("The ferry returns", NOW - HOUR)
    room.clock.moment = NOW
    tick(room.installation, NOW)
    (edition,) = room.sending()
    file = room.back_up(NOW)
    room.restore(file, NOW + HOUR)
    room.reconcile(NOW + HOUR, unsent=[edition])
    room.live(NOW + HOUR)
    assert room.mails == []
    lifecycle.resume(room.store, edition, who="mara", now=NOW + HOUR)
    room.live(NOW + HOUR)
    assert room.subjects() == {"The ferry returns": 3}


def test_an_edition_that_waited_for_approval_is_asked_about_and_must_be_approved_again(newsroom):
    room = newsroom("approval = true\n")
    room.publish("The ferry returns", NOW - HOUR)
    room.live(NOW - timedelta(minutes=20))
    with room.store.read() as tx:
        (waiting,) = tx.editions.newest(states=[EditionState.AWAITING])
    lifecycle.approve(room.store, waiting.id, who="mara", now=NOW - timedelta(minutes=15))
    file = room.back_up(NOW - timedelta(minutes=10))
    room.restore(file, NOW + HOUR)
    with pytest.raises(StoreHeld):
        lifecycle.approve(room.store, waiting.id, who="mara", now=NOW + HOUR)
    assert room.asked(NOW + HOUR)["2026-11-24T07:00"].known == "was approved"
    room.reconcile(NOW + HOUR, unsent=[waiting.id])
    assert room.states()["2026-11-24T07:00"] == "awaiting"
    lifecycle.approve(room.store, waiting.id, who="mara", now=NOW + HOUR)
    room.live(NOW + HOUR)
    assert room.subjects() == {"The ferry returns": 3}


def test_each_answer_is_on_record_and_the_store_stays_held_until_all_are_given(newsroom):
    room = newsroom()
    file = room.back_up(NOW - 12 * HOUR)
    later = NOW + 2 * DAY + HOUR
    room.restore(file, NOW + HOUR)
    asked = room.asked(later)
    assert [each.known for each in asked.values()] == ["not in the backup"] + [
        "fell due after the restore: this store did not send it"
    ] * 2
    first, second, third = (each.edition for each in asked.values())
    said = room.reconcile(later, sent=[first], unsent=[second], note="seen in my own mail")
    assert [each.edition for each in said.left] == [third]
    assert room.live(later).made == []
    assert room.reconcile(later, unsent=[third]).open
    with room.store.read() as tx:
        acts = [(act.what, act.after) for act in tx.acts.newest(thing=f"edition:{first}")]
        assert [act.who for act in tx.acts.newest(thing=f"edition:{second}")] == ["mara"]
    assert acts == [("reconcile", "sent")]
    with pytest.raises(NothingToDo):
        room.reconcile(later, all_sent=True)


def test_an_answer_to_no_question_and_two_answers_to_one_change_nothing(newsroom):
    room = newsroom()
    room.restore(room.back_up(NOW - 12 * HOUR), NOW + HOUR)
    (asked,) = room.asked(NOW + HOUR).values()
    with pytest.raises(NotFound, match="nonesuch"):
        room.reconcile(NOW + HOUR, sent=[asked.edition, "nonesuch"])
    with pytest.raises(UsageError, match="say one"):
        room.reconcile(NOW + HOUR, sent=[asked.edition], unsent=[asked.edition])
    assert list(room.asked(NOW + HOUR)) == ["2026-11-24T07:00"]


def test_a_schedule_that_runs_each_minute_is_answered_whole(newsroom):
    room = newsroom(cron="* * * * *")
    room.restore(room.back_up(NOW - DAY), NOW + HOUR)
    assert len(room.asked(NOW + HOUR)) == (DAY + HOUR) // timedelta(minutes=1)
    assert room.reconcile(NOW + HOUR, all_sent=True).open
    assert room.live(NOW + HOUR).made == []


def test_not_even_an_edition_outside_the_timetable_is_made(newsroom):
    room = newsroom()
    room.restore(room.back_up(NOW - 12 * HOUR), NOW + HOUR)
    room.publish("The ferry returns", NOW - HOUR)
    slot = extra_slot(room.installation, "morning", NOW + HOUR)
    with pytest.raises(StoreHeld):
        make(room.installation, "morning", slot, NOW + HOUR)
