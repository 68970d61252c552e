"""Who calls: the token of a user, and no more than both may. Each route takes one of the five below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from bot.accounts.api_tokens import caller_of
from bot.model import ApiToken, Scope, User
from bot.schedules.installation import Installation
from bot.web.api.v1.fault import Refused

_BEARER = 'Bearer realm="Broadsheet"'


@dataclass(frozen=True, slots=True)
class Caller:
    """``user`` has no larger role than the token's scope has."""

    user: User
    token: ApiToken

    @property
    def who(self) -> str:
        """Whose act it is on record: the user's, whichever token they use. Else they could approve what they wrote."""
        return self.user.name_on_record


@dataclass(frozen=True, slots=True)
class Needs:
    """A route's dependency: the caller, who may what ``scope`` may.

    ``changes``: the call changes something, and is on record with the token. ``takes`` is the type of its body.
    """

    scope: Scope
    changes: bool = True
    takes: str = "application/json"

    async def __call__(self, request: Request) -> Caller:
        found = getattr(request.state, "caller", None)
        assert isinstance(found, Caller)
        return found


Reading = Annotated[Caller, Depends(Needs(Scope.READ, changes=False))]
Looking = Annotated[Caller, Depends(Needs(Scope.WRITE, changes=False))]
"""Who may edit, and only looks now."""
Writing = Annotated[Caller, Depends(Needs(Scope.WRITE))]
Approving = Annotated[Caller, Depends(Needs(Scope.APPROVE))]
Administering = Annotated[Caller, Depends(Needs(Scope.ADMIN))]


def identified(installation: Installation, request: Request, needed: Scope) -> Caller:
    """Who calls. Raises ``Refused`` (401, 403) and ``StoreError``. A cookie is nobody."""
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(
            401,
            "Send a token: Authorization: Bearer bst_… (Settings, API tokens).",
            headers={"WWW-Authenticate": _BEARER},
        )
    found = caller_of(installation.store, token.strip(), installation.clock())
    if found is None:
        # The same for one that is unknown, over and revoked: nobody learns which ones there were.
        headers = {"WWW-Authenticate": f'{_BEARER}, error="invalid_token"'}
        raise Refused(401, "This token opens nothing, or no more.", headers=headers)
    kept, user = found
    if not user.role.may(needed.role):
        small = f"This token's scope is {kept.scope}" if not kept.scope.role.may(needed.role) else "Its user may less"
        headers = {"WWW-Authenticate": f'{_BEARER}, error="insufficient_scope", scope="{needed}"'}
        raise Refused(403, f"{small}; this needs {needed} or more.", headers=headers)
    return Caller(user, kept)
