"""What a form sent, read without trust."""

from __future__ import annotations

from fastapi import Request
from starlette.exceptions import HTTPException


async def form_fields(request: Request) -> dict[str, str]:
    """The text fields of a urlencoded or multipart body; a body that is neither, or broken, has none."""
    try:
        async with request.form(max_files=4, max_fields=20) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    except HTTPException:
        return {}
