"""Roles and scopes as the desk says them."""

from __future__ import annotations

from bot.model import Role, Scope
from bot.speech.catalog import N_, _

_ROLES = {
    Role.VIEWER: (N_("Viewer"), N_("sees everything, changes nothing")),
    Role.EDITOR: (N_("Editor"), N_("edits editions, schedules and sources")),
    Role.APPROVER: (N_("Approver"), N_("also approves, sends, pauses and cancels")),
    Role.ADMIN: (N_("Admin"), N_("also looks after people, settings and the brand")),
}
_SCOPES = {
    Scope.READ: N_("Read"),
    Scope.WRITE: N_("Read and edit"),
    Scope.APPROVE: N_("Read, edit, approve and send"),
    Scope.ADMIN: N_("Everything"),
}


def role_word(role: Role) -> str:
    """``Approver``, in the language of this request."""
    return _(_ROLES[role][0])


def role_may(role: Role) -> str:
    """What the role may, as the end of a sentence."""
    return _(_ROLES[role][1])


def role_options() -> list[tuple[str, str]]:
    """For a select: the role, and its word. What it may stands beside: a phone cuts an option off."""
    return [(each, role_word(each)) for each in Role]


def scope_word(scope: Scope) -> str:
    return _(_SCOPES[scope])


def scope_options(role: Role) -> list[tuple[str, str]]:
    """For a select: the scopes that somebody of ``role`` may give away."""
    return [(each, scope_word(each)) for each in Scope if role.may(each.role)]
