from __future__ import annotations

import pytest

from bot.editions.subject import LONGEST, render_line, render_subject
from bot.errors import RenderError


def test_a_subject_is_one_line_without_control_characters() -> None:
    assert render_subject("{{ t }}", {"t": " Port\r\nBcc: x@y.example\x00\t offers "}) == "Port Bcc: x@y.example offers"


def test_a_long_subject_is_cut_at_a_word() -> None:
    subject = render_subject("{{ t }}", {"t": "harbour, " * 60})
    assert len(subject) <= LONGEST and subject.endswith("harbour")


def test_a_long_subject_without_spaces_is_cut_where_it_must() -> None:
    assert len(render_subject("{{ t }}", {"t": "港" * 300})) == LONGEST


def test_what_a_title_says_is_never_run() -> None:
    assert render_subject("{{ t }}", {"t": "{{ 7*7 }}"}) == "{{ 7*7 }}"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{{ leed }}", "the schedule's subject:1: 'leed' is undefined"),
        ("a\n{% if %}", "the schedule's subject:2: "),
        ("{{ t.__class__.__mro__ }}", "the schedule's subject:1: .*unsafe"),
        ("  ", "comes out empty"),
        ("{% include 'x' %}", "x: there is no such template"),
    ],
)
def test_a_faulty_subject_is_told_in_one_line(template: str, fault: str) -> None:
    with pytest.raises(RenderError, match=fault) as caught:
        render_subject(template, {"t": "x"})
    assert "\n" not in str(caught.value)


def test_a_preheader_may_be_empty() -> None:
    assert render_line("", {}, key="the schedule's preheader") == ""
