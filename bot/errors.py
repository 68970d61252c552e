"""One tree of errors. Each message is one line for an editor: what is wrong, where, what to do next."""

from __future__ import annotations

from datetime import datetime


class BroadsheetError(Exception):
    """Broadsheet could not do what was asked."""

    exit_code = 1

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class UsageError(BroadsheetError):
    """The command was used in a way it does not know."""

    exit_code = 2


class NothingToDo(BroadsheetError):
    """There is nothing to do."""

    exit_code = 3


class SettingsError(BroadsheetError):
    """A setting is wrong; the message names file, key, what is allowed.

    ``key`` is the place of the setting (``schedules.morning.cron``) and ``said`` what is wrong with it, to be shown
    beside its field; "" where it is about no one setting.
    """

    def __init__(self, message: str | None = None, *, key: str = "", said: str = "") -> None:
        super().__init__(message)
        self.key = key
        self.said = said


class NotFound(BroadsheetError):
    """What was named does not exist."""


class StateError(BroadsheetError):
    """The act is not allowed in the present state, e.g. approving an edition that was sent."""


class ChangedMeanwhile(StateError):
    """Somebody else changed it meanwhile: look at what it is now, and choose."""


class ConflictError(StateError):
    """Somebody else changed the same meanwhile: ``who``, when (UTC), ``what`` they did.

    ``theirs`` is what stands there now, ``yours`` what was to stand there; ``version`` is the newest one.
    """

    def __init__(
        self, message: str, *, who: str, at: datetime, what: str, theirs: str, yours: str, version: int
    ) -> None:
        super().__init__(message)
        self.who, self.at, self.what = who, at, what
        self.theirs, self.yours, self.version = theirs, yours, version


class ReservedElsewhere(StateError):
    """Another edition of the same schedule holds the story."""


class StoreError(BroadsheetError):
    """The store could not be opened, or is of another version."""


class StoreHeld(StateError):
    """Nothing goes out from this store: it was restored and not yet reconciled, or moved elsewhere."""


class TokenError(BroadsheetError):
    """A token is malformed, forged, expired, or made for another purpose."""


class FetchError(BroadsheetError):
    """A URL could not be fetched.

    ``status`` is the HTTP status, 0 when no answer came. ``retry_after`` is in seconds, None when the server
    named none. ``sent`` is true when the request may have reached the server although no answer came back.
    """

    def __init__(self, message: str, *, status: int = 0, retry_after: float | None = None, sent: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self.sent = sent

    @property
    def gone(self) -> bool:
        return self.status == 410


class BlockedAddress(FetchError):
    """The URL leads to an internal address, which is never fetched (setting ``http.allow_loopback``)."""


class UnknownHost(FetchError):
    """The URL's host name does not exist."""


class DnsError(BroadsheetError):
    """The DNS gave no answer, which says nothing of the name asked for.

    ``reason`` is ``timeout``, ``server`` (SERVFAIL, REFUSED), ``unreachable`` (no resolver) or ``name`` (no name that
    the DNS could hold).
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class SourceError(BroadsheetError):
    """A source could not be read: the message names the source."""


class LlmError(BroadsheetError):
    """A language model could not be asked, or did not answer.

    ``rest``: its endpoint should be left alone, for ``rest_seconds`` where it said so itself.
    """

    def __init__(self, message: str | None = None, *, rest: bool = False, rest_seconds: float | None = None) -> None:
        super().__init__(message)
        self.rest = rest
        self.rest_seconds = rest_seconds


class RenderError(BroadsheetError):
    """A template is missing or does not render; the message names file and line."""


class DeliveryError(BroadsheetError):
    """A channel did not accept a delivery.

    ``permanent``: trying again cannot help this destination. ``code`` is the SMTP or HTTP code (0: none),
    ``enhanced`` the RFC 3463 code, ``retry_after`` in seconds, ``server`` who answered.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        code: int = 0,
        enhanced: str = "",
        retry_after: float | None = None,
        server: str = "",
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.code = code
        self.enhanced = enhanced
        self.retry_after = retry_after
        self.server = server


class OutcomeUnknown(DeliveryError):
    """The line broke after the last byte: the delivery may have arrived. Never tried again as if it had not."""

    def __init__(self, message: str, *, server: str = "") -> None:
        super().__init__(message, permanent=False, server=server)


class ChannelRefused(DeliveryError):
    """The server refuses us, not the recipient: bad login, sender or policy. All stays pending.

    Mail pauses its edition, a post its channel.
    """

    def __init__(self, message: str, *, code: int = 0, enhanced: str = "", server: str = "") -> None:
        super().__init__(message, permanent=False, code=code, enhanced=enhanced, server=server)


class ServerBusy(DeliveryError):
    """The server is down or asks us to slow down; the recipient is not at fault.

    ``throttle``: it works and wants fewer messages; otherwise it is down, or has had enough for now.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int = 0,
        enhanced: str = "",
        retry_after: float | None = None,
        server: str = "",
        throttle: bool = False,
    ) -> None:
        super().__init__(message, permanent=False, code=code, enhanced=enhanced, retry_after=retry_after, server=server)
        self.throttle = throttle


class MailboxError(BroadsheetError):
    """A mailbox that bounces go to could not be read."""


class TryAgain(BroadsheetError):
    """What was given could not be kept now: whoever gave it must keep it and come again (sysexits.h: EX_TEMPFAIL)."""

    exit_code = 75
