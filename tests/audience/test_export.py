from __future__ import annotations

import csv
from datetime import UTC, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.audience.enrolment import subscribers_import
from bot.audience.export import COLUMNS, exported, exported_cells, write_subscribers
from bot.audience.importing import run_import
from bot.audience.subscriber_file import SubscriberFile, Wanted
from bot.model import Consent, Enrolment, Evidence, Preferences, Subscriber
from bot.testing import NOW, subscribe

LOCALS = st.text("=+-'ab9", min_size=1, max_size=12)
WORDS = st.text(st.sampled_from("=+-@'\"ab ,;|\tñ漢"), max_size=12).map(lambda text: " ".join(text.split()))
NAMES = st.tuples(WORDS.filter(bool)) | st.lists(WORDS.filter(bool), max_size=3).map(tuple)
MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment < NOW)
EVIDENCE = st.builds(
    Evidence,
    form=WORDS,
    wording=WORDS,
    page=WORDS,
    requested=st.none() | MOMENTS,
    confirmed=st.none() | MOMENTS,
    ip=st.sampled_from(["", "192.0.2.1", "2001:db8::1"]),
    source=WORDS,
    written=WORDS,
    imported=st.none() | MOMENTS,
)
PREFERENCES = st.builds(
    Preferences,
    topics=NAMES,
    schedules=st.none() | NAMES,
    language=st.sampled_from(["", "de", "pt-BR"]),
    hour=st.none() | st.integers(0, 23),
    timezone=st.sampled_from(["", "Europe/Berlin", "Asia/Tokyo"]),
    paused_until=st.none() | st.dates(),
)
SUBSCRIBERS = st.builds(
    Subscriber,
    id=st.just(1),
    address=LOCALS.map(lambda local: f"{local}@mail.example"),
    audience=st.sampled_from(["readers", "weekly"]),
    state=st.just("subscribed"),
    name=WORDS,
    consent=st.builds(Consent, at=MOMENTS, via=WORDS.filter(bool), note=WORDS, evidence=st.none() | EVIDENCE),
    preferences=PREFERENCES,
)


def _read(text, **wanted):
    asked = {
        "audience": "",
        "audiences": ["readers", "weekly"],
        "now": NOW,
        "zone": UTC,
        "via": "import",
        "keep_ip": True,
        **wanted,
    }
    return list(SubscriberFile(StringIO(text, newline=""), Wanted(**asked)))


def _written(*rows):
    stream = StringIO(newline="")
    assert write_subscribers(rows, stream) == len(rows)
    return stream.getvalue()


@settings(max_examples=300)
@given(st.lists(SUBSCRIBERS, max_size=4))
def test_what_was_exported_is_read_back_the_same(rows):
    read = _read(_written(*rows))
    assert len(read) == len(rows)
    for row, found in zip(rows, read, strict=True):
        assert isinstance(found, Enrolment)
        evidence = row.consent.evidence
        assert (found.address, found.audience, found.name) == (row.address, row.audience, row.name)
        assert (found.consent.at, found.consent.via, found.consent.note) == (
            row.consent.at,
            row.consent.via,
            row.consent.note,
        )
        # Evidence of nothing is none.
        assert (found.consent.evidence or Evidence()) == (evidence or Evidence())
        assert (found.preferences or Preferences()) == row.preferences


@settings(max_examples=200)
@given(st.lists(SUBSCRIBERS, max_size=4))
def test_no_cell_of_an_export_is_a_formula(rows):
    for record in csv.reader(StringIO(_written(*rows), newline="")):
        for cell in record:
            assert not cell.lstrip().startswith(tuple("=+-@＝＋－＠"))


def test_an_export_goes_into_an_empty_store_and_comes_out_the_same(store, tmp_path):
    ida, tom, ann = subscribe(store, "ida@example.org", "tom@example.org", "ann@example.org")
    with store.write() as tx:
        tx.subscribers.prefer(ida, "readers", Preferences(topics=("Harbour", "a|b"), schedules=(), hour=6))
        tx.subscribers.unsubscribe(tom, "readers", via="page", now=NOW + timedelta(minutes=1))
        evidence = Evidence(form="page", wording="2", requested=NOW, confirmed=NOW, page="https://record.example/")
        tx.subscribers.subscribe("eve@example.org", "weekly", Consent(at=NOW, via="form", evidence=evidence))
    file = tmp_path / "export.csv"
    with store.read() as tx, file.open("w", encoding="utf-8", newline="") as stream:
        assert write_subscribers(exported(tx, ""), stream) == 4
        before = sorted(map(_cells, tx.subscribers.every()))
        assert (tx.subscribers.size(), tx.subscribers.size("readers", "unsubscribed")) == (4, 1)
    later = NOW + timedelta(hours=1)
    with store.write() as tx:
        for name in ("ida", "tom", "ann", "eve"):
            tx.subscribers.forget(f"{name}@example.org", NOW)
    job = subscribers_import(file, "", ["readers", "weekly"], by="mara", zone=ZoneInfo("UTC"))
    for accepted, ended, known in ((3, 1, 0), (0, 0, 4)):
        result = run_import(store, job, clock=lambda: later, advance=lambda *_: None)
        assert (result.accepted, result.ended, result.known) == (accepted, ended, known)
        with store.read() as tx:
            assert sorted(map(_cells, tx.subscribers.every())) == before
    assert ann


def _cells(row):
    return tuple(exported_cells(row)[name] for name in COLUMNS)


def test_only_rows_of_the_audience_that_is_asked_for_are_taken():
    text = "email,audience,state,subscribed,consent_via\na@b.example,weekly,subscribed,2024-01-01,form\n"
    assert [each.why for each in _read(text, audience="readers")] == ["elsewhere"]
    (refused,) = _read(text, audiences=["readers"])
    assert refused.reason == "no such audience; there are: readers"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("subscribed,,form,,", "no date of the consent"),
        ("subscribed,2024-01-01,,,", "no source of the consent"),
        ("gone,2024-01-01,form,,", 'the state is "subscribed" or "unsubscribed"'),
        ("subscribed,2024-01-01,form,24,", "the hour is a number from 0 to 23"),
        ("subscribed,2024-01-01,form,,Mars/Olympus", "the timezone is one of IANA"),
        ("subscribed,2030-01-01,form,,", "a date in the future"),
        ("subscribed,2024-13-01,form,,", "subscribed: not a date"),
    ],
)
def test_a_row_of_an_export_that_was_changed_by_hand_is_checked(cells, said):
    (refused,) = _read(f"email,audience,state,subscribed,consent_via,hour,timezone\na@b.example,readers,{cells}\n")
    assert said in refused.reason


def test_an_ip_of_an_export_is_kept_only_where_the_newsroom_says_so():
    text = "email,audience,state,subscribed,consent_via,ip\na@b.example,readers,subscribed,2024-01-01,form,192.0.2.1\n"
    assert _read(text)[0].consent.evidence == Evidence(ip="192.0.2.1")
    assert _read(text, keep_ip=False)[0].consent.evidence is None
