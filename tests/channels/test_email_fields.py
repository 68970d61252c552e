from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.email.fields import ascii_domain, machine, mailbox, one_line, text

LOCAL = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}", fullmatch=True)
ADDRESS = st.builds(
    lambda local, label: f"{local}@{label}.example", LOCAL, st.from_regex(r"[a-z0-9]{1,30}", fullmatch=True)
)
WORDS = st.text(max_size=120) | st.text(alphabet='ab =?_éß🏳️‍🌈\r\n\t,;:<>@"\\()[]中ע', max_size=300)


def read(field: bytes):
    """The one field of a message that says nothing else; fails when there is more than one, or a body."""
    message = message_from_bytes(field + b"\r\nbody\r\n", policy=policy.default)
    assert len(message.keys()) == 1
    assert message.get_payload() == "body\r\n"
    return next(iter(message.values()))


def assert_well_folded(field: bytes) -> None:
    assert field.endswith(b"\r\n")
    assert field.isascii()
    for line in field[:-2].split(b"\r\n"):
        assert b"\r" not in line
        assert b"\n" not in line
        assert b"\0" not in line
        assert len(line) <= 998
        for word in re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", line):
            assert len(word) <= 75
            assert len(line) <= 76


@given(WORDS)
def test_rfc2047_any_subject_reads_back_and_begins_no_other_field(subject: str) -> None:
    field = text("Subject", subject)
    assert_well_folded(field)
    assert str(read(field)) == one_line(subject)


@given(WORDS, ADDRESS)
def test_rfc2047_any_name_reads_back_with_its_address_and_begins_no_other_field(name: str, address: str) -> None:
    field = mailbox("To", name, address)
    assert_well_folded(field)
    (found,) = read(field).addresses
    assert found.addr_spec == address
    # The newer parser puts a space between two encoded words of a phrase, against RFC 2047 §6.2; the older does not.
    phrase, _ = parseaddr(message_from_bytes(field)["To"])
    assert str(make_header(decode_header(phrase))) == one_line(name)


@given(st.text(min_size=1, max_size=60))
def test_what_a_machine_field_takes_is_printable_ascii_and_all_else_is_refused(value: str) -> None:
    try:
        field = machine("List-Id", value)
    except ValueError:
        assert not re.fullmatch(r"[!-~]+( [!-~]+)*", value)
    else:
        assert field == f"List-Id: {value}\r\n".encode()


def test_a_long_link_is_never_made_an_encoded_word() -> None:
    url = "<https://news.record.example/u/v1.k1.u." + "A" * 200 + ">"
    assert machine("List-Unsubscribe", url, "<mailto:out@record.example>") == (
        f"List-Unsubscribe: {url},\r\n <mailto:out@record.example>\r\n".encode()
    )


def test_a_plain_long_subject_is_folded_between_words_and_stays_readable() -> None:
    field = text("Subject", "Harbour wall reopens after " + "a long and stormy winter " * 6)
    assert b"=?" not in field
    assert max(len(line) for line in field.split(b"\r\n")) <= 76
    assert field.count(b"\r\n ") == 2


def test_a_name_with_a_comma_is_quoted() -> None:
    assert mailbox("To", 'Okafor, "Ines"', "ines@readers.test") == b'To: "Okafor, \\"Ines\\"" <ines@readers.test>\r\n'


def test_a_line_break_in_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="To: not an address"):
        mailbox("To", "", "ines@readers.test\r\nBcc: all@readers.test")


def test_a_domain_beyond_ascii_becomes_its_a_label_by_the_newer_standard() -> None:
    assert ascii_domain("post@faß.example") == "post@xn--fa-hia.example"
    assert ascii_domain("post@例え.example") == "post@xn--r8jz45g.example"


def test_a_local_part_beyond_ascii_stays_in_utf_8() -> None:
    field = mailbox("To", "Zoë", "zoë@readers.test")
    assert field == "To: =?utf-8?q?Zo=C3=AB?= <zoë@readers.test>\r\n".encode()


def test_what_is_no_domain_is_refused() -> None:
    with pytest.raises(ValueError, match="is no domain name"):
        ascii_domain("x@é..example")
