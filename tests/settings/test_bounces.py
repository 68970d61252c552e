from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import SettingsError
from bot.testing import settings

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"


def test_what_is_left_out_reads_nothing_and_has_its_defaults(tmp_path):
    found = settings(tmp_path).bounces
    assert (found.maildir, found.imap, found.ses, found.postmark, found.mailgun, found.sendgrid) == (None,) * 6
    assert (found.soft_run, found.soft_over, found.every) == (5, timedelta(days=7), timedelta(minutes=5))


def test_a_relative_maildir_starts_beside_the_configuration(tmp_path):
    assert (
        settings(tmp_path, '\n[bounces]\nmaildir = "mail/bounces"\n').bounces.maildir == tmp_path / "mail" / "bounces"
    )


def test_secrets_come_from_the_environment_and_are_shown_nowhere(tmp_path):
    toml = '\n[bounces.imap]\nhost = "imap.example"\nusername = "b"\n[bounces.mailgun]\n'
    secrets = {
        "BROADSHEET_BOUNCES_IMAP_PASSWORD": "Tr0ub4dor",
        "BROADSHEET_BOUNCES_MAILGUN_SIGNING_KEY": "a key of 16 letters",
    }
    found = settings(tmp_path, toml, environment=secrets)
    assert found.bounces.imap.password.get_secret_value() == "Tr0ub4dor"
    assert not any(each in repr(found) + repr(found.bounces) for each in secrets.values())


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[bounces.imap]\nhost = "i"\nusername = "b"', "BROADSHEET_BOUNCES_IMAP_PASSWORD"),
        ('[bounces.imap]\nhost = "i"\nusername = "b"\npassword = "s3cret"', "never stands in this file"),
        ("[bounces.postmark]", "BROADSHEET_BOUNCES_POSTMARK_PASSWORD"),
        ('[bounces.ses]\ntopics = ["bounces"]', "a topic is its ARN"),
        ("[bounces.ses]\ntopics = []", "topics"),
        ("[bounces]\nsoft_run = 1", "soft_run"),
        ('[bounces]\nkeep = "2d"', "at least 7d"),
        ('[bounces]\nmailbox = "x"', "unknown key"),
        ("[bounces]\nimap = 7", "bounces.imap"),
        (f'[bounces.ses]\ntopics = ["{TOPIC}"]\nsecret = "x"', "unknown key"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_key_and_no_secret(tmp_path, toml, said):
    with pytest.raises(SettingsError, match=said) as raised:
        settings(tmp_path, f"\n{toml}\n")
    assert "\n" not in str(raised.value)
    assert "s3cret" not in str(raised.value)


def test_a_password_that_is_too_short_is_not_repeated(tmp_path):
    with pytest.raises(SettingsError) as raised:
        settings(tmp_path, "\n[bounces.postmark]\n", environment={"BROADSHEET_BOUNCES_POSTMARK_PASSWORD": "hunter2"})
    assert "hunter2" not in str(raised.value)
