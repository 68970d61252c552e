from __future__ import annotations

import pytest

from bot.articles.excerpt import first_words, hand_written, is_cut

BODY = "<p>The ferry &#8220;Gannet&#8221; returned to port on Thursday.</p><p>Nobody met it.</p>"


@pytest.mark.parametrize(
    "excerpt",
    [
        "<p>The ferry &#8220;Gannet&#8221; returned to port [&hellip;]</p>",
        "The ferry “Gannet” returned to port on Thursday. Nobody…",
        'The ferry "Gannet" returned <a href="/x">Continue reading <span>The ferry</span></a>',
        "Photo: Ada Lind The ferry returned [&#8230;]",
        "",
        "[…]",
    ],
)
def test_a_cut_of_the_body_is_not_a_standfirst(excerpt: str) -> None:
    assert hand_written(excerpt, BODY) == ""


def test_what_an_editor_wrote_is_one() -> None:
    assert (
        hand_written("<p>After nine years, a ship &amp; no crowd.</p>\n", BODY)
        == "After nine years, a ship & no crowd."
    )
    assert hand_written("And then… nothing", BODY) == "And then… nothing"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Bridge closed. It stays closed for a week.", "Bridge closed. It stays closed for a week"),
        (
            "06:10. The river authority has just rung on the hour, as it promised to, and said that all is well.",
            "06:10. The river authority has just rung on the hour, as it promised to, and said that all is well",
        ),
        ("The bridge is closed today. " + "More words follow here. " * 9, "The bridge is closed today"),
        ("雨の中、夜市が開かれた。来場者は一万二千人に上った。", "雨の中、夜市が開かれた"),
        ("", ""),
    ],
)
def test_an_untitled_text_gets_its_first_words(text: str, title: str) -> None:
    assert first_words(text) == title


def test_marks_without_end_are_read_in_their_length():
    assert is_cut("…" * 200_000 + "x") is False
    assert hand_written("…" * 200_000 + "x", "y")
