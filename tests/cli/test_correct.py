from __future__ import annotations

import pytest


@pytest.fixture
def sent(broadsheet, folder):
    """The id of an article that went out, and whose title changed since."""
    broadsheet("subscribers", "add", "ida@example.org")
    broadsheet("run", "morning", "--json")
    path = folder / "articles" / "ferry.md"
    path.write_text(path.read_text("utf-8").replace("Friday", "Sunday"), "utf-8")
    broadsheet("collect")
    return next(each["id"] for each in broadsheet("articles", "--json").value if "ferry" in each["title"])


def test_it_shows_what_was_sent_and_what_changed_since(broadsheet, sent):
    said = broadsheet("correct", sent)
    assert said.code == 0
    assert "was: The night ferry returns on Friday" in said.out
    assert "is:  The night ferry returns on Sunday" in said.out
    value = broadsheet("correct", sent, "--json").value
    assert (value["revision"], value["sent"][0]["revision"], value["corrections"]) == (2, 1, [])
    assert "title" in value["sent"][0]["changed"]
    assert "story changed" in [each["what"] for each in broadsheet("acts", "--json").value]


def test_a_correction_waits_for_the_next_edition_and_can_be_taken_back(broadsheet, sent):
    said = broadsheet("correct", sent, "--said", "It returns on Friday.", "--right", "It returns on Sunday.")
    assert "the next edition tells it" in said.out
    (waiting,) = broadsheet("correct", sent, "--json").value["corrections"]
    assert (waiting["schedule"], waiting["carried"]) == ("morning", "")
    assert broadsheet("correct", sent, "--drop", waiting["id"], "--json").value["corrections"] == []


def test_what_the_next_edition_will_say_is_shown_by_a_preview(broadsheet, folder, sent):
    broadsheet("correct", sent, "--said", "It returns on Friday.", "--right", "It returns on Sunday.")
    (folder / "articles" / "bridge.md").write_text("---\ntitle: The bridge opens\nlang: en\n---\nIt opened today.\n")
    assert broadsheet("preview", "morning", "--at", "+1d", "--out", folder / "preview").code == 0
    text = (folder / "preview" / "digest.txt").read_text("utf-8")
    assert "Correction" in text
    assert "we said: It returns on Friday. In fact: It returns on Sunday." in " ".join(text.split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("77",), 1, "there is none"),
        (("1", "--said", "x"), 2, "takes both"),
        (("1", "--said", "x" * 700, "--right", "y"), 2, "at most 600 characters"),
        (("1", "--drop", "9"), 1, "correction 9: none waits"),
        (("many",), 2, "article"),
    ],
)
def test_what_cannot_be_done_is_one_line(broadsheet, sent, arguments, code, said):
    found = broadsheet("correct", *arguments)
    assert (found.code, found.err.count("\n")) == (code, 1)
    assert said in found.err


def test_an_article_that_nobody_was_sent_is_nothing_to_do(broadsheet, folder):
    broadsheet("collect")
    assert broadsheet("correct", "1").code == 3
