"""Which templates there are: shipped ones, and the newsroom's own in their place."""

from __future__ import annotations

import pytest

from bot.editions.template_list import TemplateKind, templates
from bot.settings import shipped


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "templates"
    for name in ("briefing", "night"):
        (folder / "digests" / name).mkdir(parents=True)
    (folder / "posts").mkdir()
    (folder / "posts" / "mastodon.txt.j2").write_text("{{ title }}", "utf-8")
    (folder / "posts" / "notes.md").write_text("no template", "utf-8")
    return folder


def test_what_is_shipped_is_listed_by_kind():
    found = templates([shipped("templates")])
    assert {each.name for each in found if each.kind is TemplateKind.DIGEST} >= {"briefing", "magazine", "single"}
    assert {each.name for each in found if each.kind is TemplateKind.POST} >= {"default", "mastodon"}
    assert {each.name for each in found if each.kind is TemplateKind.MAIL} == {"alert", "approval", "confirm"}
    assert not any(each.own or each.shadows for each in found)


def test_the_newsrooms_own_come_first_and_stand_in_the_place_of_shipped_ones(own):
    found = {(each.kind, each.name): each for each in templates([own, shipped("templates")])}
    digest = [each for each in found.values() if each.kind is TemplateKind.DIGEST]
    assert [(each.name, each.own, each.shadows) for each in digest[:2]] == [
        ("briefing", True, True),
        ("night", True, False),
    ]
    assert found[TemplateKind.POST, "mastodon"].path == own / "posts" / "mastodon.txt.j2"
    assert (TemplateKind.POST, "notes.md") not in found
