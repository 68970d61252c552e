"""A schedule's page: a form that reads as sentences, and beside it what it would pick now and why not the others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from starlette.datastructures import FormData

from bot.errors import ChangedMeanwhile, SettingsError
from bot.model import Role, User
from bot.schedules.declaring import declare
from bot.schedules.installation import Installation
from bot.schedules.picking import NEW, Picker, Picking, trying
from bot.speech.catalog import _
from bot.speech.phrases import told, told_error
from bot.store.schedules import Past
from bot.web.editor import schedule_words as words
from bot.web.editor.desk import Desk
from bot.web.editor.form import Submission
from bot.web.editor.schedule_choices import blank, choices, copied, of_file
from bot.web.editor.schedule_form import TIMES, ScheduleForm, form_of, read, table_of
from bot.web.editor.schedule_slots import NextSlot, coming, next_slots

_SENT = "form"
"""The hidden field by which a GET with a form's fields is known: what it shows is not saved."""
_LOOK = "look"
"""Asks for what would be picked now. The page itself does not wait for it."""
_PLACES = {
    "selection.window": "hours",
    "prepare_before": "prepare",
    "on_publish": "rhythm",
    "": "rhythm",
}
"""The form's field for a setting that has another name there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A schedule as it stands in the form: ``saved`` is its table, ``content`` what the form makes of it.

    ``problem``: why it cannot be tried as it is; ``errors`` says so by field. ``version``: that of the saved one, 0
    for a new one.
    """

    key: str
    saved: Mapping[str, Any]
    form: ScheduleForm
    content: Mapping[str, Any]
    version: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def problem(self) -> str:
        return next(iter(self.errors.values()), "")


class _Said(dict[str, str]):
    """What is wrong, by field; "" where nothing is."""

    def __missing__(self, key: str) -> str:
        return ""


class SchedulePage:
    """Shows, tries and saves one schedule."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._picker = Picker()

    def show(self, request: Request, user: User, key: str) -> Response:
        """The form, or the text for who may not write it; with a form's fields in the query, those and what they do."""
        installation = self._desk.installation.current()
        table = installation.settings.schedules.get(key)
        if table is None:
            return self._desk.missing(request)
        declared = installation.settings.declared.get(f"schedules.{key}")
        if declared is None or not user.role.may(Role.EDITOR):
            saved = declared.content if declared else of_file(installation, key)
            return self._text(request, user, installation, key, saved)
        written = _written(key, declared.content, declared.version, _in_query(request))
        return self._page(request, user, installation, written)

    def new(self, request: Request, user: User) -> Response:
        """An empty form, or one with what is copied from the schedule ``from``."""
        installation = self._desk.installation.current()
        saved = copied(installation, request.query_params.get("from", "")) or blank(installation)
        return self._page(request, user, installation, _written(NEW, saved, 0, _in_query(request)))

    def create(self, request: Request, user: User, sent: Submission) -> Response:
        """A new schedule, by a key that is made of its name."""
        installation = self._desk.installation
        written = _written(NEW, {}, 0, sent)
        if not written.errors:
            key = self._free_key(written.form.name)
            return self._save(request, user, replace(written, key=key), new=True)
        return self._page(request, user, installation.current(), written, status=422)

    def save(self, request: Request, user: User, key: str, sent: Submission) -> Response:
        """What the form says takes the place of what was saved."""
        declared = self._desk.installation.settings.declared.get(f"schedules.{key}")
        if declared is None:
            return self._desk.missing(request)
        version = sent.number("version")
        written = _written(key, declared.content, declared.version if version is None else version, sent)
        if written.errors:
            return self._page(request, user, self._desk.installation.current(), written, status=422)
        return self._save(request, user, written)

    def _save(self, request: Request, user: User, written: Written, *, new: bool = False) -> Response:
        installation, key = self._desk.installation, written.key
        if _unseen(written.content) and (new or not _unseen(written.saved)) and not user.role.may(Role.APPROVER):
            said = _("Editions that go out without a yes are for an approver to make.")
            # It stands at what was chosen: that nobody is asked, or that nobody's answer is waited for.
            at = "if_unapproved" if written.content.get("approval") else "approval"
            shown = replace(written, key=NEW if new else key, errors={at: said})
            return self._page(request, user, installation.current(), shown, status=422)
        try:
            declare(
                installation,
                "schedules",
                key,
                written.content,
                who=user.name_on_record,
                now=installation.clock(),
                version=written.version,
            )
        except SettingsError as error:
            shown = replace(written, key=NEW if new else key, errors=_errors(key, error))
            return self._page(request, user, installation.current(), shown, status=422)
        except ChangedMeanwhile:
            return self._again(request, user, written)
        said = _("The schedule is made.") if new else _("Schedule saved.")
        with installation.store.read() as tx:
            then = coming(tx, installation.current(), key, installation.clock())
        if then:
            said = f"{said} {then.said(self._desk.times)}"
        return self._desk.done(request, f"schedules/{quote(key, safe='')}", said)

    def _again(self, request: Request, user: User, written: Written) -> Response:
        """Somebody else was faster: theirs is what is saved now, and the form shows what would change of that."""
        installation = self._desk.installation.current()
        theirs = installation.settings.declared.get(f"schedules.{written.key}")
        if theirs is None:
            return self._desk.missing(request)
        shown = replace(written, saved=theirs.content, version=theirs.version)
        return self._page(request, user, installation, shown, status=409, theirs=theirs)

    def _page(
        self,
        request: Request,
        user: User,
        installation: Installation,
        written: Written,
        *,
        status: int = 200,
        **values: Any,
    ) -> Response:
        now, key = installation.clock(), written.key
        errors = dict(written.errors)
        picking, slots, untried = None, [], ""
        try:
            # What it would pick does not wait for a name.
            tried = trying(installation, key, {**written.content, "name": written.form.name or "…"}, now)
        except SettingsError as error:
            found = _errors(key, error)
            errors = errors or found
            untried = next((each for at, each in errors.items() if at != "name"), next(iter(found.values())))
        else:
            slots = next_slots(tried, key, self._desk.times)
            if _asked(request):
                # While somebody types one look into the store serves for a while.
                fresh, before = "HX-Request" not in request.headers, _before(installation, written, now)
                picking = self._picker.pick(tried, key, now, before=before, fresh=fresh)
        changes = words.changed(written.saved, written.content) if key != NEW else []
        shown = replace(written, errors=errors if status != 200 else {})
        return self._desk.page(
            request,
            user,
            "editor/schedule.html.j2",
            here="schedules",
            status=status,
            written=shown,
            form=written.form,
            errors=_Said(shown.errors),
            problem=next(iter(errors.values()), ""),
            untried=untried,
            changes=changes,
            new=key == NEW,
            choices=choices(installation, written.form),
            **self._around(installation, key, picking, slots),
            **values,
        )

    def _text(
        self, request: Request, user: User, installation: Installation, key: str, saved: Mapping[str, Any]
    ) -> Response:
        now, form = installation.clock(), form_of(saved)
        picking = self._picker.pick(installation, key, now) if _asked(request) else None
        return self._desk.page(
            request,
            user,
            "editor/schedule_text.html.j2",
            here="schedules",
            form=form,
            said=words.when(form, _place(installation, key)),
            rest=words.changed({}, {name: each for name, each in saved.items() if name not in _TOLD}),
            may_copy=user.role.may(Role.EDITOR),
            **self._around(installation, key, picking, next_slots(installation, key, self._desk.times)),
        )

    def _around(
        self, installation: Installation, key: str, picking: Picking | None, slots: list[NextSlot]
    ) -> dict[str, Any]:
        """What both pages show beside the schedule."""
        table = installation.settings.schedules.get(key)
        with installation.store.read() as tx:
            past = tx.schedules.past().get(key, Past())
            then = coming(tx, installation, key, installation.clock()) if table else None
        return {
            "key": key,
            "path": quote(key, safe=""),
            "table": table,
            "origin": installation.settings.origin("schedules", key) if table else None,
            "past": past,
            "coming": then,
            "picking": picking,
            "slots": slots,
            "place": _place(installation, key),
            "left_out": words.left_out,
            "day_names": words.day_names(),
        }

    def _free_key(self, name: str) -> str:
        """A key that no schedule has, or had: what was sent keeps it for ever."""
        installation = self._desk.installation
        with installation.store.read() as tx:
            taken = {*tx.schedules.past(), *(each.key for each in tx.declarations.all())}
        taken |= {*installation.settings.schedules, "new", NEW}
        plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
        key = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "schedule"
        return next(each for each in (key, *(f"{key}-{number}" for number in range(2, 1000))) if each not in taken)


