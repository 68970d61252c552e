"""What every page has: the installation, its templates, its words and its headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from bot.audience.mask import masked
from bot.audience.newsletters import newsletters
from bot.audience.subscriptions import Standing
from bot.audience.words import Words, languages, words_of
from bot.editions.brand import Tokens, tokens
from bot.editions.environment import Compiled
from bot.editions.wording import Wording, wording
from bot.model import Newsroom
from bot.schedules.installation import Installation
from bot.settings import ScheduleTable

_COMPILED = Compiled()
_VOICES = 100


@dataclass(frozen=True, slots=True)
class Voice:
    """How a page speaks: its phrases, its faces and direction, its dates and lists."""

    words: Words
    tokens: Tokens
    wording: Wording


@dataclass(frozen=True, slots=True)
class Ways:
    """Where every public page leads to, as paths below the first; "" where there is nothing to lead to."""

    subscribe: str
    archive: str
    preferences: str
    data: str
    privacy: str


class Site:
    """The pages of one installation. Safe to share between threads."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self._voices: tuple[Newsroom, dict[str, Voice]] = (installation.newsroom, {})
        self.environment = Environment(
            loader=FileSystemLoader([folder / "pages" for folder in installation.settings.template_folders()]),
            bytecode_cache=_COMPILED,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters["web_url"] = web_url

    @property
    def own(self) -> Voice:
        """How pages speak the newsroom's language."""
        return self.voice()

    def voice(self, language: str = "") -> Voice:
        """How pages speak ``language`` (BCP 47; "": the newsroom's); English where no catalog has it."""
        newsroom = self.installation.newsroom
        spoken_for, voices = self._voices
        if spoken_for is not newsroom:
            # Its brand was changed: what was made for the old one is not shown again.
            self._voices = (newsroom, voices := {})
        words = words_of(language or newsroom.language)
        known = voices.get(words.language)
        if known is None:
            known = Voice(words, tokens(newsroom, words.language), wording(words.language, newsroom.timezone))
            if words.language.split("-")[0] in languages() and len(voices) < _VOICES:
                voices[words.language] = known
        return known

    def spoken(self, language: str) -> Voice:
        """How pages speak the foreign tag ``language``: by the catalog of its language, else as the newsroom does.

        Nothing of the tag but that is kept: it becomes a reader's language, and each other one makes a mail of its own.
        """
        found = language[:35].split("-")[0].lower()
        own = self.own.words.language.split("-")[0].lower()
        return self.voice(found) if found in languages() and found != own else self.own

    def page(
        self,
        request: HTTPConnection,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        voice: Voice | None = None,
        token: str = "",
        **values: Any,
    ) -> HTMLResponse:
        """``template`` (a path below ``templates/pages``) as an answer; without a ``voice``, in the newsroom's.

        ``token``: the one of the reader's preferences, where the page is a reader's.
        """
        voice = voice or self.own
        html = self.environment.get_template(template).render(
            base=base(request),
            newsroom=self.installation.newsroom,
            words=voice.words,
            tokens=voice.tokens,
            comma=voice.wording.phrases["comma"],
            ways=self.ways(token),
            **values,
        )
        return HTMLResponse(html, status_code=status, headers=dict(headers or {}))

    def ways(self, token: str = "") -> Ways:
        """Where pages lead to; with a ``token``, to what is the reader's own."""
        own = f"p/{token}" if token else "preferences"
        return Ways(
            subscribe="subscribe" if newsletters(self.installation.settings) else "",
            archive="archive" if self.archived else "",
            preferences=own,
            data=f"{own}/data" if token else own,
            privacy=web_url(self.installation.newsroom.privacy_url),
        )

    @property
    def archived(self) -> dict[str, ScheduleTable]:
        """The schedules whose editions stand in the archive: those that readers get by mail, and that say so."""
        schedules = self.installation.settings.schedules
        return {name: each for name, each in schedules.items() if each.archive and each.audience}

    def audience(self, key: str) -> str:
        """An audience by the name its readers know; one that left the settings by its key."""
        table = self.installation.settings.audiences.get(key)
        return table.name if table else key or self.installation.newsroom.name

    def masked(self, state: Standing) -> str:
        """The address of a reader as pages show it."""
        return masked(state.address)

    def message(self, request: HTTPConnection, phrase: str, *, status: int, voice: Voice | None = None) -> HTMLResponse:
        """A page of one heading and one sentence: the phrases ``PHRASE_title`` and ``PHRASE_lead``."""
        return self.page(
            request,
            "public/message.html.j2",
            status=status,
            voice=voice,
            title=(voice or self.own).words.plain(f"{phrase}_title"),
            lead=(voice or self.own).words.say(f"{phrase}_lead"),
        )


def base(request: HTTPConnection) -> str:
    """The way from the request's page up to the first, so that links hold behind a proxy that adds a prefix."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return "../" * (path.count(b"/") - 1) or "./"


def web_url(value: object) -> str:
    """``value`` when it is an http(s) address, else "": foreign text must not become another kind of link."""
    text = str(value)
    return text if text.lower().startswith(("http://", "https://")) else ""
