from __future__ import annotations

import traceback
from datetime import timedelta

import pytest

from bot.errors import BroadsheetError, SettingsError
from bot.settings import load_settings
from bot.testing import ENVIRONMENT, NEWSROOM, settings

CHANNEL = """
[channels.mail]
type = "email"
"""
SCHEDULE = (
    CHANNEL
    + """
[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
"""
)

TIMES = SCHEDULE.replace('cron = "0 7 * * *"', 'times = ["17:30", "08:10"]')
ON_PUBLISH = SCHEDULE.replace('cron = "0 7 * * *"', "on_publish = true")


def _refused(tmp_path, toml):
    with pytest.raises(SettingsError) as refused:
        settings(tmp_path, toml)
    message = str(refused.value)
    assert "\n" not in message
    assert "broadsheet.toml: " in message
    return message


def test_a_small_file_loads_with_sound_defaults(tmp_path):
    loaded = settings(tmp_path, SCHEDULE)
    schedule = loaded.schedules["morning"]
    assert schedule.max_lateness == timedelta(hours=3)
    assert schedule.lead_time == timedelta(0)
    assert schedule.selection.maximum == 7
    assert loaded.newsroom.accent == "#0B5D4B"


def test_approval_prepares_half_an_hour_before_the_slot(tmp_path):
    loaded = settings(tmp_path, SCHEDULE + "approval = true\n")
    assert loaded.schedules["morning"].lead_time == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("days", "field"),
    [("", "*"), ("mon-fri", "1,2,3,4,5"), ("sat, sun", "6,0"), ("Fri-Mon", "1,5,6,0"), ("mon-sun", "1,2,3,4,5,6,0")],
)
def test_best_times_are_a_cron_each_on_their_days(tmp_path, days, field):
    schedule = settings(tmp_path, TIMES + f'days = "{days}"\n').schedules["morning"]
    assert schedule.crons == (f"10 8 * * {field}", f"30 17 * * {field}")
    assert settings(tmp_path, SCHEDULE).schedules["morning"].crons == ("0 7 * * *",)


def test_a_time_may_be_written_as_toml_has_it(tmp_path):
    toml = TIMES.replace('"08:10"', "08:10:00")
    assert settings(tmp_path, toml).schedules["morning"].times == ("08:10", "17:30")


def test_on_publish_has_no_timetable_and_makes_up_for_all_unless_told_otherwise(tmp_path):
    schedule = settings(tmp_path, ON_PUBLISH).schedules["morning"]
    assert (schedule.crons, schedule.catches_up, schedule.settle) == ((), "all", timedelta(minutes=1))
    said = settings(tmp_path, ON_PUBLISH + 'catch_up = "latest"\n').schedules["morning"]
    assert said.catches_up == "latest"


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (SCHEDULE + 'chanels = ["mail"]\n', ["schedules.morning.chanels", "unknown key", 'did you mean "channels"']),
        (SCHEDULE + 'catch_up = "lastest"\n', ["schedules.morning.catch_up", "'latest', 'all' or 'skip'"]),
        (SCHEDULE + 'max_lateness = "3 ours"\n', ["schedules.morning.max_lateness", "30m"]),
        (SCHEDULE + 'timezone = "Berlin"\n', ["schedules.morning.timezone", "Europe/Berlin"]),
        (SCHEDULE.replace("0 7 * * *", "7 Uhr"), ["schedules.morning.cron", "five fields"]),
        (SCHEDULE.replace('["mail"]', '["male"]'), ["schedules.morning.channels", 'did you mean "mail"']),
        (SCHEDULE.replace('"readers"', '"raeders"'), ["schedules.morning.audience", 'did you mean "readers"']),
        (SCHEDULE.replace('audience = "readers"', ""), ["schedules.morning.audience", "must know to whom"]),
        (SCHEDULE + 'template = "breifing"\n', ["schedules.morning.template", 'did you mean "briefing"']),
        (SCHEDULE + "[schedules.morning.selection]\nmaximum = 0\n", ["schedules.morning.selection.maximum"]),
        (SCHEDULE + '[schedules.morning.selection]\nwindow = "lately"\n', ["selection.window", "last 24h"]),
        (SCHEDULE + "approval = 'no'\n", ["schedules.morning.approval"]),
        (SCHEDULE + "approval = 1\n", ["schedules.morning.approval"]),
        (SCHEDULE + "[schedules.morning.selection]\nmaximum = '7'\n", ["schedules.morning.selection.maximum"]),
        ("[brand]\naccent = 'green'\n", ["brand.accent", "#0B5D4B"]),
        ("[web]\nport = 70000\n", ["web.port"]),
        ('[delivery]\nretry_after = "0s"\n', ["delivery.retry_after", "at least 1s", "not '0s'"]),
        ("[delivery]\ngive_up_after = -5\n", ["delivery.give_up_after", "not negative"]),
        ('[delivery]\ncollect_every = "9s"\n', ["delivery.collect_every", "at least 10s"]),
        ("[delivery]\ncollect_every = inf\n", ["delivery.collect_every", "no duration is as long"]),
        ('[http]\ntimeout = "0.5s"\n', ["http.timeout", "at least 1s"]),
        (SCHEDULE + 'max_lateness = "0m"\n', ["schedules.morning.max_lateness", "at least 1s"]),
        (SCHEDULE.replace('["mail"]', '["mail", "mail"]'), ["schedules.morning.channels", '"mail" stands there twice']),
        (
            CHANNEL.replace("mail]", "letters]") + SCHEDULE.replace('["mail"]', '["mail", "letters"]'),
            ["schedules.morning.channels", "mail and letters", "everybody would get it twice"],
        ),
        (SCHEDULE.replace('cron = "0 7 * * *"', ""), ["schedules.morning", "exactly one of cron", "none of them"]),
        (SCHEDULE + "on_publish = true\n", ["schedules.morning", "exactly one", "it has cron and on_publish"]),
        (TIMES.replace("17:30", "25:00"), ["schedules.morning.times", '"08:10"']),
        (TIMES.replace('"17:30"', '"8:10"'), ["schedules.morning.times", '"08:10" stands there twice']),
        (TIMES + 'days = "mo-fr"\n', ["schedules.morning.days", "mon-fri"]),
        (SCHEDULE + 'days = "mon"\n', ["schedules.morning", "days belong to times"]),
        (TIMES + 'settle = "2m"\n', ["schedules.morning", "settle belongs to on_publish"]),
        (ON_PUBLISH + 'settle = "3h"\n', ["schedules.morning", "settle is shorter than max_lateness"]),
        (ON_PUBLISH + 'prepare_before = "10m"\n', ["schedules.morning", "prepare_before makes no sense"]),
        (ON_PUBLISH + "[schedules.morning.selection]\nminimum = 2\n", ["schedules.morning", "minimum makes no sense"]),
        (ON_PUBLISH + '[schedules.morning.selection]\nwindow = "last 2h"\n', ["schedules.morning", "max_age"]),
        ("[nonsense]\na = 1\n", ["nonsense", "unknown key", "allowed here", "newsroom"]),
    ],
)
def test_a_wrong_setting_is_one_line_with_file_key_and_what_is_allowed(tmp_path, toml, said):
    message = _refused(tmp_path, toml)
    for part in said:
        assert part in message


