"""``/editions/ID/posts``: each post as its network shows it, its text, and what the article says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from bot.editions.compose import Outlet
from bot.editions.counting import fits, length, size
from bot.editions.post_view import PostView, network_name, view
from bot.errors import BroadsheetError, ConflictError
from bot.model import EditionStory, Limits, Rendition, User
from bot.schedules import editing
from bot.schedules.preview import payload_of
from bot.schedules.truth import TextFinding
from bot.speech.catalog import _
from bot.speech.phrases import sentence, told_error
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.change import Trouble, changed, mended, said
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submitted
from bot.web.editor.opened import Opened, opened, page
from bot.web.editor.source import Source, source

TEXT = 20_000
"""Characters of a post that are taken from a form."""
TOGETHER = 12
"""So many posts are shown at once; of more, one channel's."""


@dataclass(frozen=True, slots=True)
class PostShown:
    """A post as it is edited. ``place`` is its number on the page; ``story`` is the one it tells, None for all."""

    place: int
    view: PostView
    story: EditionStory | None
    found: tuple[TextFinding, ...]
    written: bool

    @property
    def counted(self) -> Counted:
        return Counted(self.view.used, self.view.size, self.view.fits, self.view.limits)


@dataclass(frozen=True, slots=True)
class Counted:
    """How long a text is as its network counts: characters and bytes, and whether it takes them."""

    used: int
    size: int
    fits: bool
    limits: Limits

    @property
    def tone(self) -> str:
        most = self.limits.characters
        return "over" if not self.fits else "near" if most and self.used >= most * 0.9 else ""


def routes(desk: Desk, router: APIRouter) -> None:
    """GET, HEAD and POST of ``/editions/ID/posts``, and POST of ``/editions/ID/posts/count``.

    ``channel`` and ``subject`` pick a post: its source text and what goes on the wire are shown.
    """

    @router.api_route("/editions/{edition}/posts", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str) -> Response:
        return _shown(desk, request, user, edition)

    @router.post("/editions/{edition}/posts")
    def change(request: Request, user: Editor, edition: str, form: Submitted) -> Response:
        found = opened(desk, edition, user)
        if found is None:
            return desk.missing(request)
        channel, subject = form.text("channel", longest=100), form.text("subject", longest=100)
        text = "" if "own" in form else changed(form, "text", longest=TEXT)
        use = form.text("use", longest=100)
        for each in found.texts:
            if use and each.key == use and (each.place, each.channel, each.subject) == ("post", channel, subject):
                text = mended(form.text("text", longest=TEXT), each)
        try:
            if text is not None:
                editing.post(
                    desk.installation,
                    edition,
                    channel,
                    subject,
                    text,
                    version=form.number("version") or 0,
                    who=user.name_on_record,
                    now=desk.installation.clock(),
                )
        except ConflictError as conflict:
            trouble = Trouble(conflict=conflict, values=form.values())
            return _shown(desk, request, user, edition, status=409, trouble=trouble)
        except BroadsheetError as error:
            trouble = Trouble(said=sentence(told_error(error)), values=form.values())
            return _shown(desk, request, user, edition, status=422, trouble=trouble)
        query = request.url.query[:500]
        return desk.done(request, f"editions/{edition}/posts{f'?{query}' if query else ''}", said(request, _("Saved.")))

    @router.post("/editions/{edition}/posts/count")
    def count(user: Viewer, edition: str, form: Submitted) -> Response:
        outlet = desk.installation.outlets.get(form.text("channel", longest=100))
        text, warning = form.text("text", longest=TEXT), form.text("warning", longest=500)
        limits = outlet.limits if outlet else Limits()
        counted = Counted(
            length(text, limits, warning=warning), size(text, limits), fits(text, limits, warning=warning), limits
        )
        template = desk.site.environment.get_template("editor/post_count.html.j2")
        return HTMLResponse(template.render(counted=counted, place=form.number("place") or 0))


def _shown(
    desk: Desk, request: Request, user: User, identity: str, *, status: int = 200, trouble: Trouble | None = None
) -> Response:
    found = opened(desk, identity, user)
    if found is None:
        return desk.missing(request)
    asked = request.query_params
    renditions = [each for each in found.edition.renditions if each.post]
    channels = list(dict.fromkeys(each.channel for each in renditions))
    chosen = asked.get("channel", "")
    if len(renditions) > TOGETHER:
        chosen = chosen if chosen in channels else channels[0]
        renditions = [each for each in renditions if each.channel == chosen]
    trouble = trouble or Trouble()
    picked = _picked(renditions, chosen, asked.get("subject", ""))
    shown = _posts(desk, found, renditions, picked)
    told = next((each for each in shown if picked and each.view.subject == picked.subject), None)
    return page(
        desk,
        request,
        user,
        found,
        "editor/edition_posts.html.j2",
        "posts",
        status=status,
        trouble=trouble,
        wrong=(trouble.values.get("channel", ""), trouble.values.get("subject", "")),
        posts=shown,
        picked=picked,
        source=_source(told, picked),
        channels=channels if len(channels) > 1 and len(shown) != found.posts else [],
        chosen=chosen,
        name_of={name: network_name(each.kind) for name, each in desk.installation.outlets.items()},
    )


def _picked(renditions: list[Rendition], channel: str, subject: str) -> Rendition | None:
    first = renditions[0] if renditions else None
    return next((each for each in renditions if (each.channel, each.subject) == (channel, subject)), first)


def _posts(desk: Desk, found: Opened, renditions: list[Rendition], picked: Rendition | None) -> list[PostShown]:
    """The posts; those of channels that left the settings without their limits."""
    installation = desk.installation
    outlets = installation.outlets
    with installation.store.read() as tx:
        accounts = tx.channels.all()
    shown = []
    for place, each in enumerate(renditions, start=1):
        outlet = outlets.get(each.channel) or Outlet(channel=each.channel, medium="post", limits=Limits(), template="")
        account = accounts[each.channel].account if each.channel in accounts else ""
        payload = _payload(desk, found, each) if each is picked else None
        shown.append(
            PostShown(
                place,
                view(each, outlet, installation.newsroom, account=account, payload=payload),
                _story(found, each),
                tuple(
                    one
                    for one in found.texts
                    if (one.place, one.channel, one.subject) == ("post", each.channel, each.subject)
                ),
                any(words.channel == each.channel for words in found.edition.words.posts),
            )
        )
    return shown


def _payload(desk: Desk, found: Opened, rendition: Rendition) -> Any:
    channel = desk.installation.configured.get(rendition.channel)
    return payload_of(desk.installation, found.edition, channel, rendition) if channel else None


def _story(found: Opened, rendition: Rendition) -> EditionStory | None:
    stories = found.edition.stories
    if not rendition.subject:
        return stories[0] if stories else None
    return next((each for each in stories if str(each.article.id) == rendition.subject), None)


def _source(shown: PostShown | None, picked: Rendition | None) -> Source | None:
    if shown is None or shown.story is None or picked is None or picked.post is None:
        return None
    return source(shown.story, picked.post.text, shown.found)
