"""Posts through Apprise to what Broadsheet has no channel of its own for: about 170 services, from Signal to Zulip.

https://github.com/caronc/apprise (version 2.3.0, read 2026-11-29). Apprise does its own HTTP, without the guard of
``bot/http.py``; what else it does not do stands in docs/channels/apprise.md.

It says whether a service took a message, and not why one did not, nor whether it may have: whatever is no clear yes is
``OutcomeUnknown``, so that nothing is sent twice.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.fit import fitting
from bot.errors import OutcomeUnknown, SettingsError
from bot.model import Counting, Idempotency, Limits, Parcel, Phrase, Receipt
from bot.settings import Duration, PostTable, Table, secret_variable

_LONGEST = 2000
_CALLS = re.compile(r"@(?=everyone|here|channel|all|[!&]?\d)|<(?=[@!#])", re.IGNORECASE)


class AppriseOptions(PostTable):
    """A service, as Apprise addresses it."""

    url: SecretStr = Field(
        description="Apprise's address of the service, with its token: `zulip://bot@org/token/stream`."
    )
    timeout: Duration = Field("60s", validate_default=True, description="Longest wait for the service.")


@kind("apprise")
class AppriseChannel(Unopened):
    """One service of Apprise's."""

    Options: ClassVar[type[Table]] = AppriseOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "apprise"
    connections = 1

    def __init__(self, name: str, options: AppriseOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when the package is missing, or knows no such address."""
        try:
            import apprise
        except ImportError as error:
            raise SettingsError(
                f'channels.{name}.type: "apprise" needs a package that is not installed; install broadsheet[apprise]'
            ) from error
        variable = secret_variable(name, "url")
        asset = apprise.AppriseAsset(
            app_id="Broadsheet",
            app_desc=around.newsroom.name,
            app_url=around.newsroom.url,
            http_redirects=False,
            secure_logging=True,
            storage_mode=apprise.PersistentStoreMode.MEMORY,
        )
        service = apprise.Apprise.instantiate(options.url.get_secret_value(), asset=asset, suppress_exceptions=True)
        if service is None:
            raise SettingsError(
                f"channels.{name}: {variable} is no address that Apprise knows; see its list of services"
            )
        self._apprise = apprise.Apprise(asset=asset)
        self._apprise.add(service)
        self._info = apprise.NotifyType.INFO
        self._text = apprise.NotifyFormat.TEXT
        # Never its address: that holds the token.
        self._server = f"apprise ({service.service_name or 'service'})"
        self._timeout = options.timeout.total_seconds()
        self.limits = Limits(characters=min(_LONGEST, service.body_maxlen), counting=Counting.UTF16)
        self.rules = options.rules
        self.pace = options.pace()

    async def send(self, parcel: Parcel) -> Receipt:
        """Hands the text over, once. Whatever is no clear yes raises ``OutcomeUnknown``."""
        message = self.payload(parcel)
        try:
            told = await asyncio.to_thread(self._notify, message["body"])
        except Exception as error:
            # Its plugins raise what they like; their words may hold the address.
            said = f"{self._server} broke off ({type(error).__name__}); it may have been posted"
            raise OutcomeUnknown(said, server=self._server) from None
        if not told:
            said = f"{self._server} did not say that it was posted, and not why; look there"
            raise OutcomeUnknown(said, server=self._server)
        return Receipt(server=self._server, code=0, text="taken")

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """What Apprise is given: each service makes its own request of it."""
        post = fitting(parcel, self.limits, self._server)
        words = post.text.split(post.url) if post.url else [post.text]
        # A zero-width space keeps a headline from calling a whole channel; addresses stay as they are.
        inert = [_CALLS.sub(lambda sign: f"{sign[0]}\u200b", each) for each in words]
        return {"body": post.url.join(inert), "title": "", "type": "info", "format": "text"}

    async def check(self) -> str:
        """Says what would be done: Apprise can ask no service whether it works."""
        return Phrase("%(server)s is posted to; only a post shows whether it works", server=self._server)

    def _notify(self, body: str) -> bool:
        return bool(
            self._apprise.notify(body=body, notify_type=self._info, body_format=self._text, timeout=self._timeout)
        )