def test_a_file_that_is_not_toml_says_where(tmp_path):
    assert "line" in _refused(tmp_path, "[broken\n")


def test_a_missing_file_says_how_to_write_one(tmp_path):
    with pytest.raises(SettingsError, match="broadsheet init"):
        load_settings(tmp_path / "none", {})


def test_a_missing_key_ring_says_how_to_make_one(tmp_path):
    loaded = settings(tmp_path, environment={"BROADSHEET_SECRET_KEYS": ""})
    with pytest.raises(SettingsError, match="BROADSHEET_SECRET_KEYS is missing"):
        _ = loaded.secret_keys


def test_the_environment_wins_over_env_and_both_are_read(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "broadsheet.toml").write_text(NEWSROOM)
    (tmp_path / "config" / ".env").write_text("A=own\nB=own\n")
    loaded = load_settings(tmp_path / "config", {"B": "process"})
    assert (loaded.environment["A"], loaded.environment["B"]) == ("own", "process")


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "password").write_text("hush\n")
    loaded = settings(tmp_path, environment={"BROADSHEET_MAIL_PASSWORD_FILE": str(tmp_path / "password")})
    assert loaded.environment["BROADSHEET_MAIL_PASSWORD"] == "hush"


def test_no_secret_is_shown_by_repr(tmp_path):
    loaded = settings(tmp_path, environment={"BROADSHEET_MAIL_PASSWORD": "hush-hush"})
    assert "hush-hush" not in repr(loaded)
    assert ENVIRONMENT["BROADSHEET_SECRET_KEYS"] not in repr(loaded)


def test_a_relative_store_lies_beside_the_configuration_folder(tmp_path):
    assert settings(tmp_path).store_url == f"sqlite:///{tmp_path}/var/broadsheet.db"
    assert settings(tmp_path, environment={"DATABASE_URL": "postgresql://x/y"}).store_url == "postgresql://x/y"


def test_every_error_of_settings_ends_a_command_with_failure():
    assert SettingsError.exit_code == 1
    assert issubclass(SettingsError, BroadsheetError)


def test_an_environment_file_that_is_not_utf8_is_one_line_without_its_content(tmp_path):
    settings(tmp_path)
    (tmp_path / "config" / ".env").write_bytes(b"BROADSHEET_MAIL_PASSWORD=hush-\xff\n")
    with pytest.raises(SettingsError, match=r"\.env: is not UTF-8") as refused:
        load_settings(tmp_path / "config", ENVIRONMENT)
    assert "hush" not in "".join(traceback.format_exception(refused.value))


def test_a_secret_file_that_is_not_text_is_one_line(tmp_path):
    (tmp_path / "password").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="BROADSHEET_MAIL_PASSWORD_FILE: the file it names is not UTF-8"):
        settings(tmp_path, environment={"BROADSHEET_MAIL_PASSWORD_FILE": str(tmp_path / "password")})
