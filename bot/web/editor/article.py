"""``/articles/ID``: what changed in an article, where its old words went, and what is done about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from bot.articles.text import paragraphs
from bot.editions.side_by_side import Paragraph, folded, gone, side_by_side
from bot.errors import BroadsheetError, NotFound, NothingToDo
from bot.model import Article, Decision, PostAct, Role, User
from bot.schedules.choices import choices, unsupported
from bot.schedules.corrected import LONGEST, Reach, correct, dismiss, drop, reach, stands
from bot.schedules.correction_mail import mails_of
from bot.schedules.removal import to_remove
from bot.schedules.replies import Way
from bot.speech.catalog import N_, _, listing, ngettext
from bot.speech.phrases import sentence, told_error
from bot.store import Transaction
from bot.summaries.grounding import Offence
from bot.web.editor.access import Approver, Editor, Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submission, Submitted, number_in
from bot.web.editor.went import went

REVISIONS = 20
"""Revisions that are listed, the newest."""
TELLINGS = 10
"""Editions that told it and are shown, the newest."""

WAYS = {
    Way.REPLY: N_("Answer them with the correction"),
    Way.EDIT: N_("Change them where the network can, else answer"),
    Way.REPLACE: N_("Change them, or take them down and post anew"),
}
ACTS = {
    PostAct.POST: N_("is answered"),
    PostAct.EDIT: N_("is changed where it stands"),
    PostAct.REPLACE: N_("is taken down and posted anew; answers and likes go with it"),
    PostAct.REMOVE: N_("is taken down"),
}
KINDS = {
    "numbers": N_("figures"),
    "names": N_("names"),
    "quotations": N_("quotations"),
    "title": N_("the title"),
    "standfirst": N_("the standfirst"),
    "negation": N_("a yes or no"),
    "byline": N_("the byline"),
    "wording": N_("the wording"),
}


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision in the list: ``number``, when it was ``seen`` (UTC), and ``what`` it changed, in words."""

    number: int
    seen: datetime
    what: str
    told: bool


def routes(desk: Desk, router: APIRouter) -> None:
    """``/articles/ID``, and what is decided there."""

    def shown(
        request: Request,
        user: User,
        article: int,
        *,
        values: Mapping[str, Any] | None = None,
        errors: Mapping[str, str] | None = None,
        offences: tuple[Offence, ...] = (),
        status: int = 200,
    ) -> Response:
        installation = desk.installation.current()
        with installation.store.read() as tx:
            found, reached, problem = _found(tx, article)
            if found is None:
                return desk.missing(request)
            revisions = tx.articles.revisions(article, REVISIONS)
            changes = tx.changes.of_articles([article])
            told = reached.tellings[0].story.article if reached else None
            chosen = number_in(request.query_params.get("from", ""))
            before = (tx.articles.revision(article, chosen) if chosen else None) or told
            if before is None and len(revisions) > 1:
                before = revisions[1][1]
            mails = _mails(tx, reached)
            known = [(each.edition, each.story, each.posts) for each in reached.tellings] if reached else []
            standing = to_remove(tx, installation, article, known)
        compared = side_by_side(before, found) if before and before.revision != found.revision else ()
        whole = request.query_params.get("show") == "whole"
        waiting = [each for each in changes if each.decided is Decision.OPEN]
        settled = next((each for each in changes if each.decided is not Decision.OPEN), None)
        first = waiting[0] if waiting else None
        given = values or {
            "said": first.was[:LONGEST] if first else "",
            "right": first.now[:LONGEST] if first else "",
            "way": Way.REPLY,
            "mail": None,
            "posts": None,
            "mail_now": False,
            "sure": False,
        }
        old = gone(compared)
        return desk.page(
            request,
            user,
            "editor/article.html.j2",
            here="sources",
            status=status,
            article=found,
            first_seen=found.first_seen,
            before=before,
            seen={each.revision: moment for moment, each in revisions},
            text=paragraphs(found.body) if not compared else (),
            shown=compared if whole else folded(compared),
            whole=whole,
            any_change=any(isinstance(each, Paragraph) and each.changed for each in compared),
            revisions=_listed(
                revisions, {each.story.article.revision for each in reached.tellings} if reached else set()
            ),
            went=went(reached.tellings[:TELLINGS], mails, old) if reached else [],
            more=max(0, len(reached.tellings) - TELLINGS) if reached else 0,
            problem=problem,
            waiting=waiting,
            settled=settled,
            kinds=_kinds(first.what if first else ""),
            corrections=[(each, stands(installation, reached, each)) for each in reached.corrections]
            if reached
            else [],
            choices=choices(installation, reached) if reached else None,
            standing=standing,
            way_words=WAYS,
            acts=ACTS,
            given=given,
            errors={"said": "", "right": "", "mail": "", **(errors or {})},
            offences=offences,
            may_decide=user.role.may(Role.APPROVER),
            may_edit=user.role.may(Role.EDITOR),
            longest=LONGEST,
        )

    @router.api_route("/articles/{article}", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, article: str) -> Response:
        number = number_in(article)
        return shown(request, user, number) if number else desk.missing(request)

    @router.post("/articles/{article}/correct")
    def correct_it(request: Request, user: Approver, article: str, form: Submitted) -> Response:
        number = number_in(article)
        if not number:
            return desk.missing(request)
        values = _values(form)
        errors = {name: _("Write one or two sentences.") for name in ("said", "right") if not str(values[name]).strip()}
        if not values["mail"] and not values["posts"]:
            errors["mail"] = _("Choose who is told: a newsletter or a post.")
        if errors:
            return shown(request, user, number, values=values, errors=errors, status=422)
        with desk.installation.store.read() as tx:
            current = tx.articles.get(number)
        if current is None:
            return desk.missing(request)
        offences = () if values["sure"] else unsupported(current, values["right"])
        if offences:
            return shown(request, user, number, values=values, offences=offences, status=422)
        try:
            made = correct(
                desk.installation.current(),
                number,
                said=values["said"],
                right=values["right"],
                who=user.name_on_record,
                now=desk.installation.clock(),
                way=values["way"],
                mail=values["mail"],
                posts=values["posts"],
                mail_now=values["mail_now"],
            )
        except NotFound:
            return desk.missing(request)
        except BroadsheetError as error:
            return shown(
                request, user, number, values=values, errors={"right": sentence(told_error(error))}, status=422
            )
        with desk.installation.store.read() as tx:
            mails = list(mails_of(tx, made).values())
        if mails:
            # There it is seen as its readers will, with the button.
            return desk.done(request, f"editions/{mails[0].id}/email", _("The correction waits for a yes."))
        said = ngettext(
            "Corrected for the readers of %(count)s schedule.",
            "Corrected for the readers of %(count)s schedules.",
            len(made),
        ) % {"count": len(made)}
        return desk.done(request, f"articles/{number}", said)

    @router.post("/articles/{article}/dismiss")
    def not_needed(request: Request, user: Editor, article: str, form: Submitted) -> Response:
        number = number_in(article)
        if not number:
            return desk.missing(request)
        try:
            dismiss(
                desk.installation,
                number,
                who=user.name_on_record,
                now=desk.installation.clock(),
                note=form.text("note", longest=300),
            )
        except NothingToDo as error:
            return desk.refused(request, error)
        return desk.done(request, "articles?changed=yes", _("No correction is needed: that is on record."))

    @router.post("/articles/{article}/drop")
    def take_back(request: Request, user: Approver, article: str, form: Submitted) -> Response:
        number, correction = number_in(article), form.number("correction")
        if not number or correction is None:
            return desk.missing(request)
        try:
            drop(desk.installation, correction, who=user.name_on_record, now=desk.installation.clock())
        except BroadsheetError as error:
            return desk.refused(request, error)
        return desk.done(request, f"articles/{number}", _("The correction is taken back."))


