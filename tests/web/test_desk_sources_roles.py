"""Who may do what with sources, articles, channels and the brand; and that a page offers no act that is refused."""

from __future__ import annotations

import pytest

from bot.model import Role
from tests.web.test_access import join, with_session

NEEDED = {
    "/sources/find": Role.EDITOR,
    "/sources/add": Role.EDITOR,
    "/sources/try": Role.EDITOR,
    "/sources/remove": Role.EDITOR,
    "/articles/1/dismiss": Role.EDITOR,
    "/articles/1/correct": Role.APPROVER,
    "/articles/1/drop": Role.APPROVER,
    "/channels/test": Role.EDITOR,
    "/channels/connect": Role.APPROVER,
    "/channels/paste": Role.APPROVER,
    "/channels/pause": Role.APPROVER,
    "/channels/resume": Role.APPROVER,
    "/channels/disconnect": Role.ADMIN,
    "/templates/brand": Role.ADMIN,
}
PAGES = ("/sources", "/sources/site", "/articles", "/articles?changed=yes", "/channels", "/channels/mail", "/templates")
ACTS = ("sources/find", "sources/try", "sources/remove", "channels/test", "channels/pause", "channels/connect")


async def test_each_act_asks_for_its_role(web):
    tokens = {role: join(web, role)[1] for role in Role}
    for path, needed in NEEDED.items():
        for role, token in tokens.items():
            answer = await web.post(path, headers=with_session(token))
            assert (answer.status_code == 403) is not role.may(needed), (path, role)


@pytest.mark.parametrize("path", [*PAGES, "/templates/brand", "/templates/digests/briefing"])
async def test_a_viewer_sees_all_and_is_offered_no_act(web, path):
    _user, token = join(web, Role.VIEWER)
    page = await web.get(path, headers=with_session(token))
    assert page.status_code == 200
    assert not [act for act in ACTS if f'{act}"' in page.text]
    assert "/ping/" not in page.text
    assert "Save brand" not in page.text


@pytest.mark.parametrize("path", PAGES)
async def test_who_is_not_logged_in_sees_none_of_it(web, path):
    join(web, Role.ADMIN)
    assert (await web.get(path)).status_code == 303
