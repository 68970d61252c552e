"""What the pages of one reader share: whose link it is, how they stand, the language they chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from bot.audience.links import PREFERENCES, UNSUBSCRIBE, ReaderLink, read_link
from bot.audience.subscriptions import Standing, standing
from bot.errors import TokenError
from bot.web.site import Site, Voice


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a token speaks of, as they stand at this moment."""

    site: Site
    link: ReaderLink
    state: Standing

    @classmethod
    def of(cls, site: Site, purpose: str, token: str, *, everything: bool = False) -> Reader | None:
        """None when the token is none of this purpose."""
        try:
            link = read_link(site.installation.keys, purpose, token)
        except TokenError:
            return None
        return cls.behind(site, link, everything=everything)

    @classmethod
    def behind(cls, site: Site, link: ReaderLink, *, everything: bool = False) -> Reader:
        """The one of a link that was read."""
        return cls(site, link, _standing(site, link, everything=everything))

    def now(self, *, everything: bool = False) -> Reader:
        """The same reader, looked up again."""
        return Reader(self.site, self.link, _standing(self.site, self.link, everything=everything))

    @property
    def known(self) -> bool:
        """False for those who were erased."""
        return bool(self.state.subscriptions)

    @property
    def voice(self) -> Voice:
        """In the language they chose: of the link's audience, else of any."""
        here = [self.state.here] if self.state.here else []
        chosen = (each.preferences.language for each in (*here, *self.state.current, *self.state.subscriptions))
        return self.site.voice(next((each for each in chosen if each), ""))

    @property
    def address(self) -> str:
        """As pages show it."""
        return self.site.masked(self.state)

    @property
    def preferences_token(self) -> str:
        return self._signed(PREFERENCES, self.link.audience)

    def unsubscribe_path(self, audience: str = "") -> str:
        """The page that ends the subscription to ``audience``; without one, that of the link or the first there is."""
        known = {each.audience for each in self.state.current}
        first = self.link.audience if self.link.audience in known or not known else sorted(known)[0]
        return f"{UNSUBSCRIBE}/{self._signed(UNSUBSCRIBE, audience or first)}"

    def page(self, request: Request, template: str, **values: Any) -> HTMLResponse:
        """A page in the reader's language, with the ways to what is theirs."""
        return self.site.page(
            request,
            template,
            voice=self.voice,
            token=self.preferences_token,
            reader=self,
            address=self.address,
            **values,
        )

    def message(self, request: Request, phrase: str) -> HTMLResponse:
        """A page of one heading and one sentence."""
        return self.site.message(request, phrase, status=200, voice=self.voice)

    def too_often(self, request: Request) -> HTMLResponse:
        """The answer to more changes than anybody makes."""
        return self.site.message(request, "refused", status=429, voice=self.voice)

    def still(self) -> list[Mapping[str, str]]:
        """What they get now: name, description, and where to end it."""
        audiences = self.site.installation.settings.audiences
        return [
            {
                "name": self.site.audience(each.audience),
                "description": audiences[each.audience].description if each.audience in audiences else "",
                "leave": self.unsubscribe_path(each.audience),
            }
            for each in self.state.current
        ]

    def _signed(self, purpose: str, audience: str) -> str:
        return self.site.installation.keys.sign(purpose, self.link.subscriber, audience, self.link.edition)


def _standing(site: Site, link: ReaderLink, *, everything: bool) -> Standing:
    with site.installation.store.read() as tx:
        return standing(tx, link, everything=everything)
