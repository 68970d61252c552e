"""A dictionary of kinds, filled by importing a package's modules and one group of entry points."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar

from bot.settings.check import nearest, wrong
from bot.settings.load import Settings

Kind = TypeVar("Kind")
Registered = TypeVar("Registered", bound=type[Any])


class Registry(Generic[Kind]):
    """The kinds that the tables of one section may name as their ``type``.

    ``package`` holds one module or folder a kind; ``group`` is the entry points' name for kinds of other packages.
    """

    def __init__(self, section: str, *, package: str, group: str) -> None:
        self.known: dict[str, type[Kind]] = {}
        self._section = section
        self._package = package
        self._group = group
        self._looked = False

    def kind(self, name: str) -> Callable[[Registered], Registered]:
        """Registers a class as the type ``name``."""

        def register(cls: Registered) -> Registered:
            self.known[name] = cls
            return cls

        return register

    def kinds(self) -> dict[str, type[Kind]]:
        """All kinds by name: those of the package, and those of installed entry points."""
        if not self._looked:
            package = import_module(self._package)
            for module in iter_modules(package.__path__):
                import_module(f"{self._package}.{module.name}")
            for point in entry_points(group=self._group):
                self.known.setdefault(point.name, point.load())
            self._looked = True
        return self.known

    def chosen(self, settings: Settings, name: str) -> tuple[type[Any], Any]:
        """The kind that ``[SECTION.NAME]`` asks for, and its options, checked. Raises ``SettingsError``."""
        known = self.kinds()
        file, at = settings.stands_in(self._section, name), f"{self._section}.{name}.type"
        types = ", ".join(sorted(known))
        asked = getattr(settings, self._section)[name].get("type")
        if asked is None:
            raise wrong(file, at, f"is missing; it is one of: {types}")
        if asked not in known:
            raise wrong(file, at, f'there is no type "{asked}"{nearest(str(asked), known)}; it is one of: {types}')
        cls: type[Any] = known[asked]
        return cls, settings.table(cls.Options, self._section, name)
