"""What was made on the desk is laid over the files; nothing of it stops the rest."""

from __future__ import annotations

import pytest

from bot.errors import SettingsError
from bot.model import Declaration
from bot.settings.overlay import overlaid, with_declaration, without
from bot.testing import NOW, settings

TOML = """
[brand]
headlines = "sans"

[sources.site]
type = "feed"
url = "https://record.example/feed"

[channels.mail]
type = "email"

[channels.board]
type = "webhook"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
"""


def made(kind, key, **content):
    return Declaration(kind=kind, key=key, content=content, made=NOW, changed=NOW, who="Inés", version=3)


def evening(key="evening", **fields):
    return made("schedules", key, **{"name": "Evening", "times": ["18:00"], "channels": ["board"], **fields})


@pytest.fixture
def files(tmp_path):
    return settings(tmp_path, TOML)


def test_without_declarations_the_settings_are_the_files(files):
    assert overlaid(files, []) == files


def test_schedules_sources_and_brand_come_to_those_of_the_files(files):
    wire = made("sources", "wire", type="feed", url="https://wire.example/feed")
    # One that leans on another may have been made before it.
    found = overlaid(files, [evening(selection={"sources": ["wire"]}), wire, made("brand", "", accent="#112233")])
    assert list(found.schedules) == ["morning", "evening"]
    assert found.schedules["evening"].selection.sources == ("wire",)
    assert found.sources["wire"] == wire.content
    assert (found.newsroom.accent, found.newsroom.headlines) == ("#112233", "sans")
    assert found.faults == ()
    assert list(files.schedules) == ["morning"]


def test_the_file_wins_over_a_key_of_the_desk_and_that_is_said(files):
    found = overlaid(files, [evening("morning"), evening()])
    assert found.schedules["morning"].name == "Morning briefing"
    assert found.schedules["evening"].name == "Evening"
    (fault,) = found.faults
    assert fault.declaration.at == "schedules.morning"
    line = files.origin("schedules", "morning").line
    assert fault.said.startswith(f"{files.file}, line {line} has schedules.morning too: the file's holds")


def test_of_the_brand_the_file_keeps_its_fields_and_the_desk_sets_the_others(files):
    found = overlaid(files, [made("brand", "", headlines="serif", accent="#112233")])
    assert (found.newsroom.headlines, found.newsroom.accent) == ("sans", "#112233")
    (fault,) = found.faults
    assert "brand.headlines too" in fault.said


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        (evening(channels=["fax"]), 'schedules.evening.channels: there is no channel "fax"'),
        (evening(channels=["mail"]), "schedules.evening.audience: is missing"),
        (evening(template="../../etc"), "schedules.evening.template: there is no templates/digests/../../etc"),
        (evening(selection={"sources": ["gone"]}), 'schedules.evening.selection.sources: there is no source "gone"'),
        (evening(times=["25:00"]), "schedules.evening.times"),
        (evening(nonsense=1), "schedules.evening.nonsense: unknown key"),
        (made("brand", "", accent="red"), "brand.accent"),
    ],
)
def test_what_does_not_hold_is_left_out_and_named_and_the_rest_stands(files, declaration, said):
    found = overlaid(files, [declaration, evening("late")])
    assert set(found.schedules) == {"morning", "late"}
    (fault,) = found.faults
    assert fault.declaration == declaration
    assert fault.said.startswith(f"the desk: {said}")


def test_what_a_layer_above_refuses_is_left_out_too(files):
    def judge(settings, declaration):
        if declaration.kind == "sources":
            raise SettingsError(f"no kind {settings.sources[declaration.key]['type']}")

    found = overlaid(files, [made("sources", "wire", type="fax")], judge)
    assert list(found.sources) == ["site"]
    assert [each.said for each in found.faults] == ["no kind fax"]


def test_what_another_version_of_the_program_declared_is_passed_over(files):
    assert overlaid(files, [made("weather", "today")]) == files


def test_origins_tell_the_desk_from_the_file(files):
    found = overlaid(files, [evening(), made("brand", "", accent="#112233")])
    origin = found.origin("schedules", "evening")
    assert (origin.on_desk, origin.who, origin.made, origin.version) == (True, "Inés", NOW, 3)
    assert not found.origin("schedules", "morning").on_desk
    assert found.origin("brand", "accent").on_desk
    assert not found.origin("brand", "headlines").on_desk
    assert found.origin("brand", "logo") is None


def test_errors_name_the_field_for_a_form(files):
    with pytest.raises(SettingsError) as refused:
        with_declaration(files, files, evening(selection={"maximum": 100}))
    assert refused.value.key == "schedules.evening.selection.maximum"
    assert refused.value.said.startswith("Input should be less than or equal to 60")


def test_a_source_that_a_schedule_takes_by_name_stays(files):
    wire = made("sources", "wire", type="feed", url="https://wire.example/feed")
    found = overlaid(files, [wire, evening(selection={"sources": ["wire"]})])
    with pytest.raises(SettingsError, match="evening takes it by name"):
        without(found, wire)
    assert list(without(found, evening()).schedules) == ["morning"]
