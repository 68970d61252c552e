"""``.env`` + ``config/broadsheet.toml`` → one frozen, checked object."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values
from pydantic import BaseModel

from bot.errors import SettingsError
from bot.model import Declaration, Newsroom
from bot.settings.bounces import BouncesTable, with_bounce_secrets
from bot.settings.check import checked, with_secrets
from bot.settings.desk import DeskTable
from bot.settings.llm import LlmTable, with_llm_secret
from bot.settings.origin import Origin, line_of
from bot.settings.references import check_references
from bot.settings.signup import SignupTable
from bot.settings.tables import (
    AlertsTable,
    AudienceTable,
    DeliveryTable,
    HttpTable,
    ImagesTable,
    ScheduleTable,
    SettingsTables,
    TrackingTable,
    WebTable,
)

FILE = "broadsheet.toml"
SECRET_KEYS = "BROADSHEET_SECRET_KEYS"
DESK = "the desk"
"""Where a declaration stands, in the place of a file's path."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Fault:
    """A declaration that does not hold, or not all of it, and why."""

    declaration: Declaration
    said: str


@dataclass(frozen=True)
class Settings:
    """All that an editor set, checked: in files, and on the desk. ``repr`` and errors show no secret.

    ``text`` is the file's, ``declared`` what was made on the desk and holds, by its place (``schedules.morning``), and
    ``faults`` what of that does not.
    """

    folder: Path
    tables: SettingsTables
    environment: Mapping[str, str] = field(repr=False, default_factory=dict)
    text: str = field(repr=False, default="")
    declared: Mapping[str, Declaration] = field(repr=False, default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def file(self) -> str:
        """The path of ``broadsheet.toml``, as errors show it."""
        return str(self.folder / FILE)

    @property
    def newsroom(self) -> Newsroom:
        newsroom, brand = self.tables.newsroom, self.tables.brand
        return Newsroom(**newsroom.model_dump(), **brand.model_dump())

    @property
    def images(self) -> ImagesTable:
        return self.tables.images

    @property
    def http(self) -> HttpTable:
        return self.tables.http

    @property
    def web(self) -> WebTable:
        return self.tables.web

    @property
    def delivery(self) -> DeliveryTable:
        return self.tables.delivery

    @property
    def desk(self) -> DeskTable:
        return self.tables.desk

    @property
    def alerts(self) -> AlertsTable:
        return self.tables.alerts

    @property
    def signup(self) -> SignupTable:
        return self.tables.signup

    @property
    def bounces(self) -> BouncesTable:
        return self.tables.bounces

    @property
    def tracking(self) -> TrackingTable:
        return self.tables.tracking

    @property
    def llm(self) -> LlmTable:
        return self.tables.llm

    @property
    def audiences(self) -> dict[str, AudienceTable]:
        return self.tables.audiences

    @property
    def schedules(self) -> dict[str, ScheduleTable]:
        return self.tables.schedules

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        """Raw; ``bot.sources`` checks them by their type."""
        return self.tables.sources

    @property
    def channels(self) -> dict[str, dict[str, Any]]:
        """Raw; ``bot.channels`` checks them by their type."""
        return self.tables.channels

    @property
    def root(self) -> Path:
        """The folder that holds the configuration folder: relative paths in the settings start here."""
        return self.folder.resolve().parent

    @property
    def store_url(self) -> str:
        """The store's SQLAlchemy URL, with a relative SQLite file made absolute."""
        url = self.environment.get("DATABASE_URL") or self.tables.store.url
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(prefix + "/") and ":memory:" not in url:
            return prefix + str(self.root / url.removeprefix(prefix))
        return url

    @property
    def secret_keys(self) -> str:
        """The key ring of tokens, as ``bot.tokens.KeyRing.parse`` reads it. Raises ``SettingsError`` without one."""
        keys = self.environment.get(SECRET_KEYS, "")
        if not keys:
            raise SettingsError(
                f"{self.folder / '.env'}: {SECRET_KEYS} is missing; `broadsheet init` writes one, "
                "or add the line it prints with `python -m bot.tokens`"
            )
        return keys

    def origin(self, kind: str, key: str) -> Origin | None:
        """Where ``[KIND.KEY]`` comes from; of ``[brand]``, where its field ``key`` does. None: nobody said anything."""
        declared = self.declared.get(f"{kind}.{key}") or self.declared.get(kind)
        if declared and (declared.key or key in declared.content):
            return Origin(who=declared.who, made=declared.made, changed=declared.changed, version=declared.version)
        line = line_of(self.text, kind, key)
        return Origin(file=self.file, line=line) if line or key in self._written(kind) else None

    def _written(self, kind: str) -> Collection[str]:
        tables = getattr(self.tables, kind)
        return tables.model_fields_set if isinstance(tables, BaseModel) else tables

    def stands_in(self, kind: str, key: str) -> str:
        """How errors name the place of ``[KIND.KEY]``: the file, or the desk."""
        return DESK if f"{kind}.{key}" in self.declared else self.file

    def template_folders(self) -> tuple[Path, ...]:
        """Where templates are looked for: the newsroom's own ``templates/`` first, then those that are shipped."""
        own = self.root / "templates"
        return tuple(dict.fromkeys([*([own] if own.is_dir() else []), shipped("templates")]))

    def table(self, model: type[Model], section: str, name: str) -> Model:
        """``[section.name]`` as ``model``, with its secrets. Raises ``SettingsError``."""
        raw = {key: value for key, value in getattr(self, section)[name].items() if key != "type"}
        at, file = f"{section}.{name}", self.stands_in(section, name)
        filled = with_secrets(model, raw, file=file, at=at, name=name, environment=self.environment)
        return checked(model, filled, file=file, at=at, root=self.root)


def shipped(what: str) -> Path:
    """A folder that comes with Broadsheet (``templates``, ``config``): in a checkout, or inside an installed wheel."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_data" / what, package.parent / what):
        if folder.is_dir():
            return folder
    raise SettingsError(f"the folder {what} that comes with Broadsheet is missing; install it again")


def load_settings(folder: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Reads and checks ``folder``. The process's environment wins over ``.env``. Raises ``SettingsError``."""
    file = folder / FILE
    try:
        text = file.read_text("utf-8")
        raw = tomllib.loads(text)
    except FileNotFoundError as error:
        raise SettingsError(
            f"{file}: there is no such file; `broadsheet init` writes one, `--config DIR` names another"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: is not TOML: {error}") from error
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error
    merged = _with_secret_files({**_secrets(folder / ".env"), **(os.environ if environment is None else environment)})
    filled = with_bounce_secrets(raw, file=str(file), environment=merged)
    filled = with_llm_secret(filled, file=str(file), environment=merged)
    tables = checked(SettingsTables, filled, file=str(file), root=folder.resolve().parent)
    settings = Settings(folder, tables, merged, text)
    check_references(settings)
    return settings


def _secrets(file: Path) -> dict[str, str]:
    try:
        written = dotenv_values(file, interpolate=False, encoding="utf-8")
    except UnicodeDecodeError:
        # The cause would show what stands in the file.
        raise SettingsError(f"{file}: is not UTF-8; save it as UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error
    return {key: value for key, value in written.items() if value is not None}


def _with_secret_files(environment: Mapping[str, str]) -> dict[str, str]:
    """``BROADSHEET_X_FILE=path`` stands for ``BROADSHEET_X=`` with the file's content (systemd, Docker secrets)."""
    filled = dict(environment)
    for variable, path in environment.items():
        if variable.startswith("BROADSHEET_") and variable.endswith("_FILE"):
            try:
                filled[variable.removesuffix("_FILE")] = Path(path).read_text("utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{variable}: the file it names cannot be read: {error.strerror}") from error
            except UnicodeDecodeError:
                raise SettingsError(f"{variable}: the file it names is not UTF-8 text") from None
    return filled
