"""``/audience/export``: the readers, or those who must not be mailed, as a file; on the record before the first row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from fastapi import APIRouter, Request, Response

from bot.audience.export import exported, subscriber_lines
from bot.audience.suppression_file import write_suppressions
from bot.speech.catalog import _
from bot.store import Store
from bot.web.editor.access import Approver
from bot.web.editor.audience import names
from bot.web.editor.desk import Desk
from bot.web.editor.download import download
from bot.web.editor.form import Submitted
from bot.web.editor.reader_states import STATES

_AT_ONCE = 200


def routes(desk: Desk, router: APIRouter) -> None:
    """A page that asks what is to be in the file, and the file. Addresses leave the house: not for everybody."""
    store = desk.installation.store

    @router.api_route("/audience/export", methods=["GET", "HEAD"])
    def ask(request: Request, user: Approver) -> Response:
        return desk.page(
            request,
            user,
            "editor/audience_export.html.j2",
            here="audience",
            title=_("Export readers"),
            names=names(desk),
            states=[(key, _(word)) for key, word in STATES],
        )

    @router.post("/audience/export")
    def export(request: Request, user: Approver, form: Submitted) -> Response:
        what = "suppressions" if form.text("what", longest=20) == "suppressions" else "subscribers"
        audience, state = form.text("audience", longest=100), form.text("state", longest=20)
        if (audience and audience not in names(desk)) or state not in dict(STATES):
            return desk.missing(request)
        suppressions, of = what == "suppressions", audience or "all"
        with store.read() as tx:
            rows = tx.suppressions.size(audience or None) if suppressions else tx.subscribers.size(audience, state)
        return download(
            desk,
            request,
            user,
            _suppressions(store, audience) if suppressions else _subscribers(store, audience, state),
            file=f"{what}-{of}-{desk.installation.clock():%Y-%m-%d}.csv",
            what=f"export {what}",
            thing=f"audience:{of}",
            rows=rows,
        )


def _subscribers(store: Store, audience: str, state: str) -> Iterator[str]:
    with store.read() as tx:
        yield from subscriber_lines(exported(tx, audience, state))


def _suppressions(store: Store, audience: str) -> Iterator[str]:
    with store.read() as tx:
        stream, fingerprint = StringIO(newline=""), tx.hashed.fingerprint
        write_suppressions([], stream, fingerprint)
        yield stream.getvalue()
        rows = tx.suppressions.every(audience or None)
        while some := [row for _place, row in zip(range(_AT_ONCE), rows, strict=False)]:
            part = StringIO(newline="")
            write_suppressions(some, part, fingerprint)
            # Each part begins with the header again.
            yield "".join(part.getvalue().splitlines(keepends=True)[1:])


def as_lines(rows: Iterator[list[str]]) -> Iterator[str]:
    """Cells as CSV, some rows at a time."""
    stream = StringIO(newline="")
    writer = csv.writer(stream)
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % _AT_ONCE == 0:
            yield stream.getvalue()
            stream.seek(0)
            stream.truncate()
    yield stream.getvalue()
