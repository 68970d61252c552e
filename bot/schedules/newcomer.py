"""The first configuration of a new newsroom."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from bot.errors import UsageError
from bot.settings import SECRET_KEYS, load_settings, shipped
from bot.sources.discovery import Found
from bot.tokens import KeyRing


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What ``init`` found out."""

    name: str
    url: str
    source: Found
    timezone: str = "UTC"
    allow_loopback: bool = False
    address: str = ""


def write_newcomer(folder: Path, newcomer: Newcomer) -> Path:
    """Writes ``FOLDER/config/broadsheet.toml`` and ``.env``; returns the config folder. Overwrites nothing.

    Raises ``UsageError`` when there is a configuration already, ``SettingsError`` when what was given is not valid.
    """
    config = folder / "config"
    file = config / "broadsheet.toml"
    if file.exists():
        raise UsageError(f"{file}: is there already; name another folder, or edit it")
    template = Environment(  # noqa: S701
        undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True
    ).from_string((shipped("templates") / "config" / "broadsheet.toml.j2").read_text("utf-8"))
    # A JSON string is a TOML basic string (TOML 1.0, "String").
    quoted = {"q": lambda text: json.dumps(text, ensure_ascii=False)}
    text = template.render(newcomer=newcomer, **quoted)
    try:
        config.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from error
    write_env(config)
    try:
        load_settings(config)
    except Exception:
        # A configuration that does not load is worse than none: the next try must not find it in its way.
        file.unlink()
        raise
    return config


def write_env(config: Path) -> Path:
    """``.env`` with new keys, readable by its owner alone; one that is there is kept as it is."""
    file = config / ".env"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(
                "# Secrets of this newsroom. Keep this file out of version control, and in your backup:\n"
                "# the links in mails already sent are signed with these keys.\n"
                f"{SECRET_KEYS}={KeyRing.generate()}\n"
            )
    return file
