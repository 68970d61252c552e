from __future__ import annotations

import pytest
from starlette.requests import Request

from bot.web.security import stranger


def _request(
    *, client=("127.0.0.1", 50000), server=("127.0.0.1", 8080), version="1.1", host="127.0.0.1:8080", **headers
):
    raw = [(b"host", host.encode()), *((name.encode(), value.encode()) for name, value in headers.items())]
    return Request({"type": "http", "client": client, "server": server, "http_version": version, "headers": raw})


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"client": ("::1", 1), "server": ("::1", 8080), "host": "[::1]:8080"},
        {"host": "localhost"},
        {"server": None},
    ],
)
def test_who_is_at_this_machine_is_no_stranger(fields):
    assert stranger(_request(**fields)) == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"client": ("192.168.1.5", 1)},
        {"client": None},
        {"server": ("192.168.1.2", 8080)},
        {"host": "rebound.evil.example"},
        {"host": ""},
        {"version": "1.0"},
        {"via": "1.1 proxy"},
        {"forwarded": "for=127.0.0.1"},
    ],
)
def test_everybody_else_is_told_why(fields):
    assert stranger(_request(**fields)).endswith(".")
