"""Each fault of a mail server alone: what becomes of the delivery it strikes, and of all the others."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.faults.evidence import running_sink
from tests.faults.faults import NAMES
from tests.faults.invariants import ALWAYS, Case, broken, nobody_is_missing
from tests.faults.newsroom import Newsroom, Setting

pytestmark = pytest.mark.slow

READERS = 12
SERVED = READERS - 1

TEMPORARY = [
    "banner_421",
    "mail_421",
    "mail_451",
    "rcpt_421",
    "rcpt_451",
    "rcpt_452",
    "rcpt_drop",
    "rcpt_garbage",
    "rcpt_wrong",
    "rcpt_broken",
    "data_451",
    "data_drop",
    "data_wrong",
    "dot_451",
    "dot_452",
]
"""The message surely did not arrive: it is sent again."""

HARMLESS = ["rcpt_loris", "dot_loris"]
UNKNOWABLE = ["body_drop", "dot_drop", "dot_garbage", "dot_wrong", "dot_broken"]
"""The last byte was written and no true answer came: only a person, or the server's log, can tell."""

BLURRED = ["dot_421", "idle_421"]
"""A true answer came, and the line closed behind it: whether the answer was read is a matter of luck."""

OTHER = ["rcpt_450", "rcpt_550", "rcpt_550_354", "data_554", "rcpt_stall", "dot_stall"]
OF_TLS = ["starttls_stripped", "starttls_454"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One newsroom with 11 readers who are not suppressed; each test sends an edition of its own."""
    folder = tmp_path_factory.mktemp("newsroom") / "newsroom"
    return Newsroom(folder, READERS, Setting(approval=False)).make(port=2525)


@pytest.fixture
def send(shared, tmp_path):
    """Sends an edition through a sink with these faults until nothing more is to be done; returns how it stands."""

    def through(faults, *, setting=None, options=(), mended_by=""):
        with running_sink(tmp_path / "sink", faults=faults, options=options) as sink:
            shared.setting = setting or Setting(approval=False)
            shared.mail_through(sink.port)
            edition, subject = shared.extra_edition()
            books = goes_on(shared, edition)
            if mended_by:
                assert books.state == "paused"
                shared.ask(mended_by, edition)
                books = goes_on(shared, edition)
            case = Case(
                rows=shared.rows(edition),
                books=books,
                taken=sink.evidence.read().of(subject),
                explained=sink.evidence.explained,
            )
            assert sink.evidence.blamed == []
            struck = [name for name in sink.evidence.faults if name in faults]
            assert struck or not faults, "the fault did not happen"
            return case

    return through


def goes_on(newsroom, edition):
    deadline = time.monotonic() + 60
    while (books := newsroom.books(edition)).state == "sending" and time.monotonic() < deadline:
        newsroom.call("run", "morning")
        time.sleep(0.2)
    return books


def test_every_fault_has_a_test():
    assert sorted([*TEMPORARY, *HARMLESS, *UNKNOWABLE, *BLURRED, *OTHER, *OF_TLS]) == sorted(NAMES)


@pytest.mark.parametrize("fault", TEMPORARY)
def test_after_a_passing_trouble_everybody_has_one_copy(send, fault):
    case = send(f"{fault}=1x2")
    assert broken(case) == []
    assert case.books.states == {"accepted": SERVED, "suppressed": 1}
    assert len(case.taken) == SERVED


@pytest.mark.parametrize("fault", HARMLESS)
def test_a_slow_answer_is_an_answer(send, fault):
    case = send(f"{fault}=0.5")
    assert broken(case) == []
    assert case.books.states == {"accepted": SERVED, "suppressed": 1}


@pytest.mark.parametrize("fault", UNKNOWABLE)
def test_without_a_true_answer_to_the_dot_that_delivery_alone_is_unknown_and_not_sent_again(send, fault):
    case = send(f"{fault}=1x1")
    assert broken(case) == []
    assert case.books.states == {"accepted": SERVED - 1, "unknown": 1, "suppressed": 1}
    assert "1 unknown" in case.books.reason


@pytest.mark.parametrize("fault", BLURRED)
def test_a_line_that_closes_behind_its_answer_loses_nothing_and_repeats_nothing(send, fault):
    case = send(f"{fault}=1x2")
    assert broken(case) == []
    assert case.books.states["accepted"] + case.books.states.get("unknown", 0) == SERVED


def test_a_greylisted_reader_has_one_copy_a_little_later(send):
    case = send("rcpt_450=0.4", options=["--grey", "0.5"])
    assert broken(case) == []
    assert case.books.states == {"accepted": SERVED, "suppressed": 1}


@pytest.mark.parametrize("fault", ["rcpt_550", "rcpt_550_354"])
def test_a_reader_who_does_not_exist_fails_with_the_servers_words_and_nobody_else_does(send, fault):
    case = send(f"{fault}=0.4")
    assert broken(case, [*ALWAYS, nobody_is_missing]) == []
    failed = [row for row in case.rows if row.state == "failed"]
    assert 0 < len(failed) < SERVED
    assert case.books.states["accepted"] == SERVED - len(failed)
    assert all("No such user" in row.reason for row in failed)


def test_a_refusal_by_policy_pauses_the_edition_and_fails_nobody(send):
    case = send("data_554=1")
    assert case.books.state == "paused"
    assert "refused by policy" in case.books.reason
    assert case.taken == []
    assert not {"failed", "unknown", "attempting", "accepted"} & set(case.books.states)
    assert sum(case.books.states.values()) == READERS


def test_an_edition_that_a_refusal_paused_is_sent_to_everybody_once_after_resume(send):
    case = send("data_554=1x1", mended_by="resume")
    assert broken(case) == []
    assert case.books.states == {"accepted": SERVED, "suppressed": 1}


def test_a_server_that_falls_silent_before_the_message_is_left_and_everybody_has_one_copy(send):
    case = send("rcpt_stall=1x1", setting=Setting(approval=False, timeout="2s"))
    assert broken(case) == []
    assert case.books.states == {"accepted": SERVED, "suppressed": 1}


def test_a_server_that_falls_silent_after_the_message_leaves_that_delivery_unknown(send):
    case = send("dot_stall=1x1", setting=Setting(approval=False, timeout="1s"))
    assert broken(case) == []
    assert case.books.states == {"accepted": SERVED - 1, "unknown": 1, "suppressed": 1}


def secured(certificate, shared):
    shared.secrets = {"BROADSHEET_MAIL_PASSWORD": "not told in the clear"}
    channel = f'ca_file = "{certificate}"\nusername = "bot"'
    return Setting(approval=False, security="starttls", channel=channel)


def with_tls(certificate):
    return ["--certificate", str(certificate), "--login", "bot:not told in the clear"]


def test_mail_goes_over_tls_after_a_login(send, shared, certificate):
    case = send("", setting=secured(certificate, shared), options=with_tls(certificate))
    assert broken(case) == []
    assert len(case.taken) == SERVED


def test_when_somebody_strips_starttls_the_edition_pauses_and_nothing_goes_out_in_the_clear(send, shared, certificate):
    case = send("starttls_stripped=1", setting=secured(certificate, shared), options=with_tls(certificate))
    assert case.books.state == "paused"
    assert "STARTTLS" in case.books.reason
    assert case.taken == []
    assert not {"failed", "unknown", "accepted"} & set(case.books.states)


def test_when_tls_is_out_of_order_for_a_moment_everybody_has_one_copy_over_tls_later(send, shared, certificate):
    case = send("starttls_454=1x2", setting=secured(certificate, shared), options=with_tls(certificate))
    assert broken(case) == []
    assert case.books.states == {"accepted": SERVED, "suppressed": 1}


def test_the_checks_see_what_is_wrong(send):
    """None of the checks is one that cannot fail."""
    case = send("")
    assert broken(case, [*ALWAYS, nobody_is_missing]) == []
    first, *others = case.taken
    rows = {row.destination: row for row in case.rows}
    unknown = replace(rows[first.recipient], state="unknown")
    failed = replace(rows[first.recipient], state="failed", reason="")

    def with_row(row, **more):
        changed = [row if each.destination == row.destination else each for each in case.rows]
        return replace(case, rows=changed, **more)

    def said(wrong):
        return {line.partition(":")[0] for line in broken(wrong, [*ALWAYS, nobody_is_missing])}

    books = replace(case.books, states={"accepted": SERVED - 1, "unknown": 1, "suppressed": 1})
    assert said(replace(case, taken=others)) == {"accepted_was_taken", "nobody_is_missing"}
    assert said(with_row(failed)) >= {"taken_is_accepted_or_unknown", "nobody_is_missing"}
    assert said(replace(case, taken=[first, *case.taken])) == {"nobody_has_two_copies"}
    assert said(replace(case, taken=[replace(first, message_id="<x@y>"), *case.taken], policy="resend")) == {
        "a_reader_has_one_message_id",
        "nobody_has_two_copies",
    }
    assert said(with_row(unknown, books=books)) == {"unknown_is_explained", "nobody_is_missing"}
    assert said(with_row(unknown, books=books, kills=1, connections=1)) == {"nobody_is_missing"}
    assert said(with_row(unknown)) >= {"states_sum_to_the_snapshot"}
    assert said(replace(case, books=replace(case.books, state="paused"))) == {"nothing_is_left"}
