from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audience.csv_file import Refusal
from bot.audience.enrolment import forget, subscribers_import
from bot.audience.importing import run_import, try_import
from bot.audience.suppression import suppressions_import
from bot.audience.suppression_file import Listing, SuppressionFile, write_suppressions
from bot.errors import UsageError
from bot.model import Suppression
from bot.store import Store
from bot.testing import NOW, subscribe

WORDS = st.text(st.sampled_from("=+-@'\"ab ,;\tñ漢"), max_size=12).map(lambda text: " ".join(text.split()))
LISTED = st.builds(
    Suppression,
    address=st.text("=+-'ab9", min_size=1, max_size=12).map(lambda local: f"{local}@mail.example"),
    reason=st.sampled_from(["bounced", "complaint", "unsubscribed", "-odd"]),
    at=st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment < NOW),
    audience=st.sampled_from(["", "readers"]),
    note=WORDS,
    source=WORDS.filter(bool),
)


def _read(text, reason="", audience="", fingerprint="f1"):
    listing = Listing(
        reason=reason,
        audience=audience,
        audiences=["readers"],
        now=NOW,
        zone=UTC,
        source="import",
        fingerprint=fingerprint,
    )
    return list(SuppressionFile(StringIO(text, newline=""), listing))


def _written(*rows, fingerprint="f1"):
    stream = StringIO(newline="")
    write_suppressions(rows, stream, fingerprint)
    return stream.getvalue()


@given(st.lists(LISTED, max_size=5))
def test_what_was_exported_is_read_back_the_same(rows):
    text = _written(*rows)
    assert _read(text) == rows
    assert not any(line.startswith(tuple("=+-@")) for line in text.splitlines())


def test_a_plain_list_is_taken_from_its_first_line():
    found = _read("tom@example.org\n\nann@example.org\nnonsense\n", reason="Bounced")
    assert [each.address for each in found if isinstance(each, Suppression)] == ["tom@example.org", "ann@example.org"]
    assert {each.reason for each in found if isinstance(each, Suppression)} == {"bounced"}
    assert [(each.line, each.reason) for each in found if isinstance(each, Refusal)] == [(4, "not a mail address")]


def test_a_date_that_is_still_to_come_is_no_reason_to_mail_somebody():
    (tom,) = _read("email,reason,date\ntom@example.org,complaint,2026-11-24T16:00:00\n")
    assert (tom.reason, tom.at) == ("complaint", NOW)


def test_a_list_with_reasons_and_dates():
    (tom, ann) = _read(
        "Email Address;Reason;Created at\ntom@example.org;complaint;2024-01-02\nann@example.org;;\n".replace(
            "Created at", "created_at"
        ),
        reason="bounced",
        audience="readers",
    )
    assert (tom.reason, tom.at, tom.audience) == ("complaint", datetime(2024, 1, 2, tzinfo=UTC), "readers")
    assert (ann.reason, ann.at) == ("bounced", NOW)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("tom@example.org,,,", "no reason"),
        ("tom@example.org,,,because they asked for it so often", "at most 20 letters"),
        ("tom@example.org,,weekly,bounced", "no such audience"),
        (",f1:abc,,erased", "not a hash"),
        (f",f2:{'0' * 64},,erased", "by the key of another newsroom"),
        (",,,bounced", "no address"),
        ("tom@example.org\0,,,bounced", "NUL"),
    ],
)
def test_each_bad_row_is_refused_with_its_reason(row, said):
    (refused,) = _read(f"email,hash,audience,reason\n{row}\n")
    assert said in refused.reason


@pytest.mark.parametrize("text", ["", "name,phone\nIda,1\n", "nonsense\n"])
def test_a_file_without_addresses_is_refused(text):
    with pytest.raises(UsageError, match="no column for addresses"):
        _read(text)


@given(st.text(st.sampled_from("email,hash;\"\n\r\t\0'=@.xы\ufeff"), max_size=60))
def test_no_text_whatever_breaks_the_reader(text):
    for each in _read(f"email,reason\n{text}", reason="bounced"):
        assert isinstance(each, Refusal) or "@" in each.address


def test_an_erased_address_stays_suppressed_through_export_and_import(tmp_path):
    keys = b"k" * 32
    store = Store.open(f"sqlite:///{tmp_path}/one.db", keys)
    subscribe(store, "ida@example.org")
    assert forget(store, "ida@example.org", who="mara", now=NOW)
    file = tmp_path / "suppressions.csv"
    with store.read() as tx, file.open("w", newline="") as stream:
        fingerprint = tx.hashed.fingerprint
        write_suppressions(tx.suppressions.every(), stream, fingerprint)
    assert "ida" not in file.read_text()
    store.close()

    other = Store.open(f"sqlite:///{tmp_path}/two.db", keys)
    job = suppressions_import(file, "", ["readers"], by="mara", zone=ZoneInfo("UTC"), fingerprint=fingerprint)
    tried = try_import(other, job, clock=lambda: NOW, advance=lambda *_: None)
    assert run_import(other, job, clock=lambda: NOW, advance=lambda *_: None).counts() == tried.counts()
    assert tried.listed == 1
    assert run_import(other, job, clock=lambda: NOW, advance=lambda *_: None).standing == 1
    readers = tmp_path / "readers.csv"
    readers.write_text("email\nIda@example.org\ntom@example.org\n")
    again = subscribers_import(readers, "readers", ["readers"], by="mara", zone=ZoneInfo("UTC"), consent="form")
    result = run_import(other, again, clock=lambda: NOW, advance=lambda *_: None)
    assert (result.suppressed, result.accepted) == (1, 1)
    other.close()
