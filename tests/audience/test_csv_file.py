from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.audience.csv_file import LONGEST_LINE, Refusal, guarded, moment, unguarded
from bot.audience.row import Said
from bot.audience.subscriber_file import SubscriberFile, Wanted
from bot.errors import UsageError
from bot.model import Consent, Enrolment, Evidence

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)


def opened(stream, now: datetime = NOW) -> SubscriberFile:
    wanted = Wanted(audience="readers", audiences=["readers"], now=now, zone=UTC, via="import", consent="the form")
    return SubscriberFile(stream, wanted)


def read(text: str, now: datetime = NOW) -> list[Said]:
    return list(opened(StringIO(text, newline=""), now))


def row(address: str, name: str = "", at: datetime | None = None, written: str = "") -> Enrolment:
    evidence = Evidence(written=written, imported=NOW) if written else None
    return Enrolment(
        address=address,
        audience="readers",
        name=name,
        consent=Consent(at=at or NOW, via="import", note="the form", evidence=evidence),
        takes_back=at is not None,
        imported=NOW,
    )


def addresses(text: str) -> list[str]:
    return [each.address for each in read(text) if isinstance(each, Enrolment)]


def refusals(text: str) -> list[tuple[int, str, str]]:
    return [(each.line, each.value, each.reason) for each in read(text) if isinstance(each, Refusal)]


def test_a_plain_file_gives_its_subscribers() -> None:
    rows = read("email,name,subscribed\nida@mail.example,Ida Roe,2025-03-01T07:00+01:00\ntom@mail.example,,\n")
    assert rows == [
        row("ida@mail.example", "Ida Roe", datetime(2025, 3, 1, 6, tzinfo=UTC), "2025-03-01T07:00+01:00"),
        row("tom@mail.example"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("header", ["address", "Email", " E-Mail ", "Email Address"])
def test_delimiters_and_headers_of_other_programs_are_known(delimiter: str, header: str) -> None:
    text = f"name{delimiter}{header}\r\n\r\nIda Roe{delimiter} ida@mail.example \r\n"
    assert read(text) == [row("ida@mail.example", "Ida Roe")]


def test_a_byte_order_mark_and_excels_first_line_are_passed_over() -> None:
    stream = TextIOWrapper(BytesIO(b"\xef\xbb\xbfsep=;\r\nemail;name\r\nida@mail.example;Ida\r\n"), "utf-8", newline="")
    assert list(opened(stream)) == [row("ida@mail.example", "Ida")]


def test_where_a_postal_address_stands_beside_it_the_email_column_is_read() -> None:
    assert addresses("address,email\n14 Quay Street,ida@mail.example\n") == ["ida@mail.example"]


def test_other_columns_are_named_as_ignored() -> None:
    file = opened(StringIO("email,Phone,name,City\nida@mail.example,1,Ida,Port Alder\n"))
    assert file.ignored == ("Phone", "City")
    assert list(file) == [row("ida@mail.example", "Ida")]


def test_the_domain_is_written_small_and_the_local_part_kept() -> None:
    assert addresses("email\nIda.Roe@MAIL.Example\n") == ["Ida.Roe@mail.example"]


def test_an_address_with_letters_of_any_language_is_taken() -> None:
    assert addresses("email\nída@péage.example\n") == ["ída@péage.example"]


@pytest.mark.parametrize("text", ["", "\n\n", "name,phone\nIda,1\n", "ida@mail.example\ntom@mail.example\n"])
def test_a_file_without_an_address_column_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="its first line must name one `email` or `address`") as raised:
        opened(StringIO(text))
    assert "@" not in str(raised.value)
    assert text != "name,phone\nIda,1\n" or str(raised.value).endswith("the columns it names: name, phone")


def test_each_bad_row_is_refused_with_its_line_and_reason() -> None:
    text = (
        "email,name,subscribed\n"
        "ida,Ida,\n"
        "ida@mail.example,Ida,\n"
        "tom@mail.example,Tom,2026-11-24T07:00:01\n"
        ",Nobody,\n"
        "tom@mail.example,Tom,yesterday\n"
        "Roe, Ann,ann@mail.example,2025-01-01\n"
        "eve@mail.example\0,Eve,\n"
        "a@mail.example\r\nBcc: b@mail.example,x,\n"
    )
    assert refusals(text) == [
        (2, "ida", "not a mail address"),
        (4, "2026-11-24T07:00:01", "a date in the future: nobody can have agreed by then"),
        (5, "", "no address"),
        (6, "yesterday", "not a date such as 2026-11-24 or 2026-11-24T07:00+01:00"),
        (7, "2025-01-01", "4 cells, but the header names 3"),
        (8, "", "it holds a NUL character"),
        (10, "Bcc: b@mail.example", "not a mail address"),
    ]
    assert addresses(text) == ["ida@mail.example", "a@mail.example"]


def test_a_quoted_cell_may_run_over_lines_and_line_numbers_stay_right() -> None:
    rows = read('email,name\nida@mail.example,"Roe,\r\nIda"\ntom,Tom\n')
    assert rows == [row("ida@mail.example", "Roe, Ida"), Refusal(4, "tom", "not a mail address", ("tom", "Tom"))]


def test_a_stray_quotation_mark_costs_its_own_row_only() -> None:
    rest = "".join(f"reader{number}@mail.example,Reader\n" for number in range(100))
    text = f'email,name\nida@mail.example,"Ida\n{rest}'
    assert refusals(text) == [(2, "", "a quotation mark opens a cell here that is not closed")]
    assert len(addresses(text)) == 100


def test_an_endless_line_is_refused_without_being_read_at_once() -> None:
    class Watched(StringIO):
        longest = 0

        def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
            line = super().readline(-1 if size is None else size)
            self.longest = max(self.longest, len(line))
            return line

    stream = Watched("email\n" + "x" * 12_000_000 + "@mail.example\nida@mail.example\n")
    refused, kept = list(opened(stream))
    assert refused == Refusal(2, "", f"the line is longer than {LONGEST_LINE} characters")
    assert kept == row("ida@mail.example")
    assert stream.longest <= LONGEST_LINE + 1


def test_names_come_without_control_and_invisible_characters() -> None:
    (found,) = read("email,name\nida@mail.example,\u202eIda\x1b[31m\u200b\u00a0 Roe\n")
    assert found == row("ida@mail.example", "Ida[31m Roe")


CELLS = st.text(st.sampled_from("=+-@'\"ab ,;\tñ漢＝"), max_size=12)


@given(CELLS)
def test_what_a_spreadsheet_would_run_is_made_text_and_comes_back_the_same(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(tuple("=+-@\t＝＋－＠"))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-03-01", datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024-03-01 09:30:00", datetime(2024, 3, 1, 9, 30, tzinfo=UTC)),
        ("2024-03-01T09:30:00.000Z", datetime(2024, 3, 1, 9, 30, tzinfo=UTC)),
        ("2024-03-01 09:30:00.123456789 +0530 IST", datetime(2024, 3, 1, 4, 0, 0, 123456, tzinfo=UTC)),
        ("2024-03-01 09:30:00 +0000 +0000", datetime(2024, 3, 1, 9, 30, tzinfo=UTC)),
    ],
)
def test_moments_of_other_programs_are_read(text: str, at: datetime) -> None:
    assert moment(text, UTC) == at


@given(st.text(st.sampled_from("email,;\"\n\r\t\0'=@.xы\ufeff"), max_size=60))
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    for each in read(f"email,name\n{text}"):
        assert isinstance(each, Refusal) or "@" in each.address
