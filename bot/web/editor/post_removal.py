"""``/articles/ID/posts/remove``: the posts about an article, taken down from the networks."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from bot.errors import BroadsheetError, NotFound
from bot.schedules.removal import remove, to_remove
from bot.speech.catalog import _, ngettext, number
from bot.web.editor.access import Approver
from bot.web.editor.desk import Desk
from bot.web.editor.form import number_in

_ACT = "/articles/{article}/posts/remove"


def routes(desk: Desk, router: APIRouter) -> None:
    """The page that asks, where there is no JavaScript, and the act."""

    @router.api_route(_ACT, methods=["GET", "HEAD"])
    def ask(request: Request, user: Approver, article: str) -> Response:
        id, installation = number_in(article), desk.installation.current()
        with installation.store.read() as tx:
            found = tx.articles.get(id) if id else None
            posts = to_remove(tx, installation, id) if id and found else []
        if found is None:
            return desk.missing(request)
        title = _("Take down its posts?")
        return desk.page(
            request, user, "editor/post_removal.html.j2", here="sources", title=title, article=found, posts=posts
        )

    @router.post(_ACT)
    def take_down(request: Request, user: Approver, article: str) -> Response:
        id, installation = number_in(article), desk.installation.current()
        if not id:
            return desk.missing(request)
        try:
            made = remove(installation, id, who=user.name_on_record, now=installation.clock())
        except NotFound:
            return desk.missing(request)
        except BroadsheetError as error:
            return desk.refused(request, error)
        count = sum(len(each.renditions) for each in made)
        said = ngettext("%(count)s post is taken down now.", "%(count)s posts are taken down now.", count)
        return desk.done(request, f"articles/{id}", said % {"count": number(count)})
