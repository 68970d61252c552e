"""Subject line and preheader: the schedule's own one-line templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.editions.environment import MailEnvironment, clean, faults_named, one_line
from bot.errors import RenderError
from bot.model import Phrase

LONGEST = 200
"""Characters; inboxes show about 60."""


def render_line(template: str, context: Mapping[str, Any], *, key: str) -> str:
    """``template`` in one line, without control characters, cut at a word when longer than ``LONGEST``.

    ``key`` names the setting in errors. Raises ``RenderError``.
    """
    environment = MailEnvironment((), clean)
    with faults_named(key):
        line = one_line(environment.from_string(template).render(context).replace("\u00a0", " "))
    if len(line) > LONGEST:
        head, _, _ = line[: LONGEST + 1].rpartition(" ")
        line = (head or line[:LONGEST]).rstrip(" ,;:–—-·")
    return line


def render_subject(template: str, context: Mapping[str, Any]) -> str:
    """The subject line, never empty. Raises ``RenderError``."""
    subject = render_line(template, context, key="the schedule's subject")
    if not subject:
        raise RenderError(
            Phrase("the schedule's subject comes out empty; let it name something, e.g. {{ lead.title }}")
        )
    return subject
