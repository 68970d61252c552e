from __future__ import annotations

import pytest

from bot.errors import SettingsError
from bot.testing import settings


def test_no_model_is_asked_unless_its_address_is_set(tmp_path):
    assert not settings(tmp_path).llm.on
    assert settings(tmp_path, '[llm]\nurl = "http://127.0.0.1:11434/v1/"\nmodel = "m"\n').llm.url.endswith("/v1")


@pytest.mark.parametrize("url", ["https://llm.example/v1/chat/completions", "https://llm.example/v1/chat/completions/"])
def test_the_whole_address_of_an_endpoint_is_as_good_as_its_base(tmp_path, url):
    assert settings(tmp_path, f'[llm]\nurl = "{url}"\nmodel = "m"\n').llm.url == "https://llm.example/v1"


def test_the_key_comes_from_the_environment_and_is_shown_nowhere(tmp_path):
    toml = '[llm]\nurl = "https://llm.example/v1"\nmodel = "m"\n'
    found = settings(tmp_path, toml, environment={"BROADSHEET_LLM_KEY": "sk-1-secret"})
    assert found.llm.key.get_secret_value() == "sk-1-secret"
    assert "sk-1-secret" not in repr(found) + str(found.llm)


def test_a_key_in_the_file_is_refused_without_repeating_it(tmp_path):
    with pytest.raises(SettingsError, match="BROADSHEET_LLM_KEY") as refused:
        settings(tmp_path, '[llm]\nurl = "https://llm.example/v1"\nkey = "sk-1-secret"\n')
    assert "sk-1-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "llm.example"', "llm.url"),
        ('write = ["poems"]', "llm.write"),
        ("requests_per_day = 0", "llm.requests_per_day"),
        ('timeout = "0s"', "llm.timeout"),
        ('modell = "x"', 'did you mean "model"'),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, line, said):
    with pytest.raises(SettingsError, match=said):
        settings(tmp_path, f"[llm]\n{line}\n")