_TOLD = ("name", "cron", "times", "days", "on_publish")


def _written(key: str, saved: Mapping[str, Any], version: int, sent: Submission | None) -> Written:
    if sent is None:
        form = form_of(saved)
        # A copy, or a new one, has its name to be found yet: it is saved as it stands only when it is whole.
        return Written(key=key, saved=saved, form=form, content=saved, version=version)
    form = read(sent)
    errors = {}
    if not form.name:
        errors["name"] = _("Give it a name: readers see it.")
    if form.rhythm == TIMES and not form.days:
        errors["days"] = _("Choose at least one day.")
    elif form.rhythm == TIMES and not form.times:
        errors["times"] = _("Write at what time it goes out, such as 07:00.")
    if not form.channels:
        errors["channels"] = _("Choose where it goes.")
    return Written(key=key, saved=saved, form=form, content=table_of(form, saved), version=version, errors=errors)


def _unseen(table: Mapping[str, Any]) -> bool:
    """Whether its editions go out although nobody said yes."""
    return not table.get("approval") or table.get("if_unapproved") == "send"


def _errors(key: str, error: SettingsError) -> dict[str, str]:
    """By the form's field."""
    path = error.key.removeprefix(f"schedules.{key}").strip(".")
    name = _PLACES.get(path, path.removeprefix("selection.").partition(".")[0])
    return {name: told(error.said) or told_error(error)}


def _in_query(request: Request) -> Submission | None:
    query = request.query_params
    return Submission(FormData([*query.multi_items()])) if _SENT in query else None


def _asked(request: Request) -> bool:
    return request.method != "POST" and (_SENT in request.query_params or _LOOK in request.query_params)


def _before(installation: Installation, written: Written, now: datetime) -> Installation | None:
    """The installation with what is saved, where the form says something else."""
    if written.content == written.saved or written.key not in installation.settings.schedules:
        return None
    try:
        return trying(installation, written.key, dict(written.saved), now)
    except SettingsError:
        return None


def _place(installation: Installation, key: str) -> str:
    """``London`` of ``Europe/London``."""
    table = installation.settings.schedules.get(key)
    zone = (table.timezone if table else "") or installation.newsroom.timezone
    return zone.rpartition("/")[2].replace("_", " ")
