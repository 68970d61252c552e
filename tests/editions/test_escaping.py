from __future__ import annotations

import html

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.editions.escaping import escaped
from bot.model import Markup

URL = "https://record.example/a_b?utm_source=news_letter&x=1"


def test_plain_text_stays_as_it_is() -> None:
    assert escaped("*a* <b> & #c", Markup.PLAIN) == "*a* <b> & #c"


def test_telegram_sees_no_tag_and_the_link_is_whole() -> None:
    assert escaped(f"1 < 2 & <b>3</b> {URL}", Markup.HTML, [URL]) == (
        "1 &lt; 2 &amp; &lt;b&gt;3&lt;/b&gt; https://record.example/a_b?utm_source=news_letter&amp;x=1"
    )


def test_slack_sees_no_mention_and_links_stand_between_angles() -> None:
    assert escaped(f"<!channel> & {URL}", Markup.MRKDWN, [URL]) == (
        "&lt;!channel&gt; &amp; <https://record.example/a_b?utm_source=news_letter&amp;x=1>"
    )
    assert escaped("https://a.example/x|y", Markup.MRKDWN) == "<https://a.example/x%7Cy>"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("*bold* _it_ ~~no~~ `code` ||spoiler||", r"\*bold\* \_it\_ \~\~no\~\~ \`code\` \|\|spoiler\|\|"),
        ("# Heading\n> quoted\n- item\n+ item\n-# small", "\\# Heading\n\\> quoted\n\\- item\n\\+ item\n\\-\\# small"),
        ("1. first\n2) second\n1.5 million", "1\\. first\n2\\) second\n1.5 million"),
        ("[click](https://evil.example)", r"\[click\]\(https://evil.example)"),
        (
            "@everyone <@123> <@&9> <#5> <:x:1>",
            "@\u200beveryone \\<@\u200b123\\> \\<@\u200b&9\\> \\<\\#5\\> \\<:x:1\\>",
        ),
        (f"see {URL} now_", rf"see {URL} now\_"),
        (f"({URL}) [{URL}] {URL}<@1>", rf"\({URL}) \[{URL}] {URL} \<@​1\>".replace("<@1", "<@\u200b1")),
        ("a - b, 3-4", "a - b, 3-4"),
    ],
)
def test_discord_reads_no_formatting_mention_or_masked_link(text: str, made: str) -> None:
    assert escaped(text, Markup.MARKDOWN, [URL]) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Boats (again) | now", r"Boats \(again\) \| now"),
        (r"a\b {c} @d [e] <f> *g* _h_ ~i~ #1", r"a\\b \{c\} \@d \[e\] \<f\> \*g\* \_h\_ \~i\~ \#1"),
        ("#Ferry #Häfen", r"{hashtag|\#|Ferry} {hashtag|\#|Häfen}"),
        ("#Port_Alder", r"{hashtag|\#|Port\_Alder}"),
        (f"see {URL}", f"see {URL}"),
        ("https://a.example/x_(y)|z", "https://a.example/x_%28y%29%7Cz"),
    ],
)
def test_linkedin_gets_a_backslash_before_what_would_cut_the_post(text: str, made: str) -> None:
    assert escaped(text, Markup.LITTLE, [URL]) == made


TEXT = st.text(max_size=60) | st.lists(
    st.sampled_from([*"ab1 \n*_~`|<>[](){}#@\\&-+.:/", "https://", URL, "@everyone", "\ud800", "😷"]), max_size=40
).map("".join)


def unlinked(made: str) -> str:
    return regex.sub(r"https?://(?:[^\s<>\\])*", "", made)


@given(text=TEXT)
def test_nothing_that_linkedin_reserves_stands_bare(text: str) -> None:
    made = escaped(text, Markup.LITTLE)
    without = regex.sub(r"\\[\\|{}@\[\]()<>#*_~]|\{hashtag\|\\#\|(?:\\_|\w)+\}", "", unlinked(made))
    assert not regex.search(r"[\\|{}@\[\]()<>#*_~]", without)


@given(text=TEXT)
def test_what_telegram_shows_is_the_text(text: str) -> None:
    made = escaped(text, Markup.HTML)
    assert "<" not in made
    assert html.unescape(made) == text or "&" in text


@given(text=TEXT)
def test_no_mark_that_discord_reads_stands_without_a_backslash(text: str) -> None:
    made = escaped(text, Markup.MARKDOWN)
    assert not regex.search(r"[*_~`|<>\[]", regex.sub(r"\\.", "", unlinked(made)))
    assert not regex.search(r"@(everyone|here|!?\d)", unlinked(made))
