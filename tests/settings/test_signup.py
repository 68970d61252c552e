"""What ``[signup]`` and ``web.trusted_proxies`` take, and how they say what they do not."""

from __future__ import annotations

import pytest

from bot.errors import SettingsError
from bot.testing import settings

CHANNELS = """
[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"

[channels.ops]
type = "webhook"
url = "https://ops.record.example/hook"
"""


def test_without_the_table_everything_has_a_default(tmp_path):
    found = settings(tmp_path).signup
    assert [str(rate) for rate in (*found.per_network, *found.per_domain, *found.mails)] == ["20/h", "300/h", "1000/h"]
    assert not found.keep_ip
    assert settings(tmp_path).web.trusted_proxies == ()


def test_several_rates_hold_at_once(tmp_path):
    found = settings(tmp_path, '[signup]\nper_network = ["5/10m", "20/d"]\n').signup
    assert [str(rate) for rate in found.per_network] == ["5/10m", "20/d"]


@pytest.mark.parametrize(
    ("toml", "key", "said"),
    [
        ('[signup]\norigins = ["https://record.example/news"]', "signup.origins", "no path"),
        ('[signup]\norigins = ["*"]', "signup.origins", "scheme and host"),
        ('[signup]\norigins = ["https://mara@record.example"]', "signup.origins", "no name"),
        ("[signup]\nper_network = []", "signup.per_network", "at least 1"),
        ('[signup]\nmails = "many"', "signup.mails", "a rate is a number and a time"),
        ('[signup]\nchannel = "post"', "signup.channel", 'no channel "post"'),
        ('[signup]\nchannel = "ops"', "signup.channel", "sends no mail"),
        ('[web]\ntrusted_proxies = ["proxy.example"]', "web.trusted_proxies", "an address or a network"),
        ('[web]\ntrusted_proxies = ["10.0.0.1/8"]', "web.trusted_proxies", "an address or a network"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(tmp_path, toml, key, said):
    with pytest.raises(SettingsError) as raised:
        settings(tmp_path, CHANNELS + toml)
    assert key in str(raised.value)
    assert said in str(raised.value)
