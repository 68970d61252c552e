"""kill -9 of ``broadsheet up`` in the middle of a send, again and again, against a real Postfix."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.faults.evidence import Taken
from tests.faults.invariants import Case, broken, in_flight_at_a_kill
from tests.faults.newsroom import CONNECTIONS, Newsroom, Setting, wait

pytestmark = [pytest.mark.real, pytest.mark.slow]

READERS = 500
EDITIONS = 5
KILLS = 2
PATIENCE = 120.0


@pytest.fixture
def newsroom(tmp_path, mail_server):
    login = f'username = "{mail_server["SMTP_USER"]}"\nca_file = "{mail_server["TLS_CA"]}"'
    return Newsroom(
        tmp_path / "newsroom",
        READERS,
        Setting(security="starttls", channel=login),
        secrets={"BROADSHEET_MAIL_PASSWORD": mail_server["SMTP_PASSWORD"]},
    ).make(int(mail_server["SUBMISSION_PORT"]))


def test_after_ten_kills_in_mid_send_nobody_has_two_copies_and_nobody_is_missing(newsroom, readers):
    chance = random.Random(20261124)
    for _ in range(EDITIONS):
        send_one(newsroom, readers, chance)


def send_one(newsroom, readers, chance):
    before = {each["path"] for each in readers()}

    def arrived():
        mine = set(newsroom.addresses())
        return [each for each in readers() if each["path"] not in before and each["envelope-to"] in mine]

    edition, _ = newsroom.approved_edition()
    for share in sorted(chance.uniform(0.05, 0.8) for _ in range(KILLS)):
        with newsroom.running("up") as up:
            goal = share * READERS
            wait(arrived, lambda mails, goal=goal: len(mails) >= goal, "progress", PATIENCE, pause=0.01)
            up.kill()
        assert in_flight_at_a_kill(newsroom.books(edition), CONNECTIONS) == ""
    with newsroom.running("up"):
        newsroom.settled(edition)
    books = newsroom.books(edition)
    # Postfix queues what it took: it arrives a little later.
    mails = wait(
        arrived, lambda mails: len(mails) >= books.states["accepted"], "delivery by Postfix", PATIENCE, pause=0.1
    )
    taken = [Taken(mail["message-id"], mail["envelope-to"], "", 0, 0, answered=True) for mail in mails]
    case = Case(newsroom.rows(edition), books, taken, kills=KILLS, connections=CONNECTIONS)
    assert broken(case) == []
    assert set(books.states) <= {"accepted", "unknown", "suppressed"}
    assert len(Counter(each.message_id for each in taken)) == len(taken)
