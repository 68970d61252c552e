"""``/newsroom``: whose Broadsheet it is, and whether all is paused; ``/templates``: what editions are made by."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from bot.editions import lifecycle
from bot.editions.template_list import TemplateKind, templates
from bot.model import Role, Scope
from bot.store.flags import PAUSED
from bot.web.api.v1.api import Api, Done, Said, Shown
from bot.web.api.v1.caller import Approving, Reading
from bot.web.api.v1.page import Page, whole


class Newsroom(Shown):
    """What the settings say of it. ``held``: why nothing may go out from this store, "" when it may."""

    name: str
    url: str
    language: str
    timezone: str
    address: str
    corrections_to: str
    privacy_url: str
    public_url: str
    paused: bool
    held: str


class Me(BaseModel):
    """Whose the token is, what it may, and how long it is good.

    ``role`` is what calls with this token may do: the smaller of its ``scope`` and of ``user_role``, which is the
    person's own, on the desk.
    """

    user: int
    name: str
    role: Role
    user_role: Role
    token: str
    scope: Scope
    ends: datetime


class Template(Shown):
    """``own``: it is a file of the newsroom's; ``shadows``: in the place of one that comes with Broadsheet."""

    kind: TemplateKind
    name: str
    own: bool
    shadows: bool


def routes(api: Api) -> None:
    """Adds them."""
    router = api.router

    @router.get("/newsroom", tags=["newsroom"])
    def newsroom(caller: Reading) -> Newsroom:
        """The newsroom, as its settings say."""
        made = api.installation.newsroom
        with api.store.read() as tx:
            paused, held = bool(tx.flags.get(PAUSED)), tx.flags.held()
        fields = {name: getattr(made, name) for name in Newsroom.model_fields if hasattr(made, name)}
        return Newsroom(**fields, paused=paused, held=held)

    @router.get("/me", tags=["newsroom"])
    def me(caller: Reading) -> Me:
        """Whose token this is, and what it may."""
        user, token = caller.user, caller.token
        with api.store.read() as tx:
            whole = tx.users.get(user.id)
        return Me(
            user=user.id,
            name=user.name,
            role=user.role,
            user_role=whole.role if whole else user.role,
            token=token.name,
            scope=token.scope,
            ends=token.ends,
        )

    @router.post("/newsroom/pause", tags=["newsroom"])
    def pause(caller: Approving, said: Said | None = None) -> Done:
        """Pauses everything that is being sent, and lets nothing begin, until it is resumed."""
        note = said.note if said else ""
        return Done(changed=len(lifecycle.pause_all(api.store, **api.by(caller), note=note)))

    @router.post("/newsroom/resume", tags=["newsroom"])
    def resume(caller: Approving, said: Said | None = None) -> Done:
        """Lets everything go on that was paused with it."""
        note = said.note if said else ""
        return Done(changed=len(lifecycle.resume_all(api.store, **api.by(caller), note=note)))

    @router.get("/templates", tags=["templates"])
    def list_templates(caller: Reading) -> Page[Template]:
        """All templates; they stay files."""
        found = templates(api.installation.settings.template_folders())
        return whole([Template.model_validate(each) for each in found])