def _values(form: Submission) -> dict[str, Any]:
    way = form.text("way", longest=20)
    return {
        "said": form.text("said", longest=LONGEST + 200),
        "right": form.text("right", longest=LONGEST + 200),
        "way": Way(way) if way in set(Way) else Way.REPLY,
        "mail": form.all("mail"),
        "posts": form.all("posts"),
        "mail_now": form.checked("mail_now"),
        "sure": form.checked("sure"),
    }


def _found(tx: Transaction, article: int) -> tuple[Article | None, Reach | None, str]:
    """The article, what was sent of it, and why nothing was."""
    try:
        found = reach(tx, article)
        return found.article, found, ""
    except NotFound:
        return None, None, ""
    except NothingToDo:
        return tx.articles.get(article), None, _("Nothing was sent about it.")


def _mails(tx: Transaction, found: Reach | None) -> dict[str, Mapping[str, int]]:
    """How many mails of each edition are in each state."""
    which = {each.edition.id for each in found.tellings[:TELLINGS]} if found else set()
    return {edition: balance.states for edition, balance in tx.deliveries.balances(which, mail=True).items()}


def _listed(revisions: list[tuple[datetime, Article]], told: set[int]) -> list[Revision]:
    found = []
    for place, (seen, each) in enumerate(revisions):
        older = revisions[place + 1][1] if place + 1 < len(revisions) else None
        what = _("First seen") if each.revision == 1 else _changed(older, each) if older else ""
        found.append(Revision(each.revision, seen, what, each.revision in told))
    return found


def _changed(before: Article, after: Article) -> str:
    words = (
        (before.title != after.title, _("title")),
        (before.standfirst != after.standfirst, _("standfirst")),
        (before.body != after.body, _("text")),
        (before.image != after.image or before.images != after.images, _("pictures")),
        (before.authors != after.authors, _("byline")),
        ((before.sections, before.tags) != (after.sections, after.tags), _("sections and tags")),
        (before.url != after.url, _("address")),
        (before.published != after.published, _("time of publication")),
    )
    what = listing(word for differs, word in words if differs) or _("details that readers do not see")
    return _("Changed: %(what)s") % {"what": what}


def _kinds(what: str) -> str:
    """``figures, names``, of ``numbers, names changed``."""
    return listing(_(KINDS[each]) for each in what.removesuffix(" changed").split(", ") if each in KINDS)
