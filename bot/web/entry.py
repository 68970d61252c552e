"""How a browser comes in while nobody has an account: on this machine, by the address that holds the desk's key.

That a request seems to be of this machine is not enough: behind a proxy that adds no header all requests do.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from bot.accounts import desk_key
from bot.clock import Clock
from bot.tokens import KeyRing
from bot.web.security import SAFE, Stranger, stranger
from bot.web.site import base


class Admitted(Exception):
    """The address held the key: the browser is to keep it, and to go on under the address without it."""


class Keyless(Exception):
    """A browser on this machine came without the key; ``late``: with one that opens nothing, or no more."""

    def __init__(self, *, late: bool) -> None:
        super().__init__("the desk was asked for without its key")
        self.late = late


# Told apart by themselves: FastAPI keeps dependencies by their hash, and a ring of keys has none.
@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """The way in by the key of ``keys``."""

    keys: KeyRing
    clock: Clock

    def __call__(self, request: Request) -> None:
        """A router's dependency. Raises ``Stranger``, ``Admitted``, ``Keyless``."""
        why = stranger(request)
        if why:
            raise Stranger(why)
        now = self.clock()
        given = request.query_params.get(desk_key.PARAMETER, "")
        if given and request.method in SAFE and desk_key.opens(self.keys, given, now):
            raise Admitted
        if not desk_key.known(self.keys, request.cookies.get(desk_key.cookie(self.keys), ""), now):
            raise Keyless(late=bool(given))

    def admit(self, request: Request) -> Response:
        """To the page that was asked for; the key leaves the address, and with it the browser's history."""
        rest = [each for each in request.query_params.multi_items() if each[0] != desk_key.PARAMETER]
        where = base(request) + quote(request.scope["path"].lstrip("/"))
        answer = RedirectResponse(f"{where}?{urlencode(rest)}" if rest else where, status_code=303)
        answer.set_cookie(
            desk_key.cookie(self.keys),
            desk_key.token(self.keys, self.clock()),
            max_age=int(desk_key.KEPT_FOR.total_seconds()),
            path="/",
            httponly=True,
            # Not strict: the links of our own mails must still lead to the desk.
            samesite="lax",
        )
        return answer
