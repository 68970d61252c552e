"""What every page has: the installation, its templates, its words and its headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from bot.audience.mask import masked
from bot.audience.subscriptions import Standing
from bot.editions.brand import Tokens, tokens
from bot.editions.wording import Wording, wording
from bot.schedules.installation import Installation
from bot.web.public.words import Words, words_of


class Site:
    """The pages of one installation. Safe to share between threads."""

    def __init__(self, installation: Installation) -> None:
        newsroom = installation.newsroom
        self.installation = installation
        self.words: Words = words_of(newsroom.language)
        self.tokens: Tokens = tokens(newsroom, self.words.language)
        self.wording: Wording = wording(self.words.language, newsroom.timezone)
        self.environment = Environment(
            loader=FileSystemLoader([folder / "pages" for folder in installation.settings.template_folders()]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters["web_url"] = web_url
        self.environment.globals.update(
            newsroom=newsroom, words=self.words, tokens=self.tokens, comma=self.wording.phrases["comma"]
        )

    def page(
        self,
        request: HTTPConnection,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """``template`` (a path below ``templates/pages``) as an answer."""
        html = self.environment.get_template(template).render(base=base(request), **values)
        return HTMLResponse(html, status_code=status, headers=dict(headers or {}))

    def audience(self, key: str) -> str:
        """An audience by the name its readers know; one that left the settings by its key."""
        table = self.installation.settings.audiences.get(key)
        return table.name if table else key or self.installation.newsroom.name

    def masked(self, state: Standing) -> str:
        """The address of a reader as pages show it."""
        return masked(state.address)

    def message(self, request: HTTPConnection, phrase: str, *, status: int) -> HTMLResponse:
        """A page of one heading and one sentence: the phrases ``PHRASE_title`` and ``PHRASE_lead``."""
        return self.page(
            request,
            "public/message.html.j2",
            status=status,
            title=self.words.plain(f"{phrase}_title"),
            lead=self.words.say(f"{phrase}_lead"),
        )


def base(request: HTTPConnection) -> str:
    """The way from the request's page up to the first, so that links hold behind a proxy that adds a prefix."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return "../" * (path.count(b"/") - 1) or "./"


def web_url(value: object) -> str:
    """``value`` when it is an http(s) address, else "": foreign text must not become another kind of link."""
    text = str(value)
    return text if text.lower().startswith(("http://", "https://")) else ""
