from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://bot:hush@127.0.0.1:9/db?connect_timeout=2&password=hush", "cannot be"),
        ("postgresql://bot:hush@127.0.0.1:port/db", "is not a URL"),
        ("sqlite:///{folder}/config/broadsheet.toml", "file is not a database"),
    ],
)
@pytest.mark.parametrize("command", [("db", "upgrade"), ("db", "stats")])
def test_a_store_that_cannot_be_used_is_one_line_without_its_password(
    broadsheet, folder, monkeypatch, command, url, said
):
    monkeypatch.setenv("DATABASE_URL", url.format(folder=folder))
    ended = broadsheet(*command)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert said in ended.err
    assert "hush" not in ended.err


def test_an_upgrade_says_what_the_store_was(broadsheet, folder):
    first = broadsheet("db", "upgrade", "--json").value
    assert first["before"] is None
    assert broadsheet("db", "upgrade", "--json").value == {"before": first["after"], "after": first["after"]}
