"""A file with readers' addresses that leaves the desk: on the record, before its first row, with who took how many."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.responses import StreamingResponse

from bot.model import Act, User, plural
from bot.web.editor.desk import Desk


def download(
    desk: Desk, request: Request, user: User, lines: Iterator[str], *, file: str, what: str, thing: str, rows: int
) -> StreamingResponse:
    """``lines`` as the CSV ``file``; the act is ``what`` of ``thing``. Also one that is broken off has taken some."""
    # Who asks for its headers alone gets no row.
    if request.method != "HEAD":
        note = plural(rows, "%(count)s row, to a browser", "%(count)s rows, to a browser")
        with desk.installation.store.write() as tx:
            tx.acts.add(Act(at=desk.installation.clock(), who=user.name_on_record, what=what, thing=thing, note=note))
    headers = {"Content-Disposition": f'attachment; filename="{file}"', "Cache-Control": "no-store"}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
