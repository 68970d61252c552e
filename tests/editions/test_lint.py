from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from bot.editions.digest import GIVEN, _context, compile_email
from bot.editions.entry import Entry, entry
from bot.editions.imprint import lacking
from bot.editions.lint import lint
from bot.editions.wording import wording
from bot.model import Newsroom
from bot.settings import shipped
from tests.editions.test_digest import digest

RECORD = Newsroom(name="The Record", url="https://record.example")
GOOD = (
    '<mjml><mj-head>\n<mj-attributes>\n<mj-text color="#000000" />\n</mj-attributes>\n</mj-head><mj-body>\n'
    "<mj-section>\n<mj-column>\n<mj-text>\n{{ lead.title }}\n</mj-text>\n</mj-column>\n</mj-section>\n</mj-body></mjml>"
)


def own(folder: Path, mjml: str | None = GOOD, text: str | None = "{{ lead.title }}") -> tuple[str, ...]:
    place = folder / "digests" / "own"
    place.mkdir(parents=True)
    for name, content in (("digest.mjml.j2", mjml), ("digest.txt.j2", text)):
        if content is not None:
            (place / name).write_text(content, "utf-8")
    return lint("own", (folder, shipped("templates")), RECORD)


def test_a_good_template_has_no_fault(tmp_path: Path) -> None:
    assert own(tmp_path) == ()


@pytest.mark.parametrize("name", ["briefing", "headlines", "magazine", "single"])
def test_the_shipped_templates_have_none(name: str) -> None:
    assert lint(name, (shipped("templates"),), RECORD) == ()


def test_the_linter_knows_all_that_a_template_is_given(tmp_path: Path) -> None:
    made = digest()
    words = wording("en", "UTC")
    lead = entry(made.stories[0], 1, newsroom=made.newsroom, slot=made.slot, wording=words)
    assert {*_context(made, words, (lead,)), "subject", "preheader", "say", "web"} == GIVEN


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("<mj-column>", "<mj-colum>", "7: <mj-colum> is no MJML element (did you mean"),
        ('<mj-text color="#000000" />', '<mj-text colour="#000000" />', '3: <mj-text> has no attribute "colour" (did'),
        (
            '<mj-text color="#000000" />',
            '<mj-text color="#000000" />\n<mj-text align="left" />',
            "4: <mj-attributes> sets <mj-text> a second time",
        ),
        ("{{ lead.title }}", "{{ led.title }}", "9: 'led' is undefined (did you mean \"lead\"?)"),
        ("{{ lead.title }}", "{{ lead.titel }}", "9: "),
        ("{{ lead.title }}", "{% if more %}\n{{ mor }}\n{% endif %}", "10: 'mor' is undefined"),
        ("{{ lead.title }}", "{% if more %}", "Unexpected end of template"),
        ("{{ lead.title }}", "{% for x in stories %}\n{% endif %}", "10: Encountered unknown tag 'endif'"),
        ("{{ lead.title }}", "{{ lead.title | uper }}", "9: No filter named 'uper'"),
        ("{{ lead.title }}", '{% include "digests/none.j2" %}', "9: there is no templates/digests/none.j2"),
        ("<mj-section>", '<mj-include path="/etc/hostname" />\n<mj-section>', "6: <mj-include> is not read"),
        (
            "<mj-section>",
            '{% if more %}\n<mj-section colour="x">\n{% else %}<mj-section>{% endif %}',
            '7: <mj-section> has no attribute "colour"',
        ),
        ("</mj-column>", "", "</mj-section> closes what is not open here"),
        ("{{ lead.title }}", "{{ ''.__class__.__mro__ }}", "9: "),
    ],
)
def test_each_fault_is_told_with_file_and_line(tmp_path: Path, before: str, after: str, fault: str) -> None:
    assert before in GOOD
    found = own(tmp_path, GOOD.replace(before, after, 1))
    assert any(fault in each for each in found), found
    assert all(str(tmp_path / "digests/own/digest.mjml.j2") in each and "\n" not in each for each in found)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = own(tmp_path, GOOD.replace("<mj-section>", '<mj-section wide="1">').replace("lead", "leed"), "{{ x }}")
    assert len(found) == 3


@pytest.mark.parametrize(
    ("missing", "fault"), [("text", "digest.txt.j2: is missing"), ("mjml", "digest.mjml.j2: is missing")]
)
def test_a_missing_part_is_said(tmp_path: Path, missing: str, fault: str) -> None:
    (found,) = own(tmp_path, **{missing: None})
    assert found.startswith(f"templates/digests/own/{fault}")


def test_a_fault_in_the_text_part_is_told_too(tmp_path: Path) -> None:
    (found,) = own(tmp_path, text="\n\n{{ lead.title | wrap }}\n{{ titel }}")
    assert "digests/own/digest.txt.j2:4: 'titel' is undefined" in found


def test_the_example_of_the_docs_is_a_sound_template(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "digests.md").read_text("utf-8")
    mjml, text = re.findall(r"```jinja\n(.*?)```", page, re.DOTALL)
    assert own(tmp_path, mjml, text) == ()
    made = compile_email(digest(template="own", folders=(tmp_path, shipped("templates"))))
    assert not list(lacking(made, edition="k7f3q9xd2abc", address=digest().newsroom.address))
    assert "Before you go back to work" in made.html and "Headline 6" in made.text


def test_the_docs_name_all_that_a_template_is_given() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "digests.md").read_text("utf-8")
    named = set(re.findall(r"`(\w+)[`(]", page))
    assert sorted(GIVEN - named) == []
    assert sorted({each.name for each in fields(Entry)} - named) == []
