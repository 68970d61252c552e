from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.channels.email.fields import ascii_domain
from bot.settings import is_address

LETTERS = st.text(st.sampled_from("aZ09.-_+'!@xn--é漢。 \"\\<>,;:\t\n\0"), max_size=24)
ADDRESSES = st.one_of(
    st.builds("{}@{}".format, LETTERS, LETTERS),
    st.builds("{}@{}.example".format, LETTERS, LETTERS),
    st.from_regex(r"[a-z.]{1,9}@[a-zA-Z0-9.-]{1,12}[.][a-z]{1,6}", fullmatch=True),
)


def _validator_says(value: str) -> bool:
    try:
        found = validate_email(value, strict=True, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return False
    return "." in found.ascii_domain and found.ascii_domain[-1].isalpha()


@settings(max_examples=1000)
@given(ADDRESSES)
@example("a" * 64 + "@b.example")
@example("a" * 65 + "@b.example")
@example("a@" + ".".join(["b" * 63] * 3) + ".example")
@example("a@" + "b" * 64 + ".example")
@example("a@xn--bcher-kva.example")
@example("a@xn--.example")
@example("a@ab--c.example")
@example("a@b.example\n")
def test_a_common_address_is_judged_as_the_library_judges_it(value):
    assert is_address(value) is (len(value) <= 254 and _validator_says(value))


@settings(max_examples=500)
@given(ADDRESSES)
def test_what_is_an_address_can_be_put_on_an_envelope_rfc5891(value):
    if is_address(value):
        assert ascii_domain(value).rpartition("@")[2].isascii()
        assert not set(value) & set(" <>,;\r\n\t\0\x7f")


@pytest.mark.parametrize(
    "value", ["jörg@bücher.example", "用户@例え.jp", "o'brien+news@sub.record.example", "ida@mail.local"]
)
def test_addresses_of_all_scripts_are_taken_rfc6531(value):
    assert is_address(value)


@pytest.mark.parametrize(
    "value",
    ['"ida roe"@mail.example', "ida@[192.0.2.1]", "ida@192.0.2.1", "ida@localhost", "Ida <ida@mail.example>",
     "ida@mail..example", "ida@mail.example.", "ida\u200b@mail.example", "i" * 250 + "@b.example"],
)  # fmt: skip
def test_what_no_newsletter_should_be_mailed_to_is_refused(value):
    assert not is_address(value)
