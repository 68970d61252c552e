"""``users``: from the first link to who may do what."""

from __future__ import annotations

import pytest

from bot.accounts import invitations
from bot.model import Purpose, Role
from bot.schedules.installation import opened
from bot.testing import KEYS

PASSWORD = "harbour ferry tunnel"


@pytest.fixture
def join(broadsheet, folder):
    """Somebody joins by the link that the command line prints."""

    def by_link(address, name, role="editor"):
        said = broadsheet("users", "add", address, "--role", role, "--link", "--json")
        token = said.value["link"].rpartition("/")[2]
        with opened(folder / "config") as installation:
            made = invitations.read_link(KEYS, Purpose.JOIN, token)
            return invitations.join(installation.store, made, name, PASSWORD, now=installation.clock())

    return by_link


def test_the_first_link_is_printed_and_is_an_admins(broadsheet, folder):
    refused = broadsheet("users", "add", "mara@record.example")
    assert (refused.code, "admin" in refused.err) == (2, True)
    said = broadsheet("users", "add", "mara@record.example", "--role", "admin")
    link = said.out.strip().splitlines()[-1]
    assert link.startswith("http")
    with opened(folder / "config") as installation:
        made = invitations.read_link(KEYS, Purpose.JOIN, link.rpartition("/")[2])
        user = invitations.join(installation.store, made, "Mara Lindqvist", PASSWORD, now=installation.clock())
    assert user.role is Role.ADMIN


def test_later_ones_go_out_by_mail(broadsheet, folder, join):
    join("mara@record.example", "Mara Lindqvist", "admin")
    said = broadsheet("users", "add", "tom@record.example", "--role", "approver")
    assert "by mail" in said.out
    assert "/invitation/" not in said.out
    with opened(folder / "config") as installation, installation.store.read() as tx:
        [due] = tx.invitations.due(installation.clock(), 10)
    assert (due.address, due.role) == ("tom@record.example", Role.APPROVER)


def test_everybody_is_listed_with_their_role_and_whether_they_may_log_in(broadsheet, join):
    assert "nobody has an account" in broadsheet("users", "list").out
    join("mara@record.example", "Mara Lindqvist", "admin")
    join("tom@record.example", "Tom Adeyemi")
    broadsheet("users", "add", "ines@record.example", "--role", "viewer", "--name", "Inés Roca")
    assert broadsheet("users", "role", "TOM@record.example", "approver").code == 0
    assert broadsheet("users", "disable", "tom@record.example", "--note", "left").code == 0
    listed = broadsheet("users", "list", "--json").value
    assert [(each["name"], each["role"], bool(each["disabled"])) for each in listed["users"]] == [
        ("Mara Lindqvist", "admin", False),
        ("Tom Adeyemi", "approver", True),
    ]
    assert [each["name"] for each in listed["invitations"]] == ["Inés Roca"]
    rows = broadsheet("users", "list").out
    assert "may log in" in rows
    assert "disabled since" in rows
    assert "invited, until" in rows
    assert broadsheet("users", "enable", "tom@record.example").code == 0
    assert not broadsheet("users", "list", "--json").value["users"][1]["disabled"]


def test_a_forgotten_password_is_mended_on_the_machine(broadsheet, folder, join):
    join("mara@record.example", "Mara Lindqvist", "admin")
    said = broadsheet("users", "password", "mara@record.example", "--json").value
    token = said["link"].rpartition("/")[2]
    with opened(folder / "config") as installation:
        made = invitations.read_link(KEYS, Purpose.RESET, token)
        user = invitations.choose(installation.store, made, "another long one", now=installation.clock())
    assert user.name == "Mara Lindqvist"


def test_the_last_admin_stays_and_slips_are_told(broadsheet, join):
    join("mara@record.example", "Mara Lindqvist", "admin")
    assert "last admin" in broadsheet("users", "disable", "mara@record.example").err
    assert "last admin" in broadsheet("users", "role", "mara@record.example", "viewer").err
    slip = broadsheet("users", "role", "mara@record.example", "approvr")
    assert (slip.code, "approver" in slip.err) == (2, True)
    assert broadsheet("users", "disable", "nobody@record.example").code == 1
    assert broadsheet("users", "add", "mara@record.example", "--role", "admin").code == 2
