from __future__ import annotations

import pytest

from bot.accounts import invitations
from bot.model import Role
from bot.testing import NOW

PASSWORD = "harbour ferry tunnel"


class Newsroom:
    """A store in which people join the desk by invitation."""

    def __init__(self, store):
        self.store = store

    def join(self, name="Mara Lindqvist", role=Role.ADMIN, *, password=PASSWORD, now=NOW):
        address = f"{name.split()[0].lower()}@record.example"
        made = invitations.invite(self.store, address, role, who="root", now=now)
        return invitations.join(self.store, made.id, name, password, now=now)

    def acts(self, thing=""):
        """(who, what, before, after) of all that was done, the first first."""
        with self.store.read() as tx:
            return [(each.who, each.what, each.before, each.after) for each in reversed(tx.acts.newest(thing=thing))]


@pytest.fixture
def newsroom(store):
    return Newsroom(store)
