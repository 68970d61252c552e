"""``/audience/import``: a file becomes readers in four steps: File, Columns, Trial run, Import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from bot.audience import reader_import
from bot.audience.csv_file import clean, unguarded
from bot.errors import UsageError
from bot.model import ImportStage, ReaderImport, User
from bot.speech.catalog import N_, _, ngettext
from bot.speech.phrases import sentence, told, told_error
from bot.web.editor.access import Editor, Viewer
from bot.web.editor.audience import moment, names, numbers, total
from bot.web.editor.audience_export import as_lines
from bot.web.editor.desk import Desk, number
from bot.web.editor.download import download
from bot.web.editor.form import Submitted
from bot.web.editor.states import Shown

UPLOAD = "/audience/upload"
"""The one path of the desk that takes a large body."""
MAX_BODY = reader_import.MOST + 65_536
LEAST_EVIDENCE = 10
SHOWN = 10
"""Refused rows that the page names; all of them are in the file."""
LISTED = 50

Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]

FIELDS = {
    "email": N_("Address"),
    "name": N_("Name"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "agreed": N_("Agreed: yes or no"),
    "agreed_or_empty": N_("Agreed, where empty is yes"),
    "subscribed": N_("Date they agreed"),
    "note": N_("How this reader agreed"),
    "language": N_("Language"),
    "tags": N_("Topics"),
    "status": N_("State (subscribed, unsubscribed …)"),
}

COUNTS = (
    ("accepted", N_("New readers"), "good", "tick"),
    ("known", N_("Already readers, unchanged"), "plain", "again"),
    ("repeated", N_("Twice in the file, taken once"), "plain", "double"),
    ("left", N_("Left before, not brought back"), "warn", "dash"),
    ("suppressed", N_("Must not be mailed, not brought back"), "warn", "dash"),
    ("ended", N_("Recorded as unsubscribed"), "plain", "close"),
    ("listed", N_("Put on the list of those never mailed"), "plain", "dash"),
    ("standing", N_("On that list already"), "plain", "dash"),
    ("kept", N_("The file says they left; they came back since"), "plain", "tick"),
    ("unconfirmed", N_("Never agreed, left out"), "warn", "clock"),
    ("elsewhere", N_("Of another audience, left out"), "plain", "double"),
    ("refused", N_("Refused"), "bad", "cross"),
)
"""What becomes of rows, in the order of the page; those of the first and the last line always stand there."""
_ALWAYS = ("accepted", "known", "refused")

STAGES: dict[str, Shown] = {
    ImportStage.COLUMNS: Shown(N_("Waits for its columns"), "warn", "pencil"),
    ImportStage.TRYING: Shown(N_("Trial run"), "accent", "arrow"),
    ImportStage.TRIED: Shown(N_("Tried, waits for your yes"), "warn", "pencil"),
    ImportStage.IMPORTING: Shown(N_("Importing"), "accent", "arrow"),
    ImportStage.PAUSED: Shown(N_("Paused"), "warn", "bars"),
    ImportStage.DONE: Shown(N_("Imported"), "good", "tick"),
}


@dataclass(frozen=True, slots=True)
class Count:
    """What became of rows, and what the trial run had said; None where there is no number yet."""

    key: str
    shown: Shown
    now: int | None
    trial: int | None
    samples: tuple[str, ...]


def routes(desk: Desk, router: APIRouter) -> None:
    """The wizard, the list of imports, and the refused rows as a file."""
    store = desk.installation.store

    def upload_page(request: Request, user: User, errors: dict[str, str]) -> Response:
        return desk.page(
            request,
            user,
            "editor/import_file.html.j2",
            here="audience",
            title=_("Import readers"),
            status=422 if errors else 200,
            most=reader_import.MOST >> 20,
            errors=errors,
        )

    @router.api_route("/audience/import", methods=["GET", "HEAD"])
    def ask(request: Request, user: Editor) -> Response:
        return upload_page(request, user, {})

    @router.post(UPLOAD)
    def upload(request: Request, user: Editor, form: Submitted) -> Response:
        file = form.file("file")
        if file is None or not file.filename:
            return upload_page(request, user, {"file": _("Choose a file.")})
        try:
            made = reader_import.bring(
                store, file.filename, file.file, who=user.name_on_record, now=desk.installation.clock()
            )
        except UsageError as error:
            return upload_page(request, user, {"file": told_error(error)})
        return desk.done(request, f"audience/imports/{made.id}")

    @router.api_route("/audience/imports", methods=["GET", "HEAD"])
    def listed(request: Request, user: Viewer) -> Response:
        before = moment(request.query_params.get("before", ""))
        with store.read() as tx:
            audiences = numbers(desk, tx)
            found = tx.reader_imports.newest(LISTED + 1, before=before)
        return desk.page(
            request,
            user,
            "editor/imports.html.j2",
            here="audience",
            title=_("Imports"),
            tab="imports",
            total=total(audiences),
            names=names(desk),
            imports=found[:LISTED],
            stages=STAGES,
            more=found[LISTED - 1].at.isoformat() if len(found) > LISTED else "",
        )

    def page(
        request: Request,
        user: User,
        made: ReaderImport,
        *,
        values: dict[str, str] | None = None,
        errors: dict[str, str] | None = None,
        columns: bool = False,
    ) -> Response:
        trial = made.stage in (ImportStage.TRYING, ImportStage.TRIED)
        with store.read() as tx:
            refused = tx.reader_imports.refusals(made.id, trial=trial, limit=SHOWN)
        speed = _speed(desk, made)
        header = [(clean(unguarded(cell)).casefold(), cell) for cell in made.layout.header if cell]
        asked = columns or made.stage is ImportStage.COLUMNS
        return desk.page(
            request,
            user,
            "editor/import_columns.html.j2" if asked else "editor/import.html.j2",
            here="audience",
            title=_("Import readers"),
            status=422 if errors else 200,
            made=made,
            names=names(desk),
            stage=STAGES[made.stage],
            counts=_counts(made),
            speed=speed,
            left_words=_left(speed.left),
            begin_words=_begin(made),
            refused=[(each, told(each.reason)) for each in refused],
            trouble=told(made.error),
            fields=[(key, _(word)) for key, word in FIELDS.items()],
            header=header,
            # A column is known by small letters; a file may have two of the same, and the first is read.
            called=dict(reversed(header)),
            values=values or {},
            errors=errors or {},
        )

    @router.api_route("/audience/imports/{id}", methods=["GET", "HEAD"])
    def show(request: Request, user: Editor, id: Id) -> Response:
        made = _import(id)
        if made is None:
            return desk.missing(request)
        if request.query_params.get("was", made.stage) != made.stage and "HX-Request" in request.headers:
            # Another step: the whole page is another one.
            return Response(status_code=204, headers={"HX-Refresh": "true"})
        columns = request.query_params.get("step", "") == "columns" and made.stage is ImportStage.TRIED
        return page(request, user, made, columns=columns)

    @router.post("/audience/imports/{id}/columns")
    def choose(request: Request, user: Editor, id: Id, form: Submitted) -> Response:
        made = _import(id)
        if made is None:
            return desk.missing(request)
        consent = form.text("consent", longest=500)
        errors = {}
        if len(consent) < LEAST_EVIDENCE:
            errors["consent"] = _("Say where and how they agreed: you must be able to prove it of each of them.")
        if not errors:
            try:
                taken = reader_import.choose(
                    store,
                    made,
                    desk.installation.settings,
                    audience=form.text("audience", longest=100),
                    consent=consent,
                    columns={key: form.text(f"column-{key}", longest=200) for key in FIELDS},
                    who=user.name_on_record,
                )
            except UsageError as error:
                field = "column-email" if made.layout.origin == "" and form.text("audience") else "audience"
                errors[field] = sentence(told_error(error))
            else:
                said = "" if taken else _("Somebody else is at this import.")
                return desk.done(request, f"audience/imports/{id}", said)
        return page(request, user, made, values=form.values(), errors=errors, columns=True)

    @router.post("/audience/imports/{id}/begin")
    def begin(request: Request, user: Editor, id: Id) -> Response:
        made = _import(id)
        if made is None:
            return desk.missing(request)
        begun = reader_import.begin(store, made, who=user.name_on_record, now=desk.installation.clock())
        return desk.done(request, f"audience/imports/{id}", "" if begun else _("It is under way already, or over."))

    @router.post("/audience/imports/{id}/pause")
    def pause(request: Request, user: Editor, id: Id) -> Response:
        made = _import(id)
        if made is None:
            return desk.missing(request)
        paused = reader_import.pause(store, made, who=user.name_on_record, now=desk.installation.clock())
        said = _("Paused after the rows it is at.") if paused else _("It is not under way.")
        return desk.done(request, f"audience/imports/{id}", said)

    @router.post("/audience/imports/{id}/delete")
    def delete(request: Request, user: Editor, id: Id) -> Response:
        made = _import(id)
        if made is None:
            return desk.missing(request)
        gone = reader_import.drop(store, made, who=user.name_on_record, now=desk.installation.clock())
        if not gone:
            return desk.done(request, f"audience/imports/{id}", _("It is under way: pause it first."))
        return desk.done(request, "audience/imports", _("The file is deleted."))

    @router.api_route("/audience/imports/{id}/refused.csv", methods=["GET", "HEAD"])
    def refused(request: Request, user: Editor, id: Id) -> Response:
        made = _import(id)
        if made is None:
            return desk.missing(request)
        trial = made.stage in (ImportStage.TRYING, ImportStage.TRIED)

        def rows() -> Iterator[list[str]]:
            with store.read() as tx:
                refusals = tx.reader_imports.every_refusal(id, trial=trial)
                yield from reader_import.refused_cells(made.layout, refusals, told)

        count = int(((made.trial if trial else made.counts) or {}).get("refused", 0))
        thing, what = f"audience:{made.audience or 'all'}", "export refused rows"
        return download(
            desk, request, user, as_lines(rows()), file=f"refused-{id}.csv", what=what, thing=thing, rows=count
        )

    def _import(id: str) -> ReaderImport | None:
        with store.read() as tx:
            return tx.reader_imports.get(id)


def _counts(made: ReaderImport) -> list[Count]:
    trial, now = made.trial or {}, made.counts or {}
    tried = made.stage not in (ImportStage.COLUMNS, ImportStage.TRYING)
    samples = trial.get("samples", {})
    found = []
    for key, word, tone, icon in COUNTS:
        one, other = now.get(key, 0), trial.get(key, 0)
        if one or other or key in _ALWAYS:
            found.append(
                Count(
                    key,
                    Shown(word, tone, icon),
                    one if made.began else None,
                    other if tried else None,
                    tuple(samples.get(key, ())),
                )
            )
    return found


@dataclass(frozen=True, slots=True)
class Speed:
    """How far it is: rows of about ``whole``, rows a second and seconds left; None while it cannot be told."""

    rows: int
    whole: int
    rate: float | None = None
    left: float | None = None

    @property
    def share(self) -> float:
        return min(1.0, self.rows / self.whole) if self.whole else 1.0


def _speed(desk: Desk, made: ReaderImport) -> Speed:
    trial = made.stage in (ImportStage.COLUMNS, ImportStage.TRYING, ImportStage.TRIED)
    told = (made.trial if trial else made.counts) or {}
    rows = int(told.get("rows", 0))
    whole = max(rows, made.lines) if made.stage.at_work or made.stage is ImportStage.PAUSED else rows
    if made.stage is not ImportStage.IMPORTING or not made.began or not rows:
        return Speed(rows, whole)
    seconds = (desk.installation.clock() - made.began).total_seconds()
    if seconds < 1:
        return Speed(rows, whole)
    rate = (rows - made.from_row) / seconds
    return Speed(rows, whole, rate, (whole - rows) / rate) if rate > 0 else Speed(rows, whole)


def _left(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 90:
        return _("About %(seconds)d s left") % {"seconds": max(1, round(seconds))}
    return _("About %(minutes)d min left") % {"minutes": round(seconds / 60)}


def _begin(made: ReaderImport) -> str:
    """What the button does, in numbers."""
    count = int((made.trial or {}).get("accepted", 0))
    if not count:
        return _("Import it all the same")
    return ngettext("Import %(count)s new reader", "Import %(count)s new readers", count) % {"count": number(count)}
