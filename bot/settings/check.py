"""Turns a raw table into a checked one, or says in one line what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from bot.errors import SettingsError
from bot.model import Phrase, plural

Model = TypeVar("Model", bound=BaseModel)


def checked(
    model: type[Model], table: Mapping[str, Any], *, file: str, at: str = "", root: Path | None = None
) -> Model:
    """``table`` as ``model``; relative paths in it start at ``root``.

    Raises ``SettingsError`` naming file, key, what is allowed and the nearest name.
    """
    try:
        return model.model_validate(dict(table), context={"root": root})
    except ValidationError as error:
        raise wrong(file, *_sentence(error, model, at)) from error


def wrong(file: str, key: str, said: str) -> SettingsError:
    """The error that the setting ``key`` of ``file`` is wrong, as ``said``."""
    return SettingsError(f"{file}: {key}: {said}", key=key, said=said)


def with_secrets(
    model: type[Model], table: Mapping[str, Any], *, file: str, at: str, name: str, environment: Mapping[str, str]
) -> dict[str, Any]:
    """``table`` with ``model``'s secret fields filled from the environment.

    The secret ``password`` of channel ``mail`` is ``BROADSHEET_MAIL_PASSWORD``. A secret that stands in the file
    itself is refused, without repeating it.
    """
    filled = dict(table)
    for field, info in model.model_fields.items():
        inner = _table(model, [field])
        given = table.get(field)
        if (
            inner is not model
            and isinstance(given, Mapping)
            and all(isinstance(each, Mapping) for each in given.values())
        ):
            # Tables of their own, as of several servers: the secret is named after the channel and the table.
            filled[field] = {
                key: with_secrets(
                    inner, each, file=file, at=f"{at}.{field}.{key}", name=f"{name}_{key}", environment=environment
                )
                for key, each in given.items()
            }
        if not is_secret(info.annotation):
            continue
        variable = secret_variable(name, field)
        if field in table:
            said = f"a secret never stands in this file; put {variable}=… into .env beside it and delete this line"
            raise wrong(file, f"{at}.{field}", said)
        if environment.get(variable):
            filled[field] = environment[variable]
        elif info.is_required():
            raise wrong(file, at, f"its secret is missing; put {variable}=… into .env beside it")
    return filled


def secret_variable(name: str, field: str) -> str:
    """The environment variable that holds the secret ``field`` of the channel or source ``name``."""
    return f"BROADSHEET_{name}_{field}".upper().replace("-", "_").replace(".", "_")


def is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


def nearest(word: str, known: Mapping[str, Any] | list[str]) -> str:
    """`` (did you mean "cron"?)``, or "" when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return Phrase(' (did you mean "%(word)s"?)', word=near[0]) if near else ""


def _sentence(error: ValidationError, model: type[BaseModel], at: str) -> tuple[str, str]:
    """The key that is wrong, and what is wrong with it."""
    first = error.errors(include_url=False)[0]
    place = [part for part in first["loc"] if part != "function-before"]
    key = ".".join([*([at] if at else []), *(str(part) for part in place)])
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden":
        allowed = _allowed(model, place[:-1])
        return key, f"unknown key{nearest(str(place[-1]), allowed)}; allowed here: {', '.join(allowed)}"
    if kind == "missing":
        return key, "is missing and has no default"
    reason = _reason(kind, context)
    if isinstance(first["input"], Mapping) or (place and _is_secret_key(model, place)):
        # What was given may be the secret itself, or hold one.
        return key, reason or str(first["msg"])
    given = _shown(first["input"])
    if kind == "literal_error":
        return key, Phrase("allowed is %(expected)s, not %(given)s", expected=str(context["expected"]), given=given)
    return key, Phrase("%(what)s, not %(given)s", what=reason or str(first["msg"]), given=given)


def _reason(kind: str, context: Mapping[str, Any]) -> Phrase | None:
    """Why a value is refused: ours as it was said, and of pydantic's those that a form of the desk can call forth.

    Their English is pydantic's (https://docs.pydantic.dev/latest/errors/validation_errors/, checked 2026-11-29).
    """
    said = context.get("reason")
    if isinstance(said, Phrase):
        return said
    match kind:
        case "greater_than_equal":
            return Phrase("Input should be greater than or equal to %(bound)s", bound=str(context["ge"]))
        case "less_than_equal":
            return Phrase("Input should be less than or equal to %(bound)s", bound=str(context["le"]))
        case "greater_than":
            return Phrase("Input should be greater than %(bound)s", bound=str(context["gt"]))
        case "less_than":
            return Phrase("Input should be less than %(bound)s", bound=str(context["lt"]))
        case "string_too_long":
            return plural(
                context["max_length"],
                "String should have at most %(count)s character",
                "String should have at most %(count)s characters",
            )
        case "string_too_short":
            return plural(
                context["min_length"],
                "String should have at least %(count)s character",
                "String should have at least %(count)s characters",
            )
        case "int_type":
            return Phrase("Input should be a valid integer")
        case "string_type":
            return Phrase("Input should be a valid string")
    return None


def _is_secret_key(model: type[BaseModel], place: list[Any]) -> bool:
    info = _table(model, place[:-1]).model_fields.get(str(place[-1]))
    return info is not None and is_secret(info.annotation)


def _shown(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        # Tables may hold secrets.
        return "a list of tables"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _allowed(model: type[BaseModel], path: list[Any]) -> list[str]:
    table = _table(model, path)
    return sorted(info.alias or name for name, info in table.model_fields.items() if not is_secret(info.annotation))


def _table(model: type[BaseModel], path: list[Any]) -> type[BaseModel]:
    """The table that ``path`` leads to, as far as it leads to one."""
    current = model
    for part in path:
        info = current.model_fields.get(str(part))
        inner = [info.annotation, *get_args(info.annotation)] if info else []
        current = next((kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)), current)
    return current
