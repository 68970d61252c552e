"""``desk``: the address that opens the editors' pages."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from bot.accounts import desk_key, invitations
from bot.clock import system_clock
from bot.model import Role
from bot.schedules.installation import opened
from bot.testing import KEYS


def test_it_prints_an_address_of_this_machine_whose_key_is_good_now(broadsheet, folder):
    found = urlsplit(broadsheet("desk", "--host", "0.0.0.0", "--port", "9090").out.strip())
    assert (found.netloc, found.path) == ("127.0.0.1:9090", "/")
    assert desk_key.opens(KEYS, parse_qs(found.query)["key"][0], system_clock())


def test_it_takes_the_port_of_the_settings_and_asks_for_one_where_that_is_any(broadsheet, folder):
    assert broadsheet("desk", "--json").value["address"].startswith("http://127.0.0.1:8080/?key=")
    file = folder / "config" / "broadsheet.toml"
    file.write_text("[web]\nport = 0\n" + file.read_text())
    refused = broadsheet("desk")
    assert (refused.code, "--port" in refused.err) == (2, True)


def test_once_somebody_has_an_account_it_is_the_login(broadsheet, folder):
    with opened(folder / "config") as installation:
        now = installation.clock()
        made = invitations.invite(installation.store, "mara@record.example", Role.ADMIN, who="root", now=now)
        invitations.join(installation.store, made.id, "Mara Lindqvist", "harbour ferry tunnel", now=now)
    said = broadsheet("desk")
    assert said.out.strip().endswith("/login")
    assert "key=" not in said.out
