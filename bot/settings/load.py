"""``.env`` + ``config/broadsheet.toml`` → one frozen, checked object."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values
from pydantic import BaseModel

from bot.errors import SettingsError
from bot.model import Newsroom
from bot.settings.bounces import BouncesTable, with_bounce_secrets
from bot.settings.check import checked, nearest, with_secrets
from bot.settings.llm import LlmTable, with_llm_secret
from bot.settings.signup import SignupTable
from bot.settings.tables import (
    AlertsTable,
    AudienceTable,
    DeliveryTable,
    DeskTable,
    HttpTable,
    ImagesTable,
    ScheduleTable,
    SettingsTables,
    TrackingTable,
    WebTable,
)

FILE = "broadsheet.toml"
SECRET_KEYS = "BROADSHEET_SECRET_KEYS"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Settings:
    """All that an editor set, checked. ``repr`` and errors show no secret."""

    folder: Path
    tables: SettingsTables
    environment: Mapping[str, str] = field(repr=False, default_factory=dict)

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

    def template_folders(self) -> tuple[Path, ...]:
        """Where templates are looked for: the newsroom's own ``templates/`` first, then those that are shipped."""
        own = self.root / "templates"
        return tuple(dict.fromkeys([*([own] if own.is_dir() else []), shipped("templates")]))

    def table(self, model: type[Model], section: str, name: str) -> Model:
        """``[section.name]`` as ``model``, with its secrets. Raises ``SettingsError``."""
        raw = {key: value for key, value in getattr(self, section)[name].items() if key != "type"}
        at = f"{section}.{name}"
        filled = with_secrets(model, raw, file=self.file, at=at, name=name, environment=self.environment)
        return checked(model, filled, file=self.file, at=at, root=self.root)


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
        raw = tomllib.loads(file.read_text("utf-8"))
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
    settings = Settings(folder, tables, merged)
    _check_references(settings)
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


def _check_references(settings: Settings) -> None:
    _check_alerts(settings)
    _check_signup(settings)
    for name, schedule in settings.schedules.items():
        at = f"{settings.file}: schedules.{name}"
        for channel in schedule.channels:
            _known(channel, settings.channels, f"{at}.channels", "channel")
        for source in schedule.selection.sources:
            _known(source, settings.sources, f"{at}.selection.sources", "source")
        if schedule.audience:
            _known(schedule.audience, settings.audiences, f"{at}.audience", "audience")
        twice = [channel for channel in schedule.channels if schedule.channels.count(channel) > 1]
        if twice:
            raise SettingsError(f'{at}.channels: "{twice[0]}" stands there twice; name each channel once')
        mails = [channel for channel in schedule.channels if settings.channels[channel].get("type") == "email"]
        if mails and not schedule.audience:
            raise SettingsError(f'{at}.audience: is missing; channel "{mails[0]}" sends mail and must know to whom')
        if len(mails) > 1:
            raise SettingsError(
                f"{at}.channels: {' and '.join(mails)} both send mail: everybody would get it twice; name one of them"
            )
        if not any((folder / "digests" / schedule.template).is_dir() for folder in settings.template_folders()):
            known = sorted(
                path.name
                for folder in settings.template_folders()
                for path in (folder / "digests").glob("*")
                if path.is_dir()
            )
            raise SettingsError(
                f"{at}.template: there is no templates/digests/{schedule.template}{nearest(schedule.template, known)}; "
                f"there are: {', '.join(known) or 'none'}"
            )


def _check_alerts(settings: Settings) -> None:
    at = f"{settings.file}: alerts"
    kinds = []
    for channel in settings.alerts.channels:
        _known(channel, settings.channels, f"{at}.channels", "channel")
        kinds.append(settings.channels[channel].get("type"))
        if kinds[-1] not in ("email", "webhook"):
            raise SettingsError(f'{at}.channels: "{channel}" speaks to the public; alerts take an email or webhook one')
    if ("email" in kinds) != bool(settings.alerts.to):
        missing = "channels: names no email channel for `to`" if settings.alerts.to else "to: is missing; who is mailed"
        raise SettingsError(f"{at}.{missing}?")


def _check_signup(settings: Settings) -> None:
    channel = settings.signup.channel
    if not channel:
        return
    at = f"{settings.file}: signup.channel"
    _known(channel, settings.channels, at, "channel")
    if settings.channels[channel].get("type") != "email":
        raise SettingsError(f'{at}: "{channel}" sends no mail; confirmations take an email channel')


def _known(word: str, known: Mapping[str, Any], at: str, kind: str) -> None:
    if word not in known:
        raise SettingsError(
            f'{at}: there is no {kind} "{word}"{nearest(word, known)}; there are: {", ".join(known) or "none"}'
        )
