"""Pages of the desk for who is not known yet: no rail, one question."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response

from bot.speech import catalog
from bot.web.editor.desk import Desk
from bot.web.headers import DESK_POLICY


def door(
    desk: Desk, request: Request, template: str, *, status: int = 200, language: str = "", **values: Any
) -> Response:
    """``template`` in ``language``, else in the browser's where the desk speaks it, else in the newsroom's."""
    wishes = (language, request.headers.get("accept-language", ""), desk.installation.newsroom.language)
    catalog.speak(catalog.preferred(*wishes))
    return desk.site.page(
        request,
        template,
        status=status,
        headers={"Content-Security-Policy": DESK_POLICY},
        language=catalog.spoken(),
        direction=catalog.direction(),
        times=desk.times,
        **values,
    )
