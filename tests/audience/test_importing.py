from __future__ import annotations

import csv
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.audience import importing
from bot.audience.enrolment import subscribers_import
from bot.audience.importing import run_import, try_import
from bot.audience.suppression import suppress
from bot.errors import StateError, UsageError
from bot.model import Consent, Evidence, Suppression
from bot.store import Store
from bot.testing import NOW, subscribe

LATER = NOW + timedelta(hours=1)
CONSENT = "form on record.example"


def _job(file, **options):
    return subscribers_import(
        file, "readers", ["readers"], by="mara", **{"consent": CONSENT, "zone": ZoneInfo("UTC"), **options}
    )


def _run(store, job, now=LATER, act=run_import):
    return act(store, job, clock=lambda: now, advance=lambda *_: None)


def _write(folder, *lines, header="email,subscribed", name="readers.csv"):
    file = folder / name
    file.write_text("".join(f"{line}\n" for line in (header, *lines)), "utf-8")
    return file


def _import(store, folder, *lines, now=LATER, act=run_import, **options):
    return _run(store, _job(_write(folder, *lines), **options), now, act)


def _everything(store):
    with store.read() as tx:
        subscribers = list(tx.subscribers.every())
        return sorted(map(repr, subscribers)), list(tx.suppressions.every())


def test_an_import_counts_every_row_once(store, tmp_path):
    subscribe(store, "known@example.org")
    suppress(store, Suppression(address="gone@example.org", reason="editor", at=NOW), who="mara")
    (left,) = subscribe(store, "left@example.org")
    with store.write() as tx:
        tx.subscribers.unsubscribe(left, "readers", via="page", now=NOW)
    result = _import(
        store,
        tmp_path,
        *("new@example.org,", "NEW@example.org,", "known@example.org,", "gone@example.org,", "left@example.org,", "no"),
    )
    assert (result.accepted, result.known, result.repeated) == (1, 1, 1)
    assert (result.suppressed, result.left, result.refused) == (1, 1, 1)
    assert result.rows == 6
    assert [each.line for each in result.refusals] == [7]


@pytest.mark.parametrize(
    ("date", "back"), [("2026-11-24T07:30", True), ("2026-11-24T06:30", False), ("2099-01-01", False), ("", False)]
)
def test_only_a_later_consent_of_the_past_takes_a_reader_back(store, tmp_path, date, back):
    (reader,) = subscribe(store, "ida@example.org")
    with store.write() as tx:
        tx.subscribers.unsubscribe(reader, "readers", via="page", now=NOW)
    result = _import(store, tmp_path, f"ida@example.org,{date}")
    assert result.accepted == back
    with store.read() as tx:
        assert (tx.subscribers.get(reader, "readers").state == "subscribed") is back
        # What was sent under the consent before stays provable.
        assert len(tx.subscribers.past_consents(reader)) == back


def test_a_consent_is_kept_with_its_source_and_its_own_date(store, tmp_path):
    _import(store, tmp_path, "ida@example.org,2025-03-01", "tom@example.org,")
    with store.read() as tx:
        (ida,), (tom,) = (tx.subscribers.find(f"{name}@example.org") for name in ("ida", "tom"))
    via = "import of readers.csv by mara"
    # When the reader agreed, as the file has it, is one thing; when the file was brought in, another.
    evidence = Evidence(written="2025-03-01", imported=LATER)
    assert ida.consent == Consent(at=datetime(2025, 3, 1, tzinfo=UTC), via=via, note=CONSENT, evidence=evidence)
    assert tom.consent == Consent(at=LATER, via=via, note=CONSENT)


