"""What a new channel needs in the files: its lines and its secrets, read from the table of settings of its kind."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
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
class NewChannel:
    """``name`` is a key that no channel has yet. ``says`` is of the kind's own table, and so are ``lines``: what may be
    left out stands behind ``#``; ``more`` are those that say something without being set. ``connects``: its account can
    be signed in to. ``page`` is in the documentation, "" of a kind that is not ours.
    """

    kind: str
    name: str
    medium: str
    says: str
    lines: str
    more: str
    secrets: tuple[Secret, ...]
    connects: bool
    page: str


def new_channel(kind: str, taken: Collection[str]) -> NewChannel:
    """What somebody who adds a channel of this ``kind`` writes, beside those that have the names ``taken``.

    Raises ``NotFound``.
    """
    cls = kinds().get(kind)
    if cls is None:
        raise NotFound(Phrase("there is no kind of channels named %(name)s", name=kind))
    names = [kind, *(f"{kind}{number}" for number in range(2, len(taken) + 3))]
    name = next(each for each in names if each not in taken)
    own = {key: each for key, each in cls.Options.model_fields.items() if key not in PostTable.model_fields}
    secrets = [
        Secret(secret_variable(name, key), each.is_required(), _plain(_said(each)))
        for key, each in own.items()
        if is_secret(each.annotation)
    ]
    shown = {key: each for key, each in own.items() if not is_secret(each.annotation)}
    return NewChannel(
        kind=kind,
        name=name,
        medium=cls.medium,
        says=_plain(cls.Options.__doc__ or ""),
        lines=toml({"type": kind}, ("channels", name)) + "".join(_lines(shown, empty=True)),
        more="".join(_lines(shown, empty=False)).lstrip("\n"),
        secrets=tuple(sorted(secrets, key=lambda each: not each.needed)),
        connects=issubclass(cls, Connecting),
        page=f"docs/channels/{kind}.md" if cls.__module__.startswith("bot.channels.") else "",
    )


def _lines(fields: Mapping[str, FieldInfo], *, empty: bool) -> Iterator[str]:
    """The lines of those that have nothing to go by yet (``empty``), what is needed first, or of the others."""
    for key, each in sorted(fields.items(), key=lambda item: not item[1].is_required()):
        value = _value(each)
        if value is not None and (value in ("", [])) is empty:
            line = toml({each.alias or key: value})
            yield f"\n# {_said(each)}\n{line if each.is_required() else f'# {line}'}"


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


def _said(field: FieldInfo) -> str:
    said = " ".join((field.description or "").split())
    if get_origin(field.annotation) is Literal:
        said += f" One of: {', '.join(map(str, get_args(field.annotation)))}."
    return said


def _plain(said: str) -> str:
    return " ".join(said.replace("`", "").split())
