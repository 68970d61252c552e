"""What a new channel needs in the files: its lines and its secrets, read from the table of settings of its kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.channels.base import kinds
from bot.channels.credentials import Connecting
from bot.errors import NotFound
from bot.model import Phrase
from bot.settings import PostTable, duration_text, is_secret, secret_variable
from bot.settings.toml import toml


@dataclass(frozen=True, slots=True)
class Secret:
    """One for ``.env``: the name of its variable, whether nothing goes without it, and what it is."""

    variable: str
    needed: bool
    says: str


@dataclass(frozen=True, slots=True)
class Line:
    """One of the table: what it is, for a comment of one line, and how it stands there, as TOML."""

    says: str
    code: str


@dataclass(frozen=True, slots=True)
class NewChannel:
    """``name`` is a key that no channel has yet. ``says`` is of the kind's own table, and so are ``lines``, which stand
    below ``head``: what may be left out stands behind ``#``; ``more`` are those that say something without being set.
    Code within what is said is in backticks. ``connects``: its account can be signed in to. ``ours``: the kind is
    Broadsheet's own, no other package's; then ``page`` is where the documentation tells of it, else "".
    """

    kind: str
    name: str
    medium: str
    says: str
    head: str
    lines: tuple[Line, ...]
    more: tuple[Line, ...]
    secrets: tuple[Secret, ...]
    connects: bool
    ours: bool
    page: str


Say = Callable[[str], str]
"""Puts a text of ours into another language."""


def new_channel(kind: str, taken: Collection[str], say: Say = str) -> NewChannel:
    """What somebody who adds a channel of this ``kind`` writes, beside those that have the names ``taken``.

    What our kinds say of themselves is said by ``say``; what those of other packages say stays as it is. Raises
    ``NotFound``.
    """
    cls = kinds().get(kind)
    if cls is None:
        raise NotFound(Phrase("there is no kind of channels named %(name)s", name=kind))
    names = [kind, *(f"{kind}{number}" for number in range(2, len(taken) + 3))]
    name = next(each for each in names if each not in taken)
    ours = cls.__module__.startswith("bot.channels.")
    if not ours:
        say = str
    own = {key: each for key, each in cls.Options.model_fields.items() if key not in PostTable.model_fields}
    secrets = [
        Secret(secret_variable(name, key), each.is_required(), _said(each, say))
        for key, each in own.items()
        if is_secret(each.annotation)
    ]
    shown = {key: each for key, each in own.items() if not is_secret(each.annotation)}
    return NewChannel(
        kind=kind,
        name=name,
        medium=cls.medium,
        says=_line((cls.Options.__doc__ or "").replace("``", "`"), say),
        head=toml({"type": kind}, ("channels", name)),
        lines=tuple(_lines(shown, say, empty=True)),
        more=tuple(_lines(shown, say, empty=False)),
        secrets=tuple(sorted(secrets, key=lambda each: not each.needed)),
        connects=issubclass(cls, Connecting),
        ours=ours,
        page=f"docs/channels/{kind}.md" if ours else "",
    )


def _lines(fields: Mapping[str, FieldInfo], say: Say, *, empty: bool) -> Iterator[Line]:
    """The lines of those that have nothing to go by yet (``empty``), what is needed first, or of the others."""
    for key, each in sorted(fields.items(), key=lambda item: not item[1].is_required()):
        value = _value(each)
        if value is not None and (value in ("", [])) is empty:
            code = toml({each.alias or key: value}).rstrip("\n")
            yield Line(_said(each, say), code if each.is_required() else "# " + code.replace("\n", "\n# "))


def _value(field: FieldInfo) -> Any:
    """What stands in the line: its default, or an empty place; None for what is a table of its own."""
    if _table(field.annotation):
        return None
    value = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, tuple | list):
        return [str(each) for each in value]
    return value if isinstance(value, bool | int | float | str) else ""


def _table(annotation: Any) -> bool:
    if get_origin(annotation) is dict:
        return True
    if isinstance(annotation, type):
        return issubclass(annotation, BaseModel)
    return any(_table(each) for each in get_args(annotation) if each is not type(None))


def _said(field: FieldInfo, say: Say) -> str:
    said = _line(field.description or "", say)
    if get_origin(field.annotation) is not Literal:
        return said
    choices = say(", ").join(f"`{each}`" for each in get_args(field.annotation))
    return say("%(what)s One of: %(choices)s.") % {"what": said, "choices": choices}


def _line(said: str, say: Say) -> str:
    """What a table says, in one line: it is known by its English in one line, too."""
    whole = " ".join(said.split())
    # A catalog's word for nothing is its head.
    return " ".join(say(whole).split()) if whole else ""
