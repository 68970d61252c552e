"""Posts that went out, as programs of the newsroom treat them by ``/api/v1``."""

from __future__ import annotations

from bot.model import Scope
from tests.web.api_v1 import Program, effect
from tests.web.test_post_removal import posted, removals


@effect("POST /articles/{article}/posts/remove")
async def test_the_posts_about_an_article_are_taken_down_once(build_web):
    web = await posted(build_web)
    approver = Program(web, Scope.APPROVE)
    assert (await approver.once("/articles/1/posts/remove")).json() == {"changed": 1}
    (made,) = removals(web)
    with web.store.read() as tx:
        (act,) = tx.acts.newest(thing=f"edition:{made.id}")
    assert (act.who, act.what) == (approver.user.name, "remove posts")
    assert (await approver.post("/articles/1/posts/remove")).status_code == 409
