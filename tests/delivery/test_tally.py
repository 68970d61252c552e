"""What a process says of its own sending: sums, and a rate that is honest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.clock import SetClock
from bot.delivery.tally import COUNTED_DOMAINS, TOLD_DOMAINS, Tally
from bot.model import Chunk, DeliveryState, Due, Outcome, Recipient, ServerNow
from bot.testing import NOW

CHUNK = Chunk(id=1, edition="first", channel="mail", audience="readers", first=1, last=500, lease="l")
SERVER = "mx.example:25"


class Process:
    """A tally whose seconds pass as the test says."""

    def __init__(self):
        self.at = 0.0
        self.clock = SetClock(NOW)
        self.tally = Tally("here/1/1", self.clock, lambda: self.at)
        self.servers = [ServerNow(channel="mail", address=SERVER, connections=4, in_use=4)]

    def settle(self, number=1, *, state=DeliveryState.ACCEPTED, to="mara@gmail.com", text="", server=SERVER):
        for _ in range(number):
            recipient = Recipient(subscriber=1, address=to, audience="readers")
            due = Due(id=1, subject="", attempt=1, tries=0, first_try=None, recipient=recipient)
            outcome = Outcome(
                delivery=1, attempt=1, state=state, began=NOW, ended=NOW, server=server, text=text, reason=text
            )
            self.tally.settled(CHUNK, due, outcome)

    def passes(self, seconds=1, *, each=0, held=("first",)):
        """So many seconds, in each of which ``each`` deliveries end."""
        for _ in range(seconds):
            self.settle(each)
            self.at += 1
            self.clock.advance(seconds=1)
            self.tally.tick(held, self.servers)

    def said(self):
        """What is said now, and taken by the store."""
        said = self.tally.due()
        self.tally.written(said)
        return said[0] if said else None


@pytest.fixture
def process():
    return Process()


def test_no_rate_is_told_before_a_second_of_sending(process):
    process.tally.claimed(CHUNK)
    process.settle(500)
    process.at += 0.2
    process.tally.tick({"first"}, process.servers)
    assert process.said().rate is None
    process.at += 0.8
    process.settle(500)
    process.tally.tick({"first"}, process.servers)
    assert process.said().rate == 1000


def test_the_rate_is_that_of_the_last_ten_seconds(process):
    process.tally.claimed(CHUNK)
    process.passes(30, each=10)
    process.passes(10, each=100)
    said = process.said()
    assert (said.rate, said.tried) == (100, 1300)
    assert said.servers[0].rate == 100


def test_waiting_for_a_limit_makes_it_slower_and_a_pause_does_not(process):
    process.tally.claimed(CHUNK)
    process.passes(5, each=100)
    process.passes(5)
    assert process.said().rate == 50
    process.passes(2, held=())
    assert process.said().rate is None
    process.passes(300, held=())
    process.tally.claimed(CHUNK)
    process.passes(2, each=100)
    assert process.said().rate == 100


def test_nothing_is_said_of_an_edition_on_which_nothing_happens(process):
    process.tally.claimed(CHUNK)
    process.passes(3, each=1)
    process.passes(2, held=())
    assert process.said().tried == 3
    process.passes(60, held=())
    assert process.said() is None


def test_who_holds_work_says_so_though_nothing_moves(process):
    process.tally.claimed(CHUNK)
    process.passes(1)
    process.said()
    process.passes(4)
    assert process.said() is None
    process.passes(1)
    assert process.said() is not None


def test_what_the_store_did_not_take_is_said_again(process):
    process.tally.claimed(CHUNK)
    process.passes(1, each=5)
    assert process.tally.due()
    process.passes(2, held=())
    assert process.said().tried == 5


def test_an_edition_that_goes_on_after_hours_begins_a_row_of_its_own(process):
    process.tally.claimed(CHUNK)
    process.passes(1, each=5)
    process.passes(2, held=())
    first = process.said()
    process.passes(3700, held=())
    process.tally.claimed(CHUNK)
    process.passes(2, each=1)
    again = process.said()
    assert (first.tried, again.tried) == (5, 2)
    assert again.began > first.began


def test_answers_are_counted_by_server_and_by_provider(process):
    process.tally.claimed(CHUNK)
    process.settle(3, to="a@GoogleMail.com")
    process.settle(2, to="b@gmail.com", state=DeliveryState.DEFERRED, text="452 4.2.2 full", server="other:25")
    process.passes(1)
    said = process.said()
    assert [(each.domain, each.states, each.said) for each in said.domains] == [
        ("gmail.com", {"accepted": 3, "deferred": 2}, "452 4.2.2 full")
    ]
    assert {each.address: each.states for each in said.servers} == {
        SERVER: {"accepted": 3},
        "other:25": {"deferred": 2},
    }
    assert {each.address: each.in_use for each in said.servers} == {SERVER: 4, "other:25": 0}


def test_no_address_is_kept_of_what_was_said(process):
    process.tally.claimed(CHUNK)
    process.settle(text="550 5.1.1 <mara@gmail.com>: mara@gmail.com unknown", state=DeliveryState.FAILED)
    process.passes(1)
    assert process.said().domains[0].said == "550 5.1.1 <…>: … unknown"


def test_a_list_of_many_domains_is_told_by_its_largest_and_forgets_nobody(process):
    process.tally.claimed(CHUNK)
    process.settle(5, to="a@large.example")
    for number in range(COUNTED_DOMAINS + 500):
        process.settle(to=f"a@d{number}.example")
    process.passes(1)
    said = process.said()
    assert len(said.domains) == TOLD_DOMAINS + 1
    assert said.domains[0].domain == "large.example"
    assert said.domains[-1].domain == "*"
    assert sum(sum(each.states.values()) for each in said.domains) == said.tried == COUNTED_DOMAINS + 505


def test_a_server_that_rests_is_told_with_its_end(process):
    process.tally.claimed(CHUNK)
    until = NOW + timedelta(minutes=2)
    process.servers = [ServerNow(channel="mail", address=SERVER, connections=4, in_use=0, rests_until=until)]
    process.passes(1)
    assert process.said().servers[0].rests_until == until
