"""``docs/configuration.md``, written from the tables of settings themselves: ``python -m bot.schedules.reference``."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bot.channels import base as channels
from bot.settings import Rate, SettingsTables, duration_text, is_secret
from bot.sources import base as sources

HEAD = """# Configuration

<!-- Written by `make docs` from the program's own tables; change the descriptions there. -->

Everything an editor decides stands in `config/broadsheet.toml`; everything secret stands in `config/.env` beside it.
An unknown key, a wrong type, a missing template or secret is an error that names the file, the key and what is allowed.
`broadsheet check` looks at all of it for real.

A duration is a number with a unit: `90s`, `30m`, `3h`, `2d`, `1w`.

## Secrets and the environment

| variable | what it is |
| --- | --- |
| `BROADSHEET_SECRET_KEYS` | The keys that sign the links in mails, `ID:KEY,ID:KEY`, the current one first. \
`broadsheet init` writes one. Keep old ones at the end: links already sent need them. |
| `BROADSHEET_NAME_FIELD` | A secret of the channel or source NAME, e.g. `BROADSHEET_MAIL_PASSWORD`. |
| `BROADSHEET_LLM_KEY` | The key of the language model's endpoint, if it wants one. |
| `BROADSHEET_…_FILE` | The same, read from the file it names (systemd credentials, Docker secrets). |
| `DATABASE_URL` | Wins over `store.url`. |
| `BROADSHEET_CONFIG` | The folder of the configuration, in place of `--config`. |
| `BROADSHEET_DEBUG` | `1`: a fault in the program shows where it is. |
"""


def configuration_page() -> str:
    """The whole page, in Markdown."""
    parts = [HEAD]
    for name, info in SettingsTables.model_fields.items():
        model = _model(info.annotation)
        if name == "sources":
            parts.append(_kinds("sources", "Where articles come from. The key is the source's name.", sources.kinds()))
        elif name == "channels":
            parts.append(_kinds("channels", "Where editions go. The key is the channel's name.", channels.kinds()))
        elif model:
            many = get_origin(info.annotation) is dict
            parts.append(_section(f"{name}.NAME" if many else name, model, "NAME" if many else name.upper()))
    return "\n".join(parts)


def _section(head: str, model: type[BaseModel], name: str) -> str:
    nested = [(key, _model(info.annotation)) for key, info in model.model_fields.items() if _model(info.annotation)]
    own = f"## `[{head}]`\n\n{model.__doc__}\n\n{_rows(model, name)}"
    return own + "".join(
        f"\n### `[{head}.{key}]`\n\n{inner.__doc__}\n\n{_rows(inner, f'{head}_{key}'.upper())}"
        for key, inner in nested
        if inner
    )


def _kinds(section: str, what: str, known: dict[str, Any]) -> str:
    parts = [f"## `[{section}.NAME]`\n\n{what} `type` is one of: {', '.join(f'`{name}`' for name in sorted(known))}.\n"]
    for name in sorted(known):
        options = known[name].Options
        parts.append(f'### `type = "{name}"`\n\n{(options.__doc__ or "").strip()}\n\n{_rows(options)}')
        parts += _tables(f"{section}.NAME", options)
    return "\n".join(parts)


def _tables(at: str, model: type[BaseModel]) -> list[str]:
    """The tables within a table; in one of many, ``KEY`` is a name of your own."""
    found: list[str] = []
    for key, info in model.model_fields.items():
        inner = _model(info.annotation)
        if inner:
            head = f"{at}.{key}.KEY" if get_origin(info.annotation) is dict else f"{at}.{key}"
            said = " ".join((info.description or inner.__doc__ or "").split())
            found.append(f"#### `[{head}]`\n\n{said}\n\n{_rows(inner)}")
            found += _tables(head, inner)
    return found


def _rows(model: type[BaseModel], name: str = "NAME") -> str:
    rows = ["| key | default | what it is |", "| --- | --- | --- |"]
    for key, info in model.model_fields.items():
        if _model(info.annotation):
            continue
        said = " ".join((info.description or "").split())
        allowed = _choices(info.annotation)
        if allowed:
            said += f" One of: {', '.join(f'`{each}`' for each in allowed)}."
        if is_secret(info.annotation):
            said += f" Secret: `BROADSHEET_{name}_{key.upper()}` in `.env`."
        rows.append(f"| `{info.alias or key}` | {_default(info)} | {said} |")
    return "\n".join(rows) + "\n"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "needed"
    value = info.get_default(call_default_factory=True, validated_data={}) if info.default_factory else info.default
    if value is PydanticUndefined or value is None or value == "" or isinstance(value, SecretStr):
        return ""
    if isinstance(value, timedelta):
        return f'`"{duration_text(value)}"`'
    if isinstance(value, tuple) and value and all(isinstance(each, Rate) for each in value):
        value = str(value[0]) if len(value) == 1 else [str(each) for each in value]
    return f"`{json.dumps(value, ensure_ascii=False)}`".replace("|", "\\|")


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(str(each) for each in get_args(annotation))
    return ()


def _model(annotation: Any) -> type[BaseModel] | None:
    """The table a field holds, directly or as the values of a dictionary."""
    if get_origin(annotation) in (dict, Union, UnionType):
        return next((found for each in get_args(annotation) if (found := _model(each))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


if __name__ == "__main__":
    sys.stdout.write(configuration_page())
