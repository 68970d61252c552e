from __future__ import annotations

import csv
import io
import zipfile

import pytest

from bot.audience import reader_import
from bot.audience.csv_file import Refusal
from bot.audience.reader_import import begin, bring, choose, drop, laid_out, refused_cells, refused_row
from bot.audience.upload import look_through
from bot.errors import UsageError
from bot.model import ImportStage
from bot.testing import NOW, settings


def _bring(store, content, name="readers.csv"):
    return bring(store, name, io.BytesIO(content), who="mara", now=NOW)


def _text(store, made):
    with laid_out(store, made) as file:
        return file.read_text("utf-8-sig")


@pytest.mark.parametrize(
    ("encoding", "told"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")]
)
def test_a_file_is_read_in_the_encoding_it_was_written_in(store, encoding, told):
    written = "email;name\nida@example.org;Zoë Müller\n"
    made = _bring(store, written.encode(encoding))
    assert made.encoding == told
    assert made.layout.first == (("ida@example.org", "Zoë Müller"),)
    assert _text(store, made) == written


def test_a_file_larger_than_a_piece_comes_back_whole(store, monkeypatch):
    monkeypatch.setattr(reader_import, "_PIECE", 100)
    written = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(50))
    made = _bring(store, written.encode())
    assert made.lines == 50
    assert _text(store, made) == written


def test_a_zip_of_sheets_is_taken_as_it_is(store):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "subscribed_1.csv", "Email Address,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME\nida@example.org,2,,\n"
        )
    made = _bring(store, packed.getvalue(), "audience.zip")
    assert (made.encoding, made.layout.origin, made.lines) == ("ZIP", "mailchimp", 1)
    with laid_out(store, made) as file:
        assert look_through(file).packed


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"", "readers.csv", "is empty"),
        (b"PK\x03\x04nothing", "x.zip", "cannot be unpacked"),
        (b"a," * 100 + b"\n", "wide.csv", "columns"),
    ],
)
def test_what_is_no_list_of_readers_is_refused_without_a_path_of_this_machine(store, content, name, why):
    with pytest.raises(UsageError, match=why) as refused:
        _bring(store, content, name)
    assert "/tmp" not in str(refused.value)


def test_a_file_that_is_too_large_is_refused(store, monkeypatch):
    monkeypatch.setattr(reader_import, "MOST", 100)
    with pytest.raises(UsageError, match="larger than"):
        _bring(store, b"email\n" + b"x" * 200)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\lists\\readers.csv", "readers.csv"),
        (".hidden", "hidden"),
        ("", "readers.csv"),
        ("a\u202egnp.csv", "agnp.csv"),
        ("x" * 300 + ".csv", "x" * 96 + ".csv"),
    ],
)
def test_a_file_s_name_is_no_path(store, name, kept):
    assert _bring(store, b"email\nida@example.org\n", name).file == kept


def test_columns_are_guessed_where_an_editor_sees_it(store):
    made = _bring(
        store, b"E-Mail,Full name,agreed,lang,Notes,Interests\nida@example.org,Ida,2025-03-01,de,stand 4,Sport\n"
    )
    assert made.layout.guessed == {
        "email": "e-mail",
        "name": "full name",
        "subscribed": "agreed",
        "language": "lang",
        "tags": "interests",
    }


@pytest.mark.parametrize(
    ("written", "guesses"),
    [
        # The name says nothing, the cells do.
        (b"Kontakt;Wer\nida@example.org;Ida\ntom@example.org;Tom\n", {"email": "kontakt"}),
        # An address may be a street.
        (b"Address;Where\nHarbour Lane 4;ida@example.org\n", {"email": "where"}),
        # How a reader agreed is proof: remarks are none.
        (b"email,Notes,Source\nida@example.org,likes tea,web\n", {"email": "email"}),
        (b"email,consent note\nida@example.org,signed 2 May\n", {"email": "email", "note": "consent note"}),
        # A yes is no date, and only of the right name an agreement.
        (b"email,OK?,member\nida@example.org,yes,no\ntom@example.org,no,yes\n", {"email": "email", "agreed": "ok?"}),
        (b"email,subscribed\nida@example.org,true\n", {"email": "email", "agreed": "subscribed"}),
        (b"email,subscribed\nida@example.org,2025-01-01\n", {"email": "email", "subscribed": "subscribed"}),
    ],
)
def test_what_stands_in_a_column_is_guessed_with_its_name(store, written, guesses):
    assert _bring(store, written).layout.guessed == guesses


def test_an_editor_names_audience_and_column(store, tmp_path):
    configured = settings(tmp_path)
    made = _bring(store, b"Mail;who\nida@example.org;Ida\n")
    given = {"audience": "readers", "consent": "a form", "columns": {"email": "mail"}, "who": "tom"}
    for wrong in ({"audience": "strangers"}, {"audience": ""}, {"columns": {}}, {"columns": {"email": "nowhere"}}):
        with pytest.raises(UsageError):
            choose(store, made, configured, **{**given, **wrong})
    assert choose(store, made, configured, **given)
    with store.read() as tx:
        seen = tx.reader_imports.get(made.id)
    assert (seen.stage, seen.columns["email"], seen.columns["name"]) == (ImportStage.TRYING, "mail", "")
    assert not choose(store, made, configured, **given)


def test_nothing_is_begun_that_was_not_tried(store):
    made = _bring(store, b"email\nida@example.org\n")
    assert not begin(store, made, who="mara", now=NOW)
    assert drop(store, made, who="mara", now=NOW)
    with store.read() as tx:
        assert [(act.what, act.note) for act in tx.acts.newest()] == [("delete import", "readers.csv, 1 row")]
        assert tx.counts()["reader_import_pieces"] == 0


def test_refused_rows_run_nothing_in_a_spreadsheet_and_survive_the_store(store):
    made = _bring(store, b"email,name\nida@example.org,Ida\n")
    formula = "=cmd|' /C calc'!A0"
    refusal = Refusal(7, "jo@@x", "not a mail address", ("jo@@x", formula, "@extra"))
    with store.write() as tx:
        tx.reader_imports.refuse(made.id, [refused_row("readers.csv", refusal)], trial=False)
        tx.reader_imports.refuse(made.id, [refused_row("", Refusal(9, "a\0b\ud800", "no", ()))], trial=False)
    with store.read() as tx:
        lines = list(refused_cells(made.layout, tx.reader_imports.every_refusal(made.id, trial=False)))
    assert lines[0] == ["email", "name", "refused_line", "refused_reason"]
    assert lines[1] == ["jo@@x", f"'{formula}", "'@extra", "7", "not a mail address"]
    assert lines[2] == ["ab?", "", "9", "no"]
    buffer = io.StringIO()
    csv.writer(buffer).writerows(lines)
    assert not any(
        cell.startswith(("=", "+", "-", "@")) for row in csv.reader(io.StringIO(buffer.getvalue())) for cell in row
    )
