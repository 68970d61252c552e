"""``/editions/ID``: its stories, what readers are told of each, and what the article says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from bot.editions.mail_view import View
from bot.editions.origin import origin
from bot.errors import BroadsheetError, ConflictError
from bot.model import Edition, EditionStory, User
from bot.schedules import editing
from bot.schedules.truth import TextFinding
from bot.speech.catalog import _
from bot.speech.phrases import sentence, told_error
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.change import Trouble, changed, mended, said
from bot.web.editor.desk import Desk, Undo
from bot.web.editor.form import Submission, Submitted, number_in
from bot.web.editor.left_out import left_out
from bot.web.editor.opened import TABS, Opened, opened, page
from bot.web.editor.schedule_words import left_out as rule_word
from bot.web.editor.source import source

TITLE, SUMMARY, LINE = 300, 2_000, 500
"""Characters of a headline, a summary, an alt text or a credit that are taken from a form."""

_TOLD = {"title": TITLE, "summary": SUMMARY, "alt": LINE, "credit": LINE}
_VIEWS = (View.PHONE, View.DESKTOP, View.DARK, View.TEXT)


def routes(desk: Desk, router: APIRouter) -> None:
    """GET, HEAD and POST of ``/editions/ID``; GET and HEAD of ``/editions/ID/bar``, for a page that stays open.

    ``story`` is the id of the article whose story is picked, ``view`` one of ``View``, ``q`` the words of a search for
    a story to add (``add``), ``left`` a rule of which all that it left out is shown.
    """

    @router.api_route("/editions/{edition}", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str) -> Response:
        return _shown(desk, request, user, edition)

    @router.api_route("/editions/{edition}/bar", methods=["GET", "HEAD"])
    def bar(request: Request, user: Viewer, edition: str) -> Response:
        found = opened(desk, edition, user)
        if found is None:
            return desk.missing(request)
        asked = request.query_params
        tab = asked.get("tab", "")
        return page(
            desk,
            request,
            user,
            found,
            "editor/edition_bar_anew.html.j2",
            tab if tab in TABS else TABS[0],
            seen=number_in(asked.get("version", "")),
        )

    @router.post("/editions/{edition}")
    def change(request: Request, user: Editor, edition: str, form: Submitted) -> Response:
        act = _ACTS.get(form.text("act", longest=20))
        found = opened(desk, edition, user)
        if act is None or found is None:
            return desk.missing(request)
        try:
            return act(desk, request, user, found, form)
        except ConflictError as conflict:
            trouble = Trouble(conflict=conflict, values=form.values())
            return _shown(desk, request, user, edition, status=409, trouble=trouble)
        except BroadsheetError as error:
            trouble = Trouble(said=sentence(told_error(error)), values=form.values())
            return _shown(desk, request, user, edition, status=422, trouble=trouble)


def _shown(
    desk: Desk, request: Request, user: User, identity: str, *, status: int = 200, trouble: Trouble | None = None
) -> Response:
    found = opened(desk, identity, user)
    if found is None:
        return desk.missing(request)
    asked = request.query_params
    picked = _picked(found, asked.get("story", ""))
    view = asked.get("view", View.PHONE)
    adding = "add" in asked and found.editable
    words = asked.get("q", "")[:200].strip()
    return page(
        desk,
        request,
        user,
        found,
        "editor/edition.html.j2",
        "stories",
        status=status,
        trouble=trouble or Trouble(),
        picked=picked,
        tellings=editing.tellings(desk.installation, picked) if picked and found.editable else (),
        source=source(picked, picked.told.summary.text, _of(found, picked, "summary")) if picked else None,
        found_in={place: _of(found, picked, place) if picked else () for place in ("title", "summary", "alt")},
        by_story=_by_story(found),
        origins={story.article.id: origin(story, found.report) for story in found.edition.stories},
        rule_word=rule_word,
        left=left_out(found.report, whole=asked.get("left", "")),
        channel=next((each.channel for each in found.edition.renditions if each.email), ""),
        view=View(view) if view in set(_VIEWS) else View.PHONE,
        views=_VIEWS,
        adding=adding,
        query=words,
        addable=editing.addable(desk.installation, identity, words) if adding else (),
    )


def _picked(found: Opened, asked: str) -> EditionStory | None:
    """The story that was asked for, else the first with something to fix, else the first."""
    stories = found.edition.stories
    wrong = [each.article for each in found.open_texts if each.article]
    wanted = number_in(asked) or (wrong or [0])[0]
    return next((each for each in stories if each.article.id == wanted), stories[0] if stories else None)


def _of(found: Opened, story: EditionStory, place: str) -> tuple[TextFinding, ...]:
    return tuple(each for each in found.texts if each.article == story.article.id and each.place == place)


def _by_story(found: Opened) -> dict[int, TextFinding]:
    """The first finding of each story that is to be fixed."""
    first: dict[int, TextFinding] = {}
    for each in found.open_texts:
        if each.place in ("title", "summary", "alt"):
            first.setdefault(each.article, each)
    return first


def _tell(desk: Desk, request: Request, user: User, found: Opened, form: Submission) -> Response:
    """Changes what readers are told of a story."""
    article = form.number("story") or 0
    told: dict[str, str | None] = {name: changed(form, name, longest=most) for name, most in _TOLD.items()}
    if "own" in form:
        told[form.text("own", longest=20)] = ""
    use = form.text("use", longest=100)
    for each in found.texts:
        if use and each.key == use and each.article == article and each.place in told:
            text = form.text(each.place, longest=_TOLD[each.place])
            told[each.place] = mended(text, each)
    shown = form.checked("picture") if "picture_was" in form else None
    values: dict[str, Any] = {name: text for name, text in told.items() if name in _TOLD and text is not None}
    if shown is not None and shown != form.checked("picture_was"):
        values["picture"] = shown
    if values:
        _by(desk, user, found, form, editing.tell, article, **values)
    return desk.done(request, f"editions/{found.edition.id}?story={article}", said(request, _("Saved.")))


def _order(desk: Desk, request: Request, user: User, found: Opened, form: Submission) -> Response:
    """Moves a story by one place, or to one, or keeps it in its place."""
    places = {each.article.id: each.position for each in found.edition.stories}
    for name, by in (("up", -1), ("down", 1), ("moved", 0)):
        article = form.number(name)
        if article in places and article:
            to = places[article] + by if by else form.number("to") or 0
            if 1 <= to <= len(places) and to != places[article]:
                _by(desk, user, found, form, editing.move, article, to)
            return desk.done(request, f"editions/{found.edition.id}?story={article}", said(request, _("Moved.")))
    for name in ("pin", "unpin"):
        article = form.number(name)
        if article in places and article:
            _by(desk, user, found, form, editing.pin, article, pinned=name == "pin")
            words = _("Pinned to its place.") if name == "pin" else _("No longer pinned.")
            return desk.done(request, f"editions/{found.edition.id}?story={article}", said(request, words))
    return desk.missing(request)


def _drop(desk: Desk, request: Request, user: User, found: Opened, form: Submission) -> Response:
    article = form.number("story") or 0
    story = next((each for each in found.edition.stories if each.article.id == article), None)
    if story is None:
        return desk.missing(request)
    now = _by(desk, user, found, form, editing.drop, article)
    back = {"act": "add", "story": str(article), "at": str(story.position), "version": str(now.version)}
    undo = Undo(f"editions/{found.edition.id}", _("Put it back"), back)
    words = _("“%(title)s” is dropped.") % {"title": story.told.article.title[:80]}
    return desk.done(request, f"editions/{found.edition.id}", words, undo)


def _add(desk: Desk, request: Request, user: User, found: Opened, form: Submission) -> Response:
    article = form.number("story") or 0
    _by(desk, user, found, form, editing.add, article, at=form.number("at") or 0)
    return desk.done(request, f"editions/{found.edition.id}?story={article}", _("Added to the stories."))


def _retell(desk: Desk, request: Request, user: User, found: Opened, form: Submission) -> Response:
    """Tells a story by another one of its articles."""
    article, by = form.number("story") or 0, form.number("by") or 0
    now = _by(desk, user, found, form, editing.retell, article, by)
    path = f"editions/{found.edition.id}"
    back = {"act": "retell", "story": str(by), "by": str(article), "version": str(now.version)}
    words = _("Told by the other article now.")
    return desk.done(request, f"{path}?story={by}", words, Undo(path, _("Tell it as before"), back))


def _by(
    desk: Desk, user: User, found: Opened, form: Submission, do: Callable[..., Edition], *args: Any, **more: Any
) -> Edition:
    """Does what was asked for to the version that was seen."""
    installation = desk.installation
    return do(
        installation,
        found.edition.id,
        *args,
        **more,
        version=form.number("version") or 0,
        who=user.name_on_record,
        now=installation.clock(),
    )


_Act = Callable[[Desk, Request, User, Opened, Submission], Response]
_ACTS: dict[str, _Act] = {"tell": _tell, "order": _order, "drop": _drop, "add": _add, "retell": _retell}