@pytest.mark.parametrize(
    ("zone", "written", "at"),
    [
        ("America/Los_Angeles", "2025-01-01", datetime(2025, 1, 1, 8, tzinfo=UTC)),
        ("Asia/Tokyo", "2025-01-01", datetime(2024, 12, 31, 15, tzinfo=UTC)),
        ("Asia/Tokyo", "2025-01-01 10:00", datetime(2025, 1, 1, 1, tzinfo=UTC)),
        ("Asia/Tokyo", "2025-01-01T10:00Z", datetime(2025, 1, 1, 10, tzinfo=UTC)),
        # At midnight the clock goes to one: the day begins an hour later, and is the same.
        ("Africa/Cairo", "2025-04-25", datetime(2025, 4, 24, 22, tzinfo=UTC)),
        # Half past two comes twice: the first.
        ("Europe/Berlin", "2025-10-26 02:30", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_date_without_an_offset_is_one_of_the_newsroom_s_zone(store, tmp_path, zone, written, at):
    _import(store, tmp_path, f"ida@example.org,{written}", zone=ZoneInfo(zone))
    with store.read() as tx:
        (ida,) = tx.subscribers.find("ida@example.org")
    assert ida.consent.at == at
    assert str(at.astimezone(ZoneInfo(zone)).date()) == written[:10]


def test_what_another_program_wrote_stays_utc(store, tmp_path):
    header = "uuid,email,name,attributes,status,created_at,updated_at"
    file = _write(tmp_path, "1,ida@example.org,Ida,{},enabled,2025-01-01 00:30:00,", header=header)
    assert _run(store, _job(file, zone=ZoneInfo("America/Los_Angeles"))).origins == ["listmonk"]
    with store.read() as tx:
        (ida,) = tx.subscribers.find("ida@example.org")
    assert ida.consent.at == datetime(2025, 1, 1, 0, 30, tzinfo=UTC)


def test_without_a_source_of_the_consent_nothing_is_imported(store, tmp_path):
    with pytest.raises(UsageError, match=r"readers\.csv: where and how did they agree.*--consent"):
        _import(store, tmp_path, "ida@example.org,2025-03-01", consent="")
    assert _everything(store) == ([], [])


def test_a_second_run_changes_nothing(store, tmp_path):
    lines = ("ida@example.org,2025-03-01", "Ida@Example.org,", "jörg@bücher.example,", "jörg@xn--bcher-kva.example,")
    first = _import(store, tmp_path, *lines)
    before = _everything(store)
    again = _import(store, tmp_path, *lines, now=LATER + timedelta(days=1))
    assert (first.accepted, first.known, first.repeated) == (2, 0, 2)
    assert (again.accepted, again.known, again.resumed) == (0, 4, 0)
    assert _everything(store) == before


def test_what_is_mailed_is_the_address_as_it_was_given(store, tmp_path):
    _import(store, tmp_path, "Ida.Roe@BÜCHER.example,")
    with store.read() as tx:
        (found,) = tx.subscribers.find("ida.roe@xn--bcher-kva.example")
    assert found.address == "Ida.Roe@bücher.example"


def test_columns_are_named_by_hand(store, tmp_path):
    file = _write(tmp_path, "ida@example.org;Ida;Roe;2024-01-02", header="Adresse;Vorname;Nachname;seit")
    with pytest.raises(UsageError, match="--map email=COLUMN; the columns it names: Adresse, Vorname"):
        _run(store, _job(file))
    mapped = {"email": "Adresse", "first_name": "vorname", "last_name": "Nachname", "subscribed": "Seit"}
    assert _run(store, _job(file, mapped=mapped)).accepted == 1
    with store.read() as tx:
        (found,) = tx.subscribers.find("ida@example.org")
    assert (found.name, found.consent.at) == ("Ida Roe", datetime(2024, 1, 2, tzinfo=UTC))
    with pytest.raises(UsageError, match='no column "Mail"'):
        _run(store, _job(file, mapped={"email": "Mail"}))


def test_a_dry_run_says_what_would_be_and_stores_nothing(store, tmp_path):
    (left,) = subscribe(store, "left@example.org")
    with store.write() as tx:
        tx.subscribers.unsubscribe(left, "readers", via="page", now=NOW)
    lines = ("new@example.org,", "NEW@example.org,", "left@example.org,", "no,", "tom@example.org,")
    before = _everything(store)
    tried = _import(store, tmp_path, *lines, act=try_import)
    assert _everything(store) == before
    assert [each.name for each in tmp_path.iterdir() if not each.name.startswith("broadsheet.db")] == ["readers.csv"]
    done = _import(store, tmp_path, *lines)
    assert tried.counts() == done.counts()
    assert (tried.accepted, tried.repeated, tried.left, tried.refused) == (2, 1, 1, 1)


def test_who_stands_twice_in_a_file_is_told_apart_from_who_was_a_reader_before(store, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    subscribe(store, "known@example.org")
    rows = (
        "ida@example.org,2025-01-01",
        "tom@example.org,",
        "known@example.org,",
        "Ida@example.org,",
        "TOM@example.org,",
    )
    lines = (*rows, "known@example.org,2025-02-02")
    for act in (try_import, run_import):
        result = _import(store, tmp_path, *lines, act=act)
        assert (result.accepted, result.known, result.repeated, result.rows) == (2, 2, 2, 6), act
    again = _import(store, tmp_path, *lines, now=LATER + timedelta(days=1))
    assert (again.accepted, again.known, again.repeated) == (0, 6, 0)


def test_who_did_not_agree_is_refused_in_whatever_language_it_is_said(store, tmp_path):
    words = ("yes", "Ja", "TRUE", "1", "x", "はい", "نعم", "no", "Nein", "false", "0", "×", "لا", "maybe", "")
    lines = [f"r{number}@example.org,{word}" for number, word in enumerate(words)]
    file = _write(tmp_path, *lines, header="email,ok?")
    result = _run(store, _job(file, mapped={"agreed": "ok?"}), act=try_import)
    assert (result.accepted, result.refused) == (7, 8)
    assert [str(each.reason) for each in result.refusals[:6]] == ["did not agree"] * 6
    assert "neither yes nor no" in result.refusals[6].reason
    assert "the cell is empty" in result.refusals[7].reason
    chosen = _run(store, _job(file, mapped={"agreed_or_empty": "ok?"}), act=try_import)
    assert (chosen.accepted, chosen.refused) == (8, 7)


def test_a_yes_in_the_place_of_a_state_is_refused_with_what_to_do(store, tmp_path):
    result = _run(store, _job(_write(tmp_path, "ida@example.org,yes", header="email,state")))
    assert "whether they agreed" in result.refusals[0].reason


def test_refused_rows_can_be_corrected_and_imported_again(store, tmp_path):
    header = "email,name,subscribed,Favourite"
    file = _write(tmp_path, "ida,=1+1,,tea", "tom@example.org,Tom,soon,", 'ann@example.org,"Ann,,', header=header)
    result = _run(store, _job(file))
    assert (result.refused, result.fruitless) == (3, True)
    (refused,) = result.files
    assert refused.stat().st_mode & 0o077 == 0
    rows = list(csv.reader(refused.open(encoding="utf-8", newline="")))
    assert rows == [
        ["email", "name", "subscribed", "Favourite", "refused_line", "refused_reason"],
        ["ida", "'=1+1", "", "tea", "2", "not a mail address"],
        ["tom@example.org", "Tom", "soon", "", "3", "not a date such as 2026-11-24 or 2026-11-24T07:00+01:00"],
        ["", "", "", "", "4", "a quotation mark opens a cell here that is not closed"],
    ]
    text = refused.read_text("utf-8")
    refused.write_text(text.replace("ida,", "ida@example.org,").replace("soon", "2025-01-01"), "utf-8")
    again = _run(store, _job(refused))
    assert (again.accepted, again.refused) == (2, 1)
    with store.read() as tx:
        assert [each.name for each in tx.subscribers.find("ida@example.org")] == ["=1+1"]


def test_refused_rows_are_never_written_over_a_file_that_is_there(store, tmp_path):
    (tmp_path / "readers.refused.csv").write_text("mine")
    (refused,) = _import(store, tmp_path, "no,").files
    assert refused.name == "readers.refused-2.csv"
    assert (tmp_path / "readers.refused.csv").read_text() == "mine"


def test_of_a_file_that_is_wrong_altogether_not_every_row_is_held(store, tmp_path):
    result = _import(store, tmp_path, *(["nonsense,"] * (importing.TOLD + 5)))
    assert (len(result.refusals), result.refused) == (importing.TOLD, importing.TOLD + 5)
    assert len(result.files[0].read_text().splitlines()) == importing.TOLD + 6
    with store.read() as tx:
        assert tx.acts.newest()[0].note == f"{importing.TOLD + 5:,} refused"


def test_an_import_that_was_interrupted_goes_on_where_it_stopped(store, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 10)
    lines = [f"reader{number}@example.org," if number % 7 else f"wrong{number}," for number in range(100)]
    file = _write(tmp_path, *lines)

    def interrupted(rows, _lines):
        if rows == 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_import(store, _job(file), clock=lambda: NOW, advance=interrupted)
    # An import that is killed may have written refused rows whose batch was never committed.
    (refused,) = tmp_path.glob("*.refused.csv")
    with refused.open("a") as stream:
        stream.write("wrong56,,58,not a mail address\n")
    result = _run(store, _job(file))
    assert result.resumed == 50
    assert (result.rows, result.accepted, result.known, result.refused) == (100, 85, 0, 15)
    assert len(refused.read_text().splitlines()) == 16
    with store.read() as tx:
        assert tx.subscribers.count("readers") == 85
        # All of one import are of one moment, however often it was gone on with.
        assert {each.consent.at for each in tx.subscribers.every()} == {NOW}


def test_other_options_are_another_import(store, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 1)
    file = _write(tmp_path, "ida@example.org,", "tom@example.org,")

    def interrupted(_rows, _lines):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_import(store, _job(file), clock=lambda: NOW, advance=interrupted)
    assert _run(store, _job(file, consent="another form")).resumed == 0
    assert _run(store, _job(file)).resumed == 1


def test_two_processes_do_not_import_the_same_at_once(store, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 1)
    file = _write(tmp_path, "ida@example.org,", "tom@example.org,", "ann@example.org,")
    began = []

    def overtaken(_rows, _lines):
        if not began:
            began.append(True)
            _run(store, _job(file))

    with pytest.raises(StateError, match="by another process"):
        run_import(store, _job(file), clock=lambda: NOW, advance=overtaken)
    with store.read() as tx:
        assert tx.subscribers.count("readers") == 3


KILLED = """
import sys
from pathlib import Path
from zoneinfo import ZoneInfo
from bot.audience import importing
from bot.audience.enrolment import subscribers_import
from bot.store import Store
from bot.testing import NOW
importing.BATCH = 50
said = {"by": "mara", "zone": ZoneInfo("UTC"), "consent": "form on record.example"}
job = subscribers_import(Path(sys.argv[2]), "readers", ["readers"], **said)
importing.run_import(
    Store.open(sys.argv[1]), job, clock=lambda: NOW, advance=lambda rows, _lines: print(rows, flush=True)
)
"""


@pytest.mark.slow
def test_after_kill_9_the_same_import_goes_on_and_loses_and_doubles_nobody(store, store_url, tmp_path):
    count = 5000
    lines = [f"reader{number}@example.org,2025-01-01" if number % 10 else f"wrong{number}," for number in range(count)]
    file = _write(tmp_path, *lines)
    kills = 0
    for stop in (100, 700, 1500, 2600):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, store_url, str(file)], stdout=subprocess.PIPE, text=True
        )
        for line in process.stdout:
            if int(line) >= stop:
                # At any moment of a batch, not only between two.
                time.sleep(0.003 * kills)
                process.kill()
                kills += 1
                break
        process.stdout.close()
        process.wait()
        assert process.returncode == -9
    result = _run(store, _job(file), now=NOW)
    assert result.resumed >= 2600
    assert (result.rows, result.accepted, result.known, result.refused) == (count, count * 9 // 10, 0, count // 10)
    with store.read() as tx:
        assert tx.subscribers.count("readers") == count * 9 // 10
    (refused,) = result.files
    rows = list(csv.reader(refused.open(newline="")))[1:]
    assert [row[0] for row in rows] == [f"wrong{number}" for number in range(0, count, 10)]


def test_a_file_that_cannot_be_read_is_named(store, tmp_path):
    broken = {
        None: "cannot be read",
        b"email\nida@example.org\n\xff@example.org\n": r"not UTF-8 \(line 3\); save it as CSV UTF-8",
        "email\nida@example.org\n".encode("utf-16"): "is UTF-16",
        b"email\nida@example.org\n\xe6\xbc": r"not UTF-8 \(line 3\)",
        b"": "no column for addresses",
    }
    for content, said in broken.items():
        file = tmp_path / "readers.csv"
        file.unlink(missing_ok=True)
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(UsageError, match=said) as raised:
            _run(store, _job(file))
        assert "readers.csv" in str(raised.value)
    assert _everything(store) == ([], [])


def test_an_ip_is_kept_only_where_the_newsroom_says_so(tmp_path):
    header = "email,confirmed,ip"
    mapped = {"confirmed": "confirmed", "ip": "ip"}
    for keep, ip in ((False, ""), (True, "192.0.2.7")):
        store = Store.open(f"sqlite:///{tmp_path}/{keep}.db")
        file = _write(tmp_path, "ida@example.org,2025-01-01,192.0.2.7", header=header)
        _run(store, _job(file, mapped=mapped, keep_ip=keep))
        with store.read() as tx:
            (found,) = tx.subscribers.find("ida@example.org")
        moment = datetime(2025, 1, 1, tzinfo=UTC)
        assert found.consent.evidence == Evidence(
            form="readers.csv", confirmed=moment, ip=ip, written="2025-01-01", imported=LATER
        )
        store.close()
