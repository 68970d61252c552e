"""Messages of Amazon SNS, and whether they are Amazon's.

Sources: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html (stored
copy, seen 2026-11-26), …/sns-message-and-json-formats.html (not looked at again). Version 1 signs with SHA-1, version 2
with SHA-256. The certificate's URL stands in the message, so its host is pinned to Amazon's for the region of the
topic, and the topic must be one of the settings, before anything is fetched.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm

from bot.delivery.hooks.call import HookRefused, need_recent, text
from bot.errors import FetchError

_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_HASHES: dict[str, type[HashAlgorithm]] = {"1": SHA1, "2": SHA256}
_PEM = re.compile(r"/SimpleNotificationService-[0-9a-f]{8,64}\.pem")
_KEPT = 8
_FETCHES = 10
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is Amazon's. ``kind`` is its Type, ``content`` its Message."""

    kind: str
    topic: str
    content: str
    confirm_at: str


class Certificates:
    """Amazon's certificates by URL. Few are kept, and few fetched in a minute: a stranger can name any number."""

    def __init__(self, fetch: Callable[[str], Awaitable[bytes]], clock: Callable[[], datetime]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: dict[str, x509.Certificate] = {}
        self._fetched: deque[datetime] = deque(maxlen=_FETCHES)

    async def key(self, url: str) -> RSAPublicKey:
        """The public key of the certificate at ``url``. Raises ``HookRefused``."""
        now = self._clock()
        found = self._known.get(url)
        if found is None:
            if len(self._fetched) == _FETCHES and now - self._fetched[0] < _MINUTE:
                raise HookRefused("asks for a certificate after too many others", status=503)
            self._fetched.append(now)
            try:
                found = x509.load_pem_x509_certificate(await self._fetch(url))
            except FetchError as error:
                raise HookRefused(f"has a certificate that cannot be fetched: {error}", status=503) from error
            except ValueError as error:
                raise HookRefused("has a certificate that is none") from error
            while len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[url] = found
        if not found.not_valid_before_utc <= now <= found.not_valid_after_utc:
            raise HookRefused("has a certificate that is not valid now")
        key = found.public_key()
        if not isinstance(key, RSAPublicKey):
            raise HookRefused("has a certificate without an RSA key")
        return key


async def verified(data: Any, topics: Iterable[str], certificates: Certificates, now: datetime) -> Message:
    """The message that ``data`` is. Raises ``HookRefused`` when it is not Amazon's, of no topic of ours, or old."""
    kind, topic = text(data, "Type"), text(data, "TopicArn")
    if kind not in SIGNED:
        raise HookRefused("is no message of SNS; is raw message delivery on?")
    if topic not in topics:
        raise HookRefused(f"is of the topic {topic[:200]!r}, which bounces.ses.topics does not name")
    _need_recent(text(data, "Timestamp"), now)
    url = text(data, "SigningCertURL")
    if not (is_amazons(url, topic) and _PEM.fullmatch(urlsplit(url).path)):
        raise HookRefused("has a certificate that is not at Amazon's address")
    algorithm = _HASHES.get(text(data, "SignatureVersion"))
    if algorithm is None:
        raise HookRefused("has a signature of an unknown version")
    key = await certificates.key(url)
    try:
        key.verify(
            base64.b64decode(text(data, "Signature"), validate=True), _signed(data, kind), PKCS1v15(), algorithm()
        )
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise HookRefused("has a wrong signature") from error
    return Message(kind, topic, text(data, "Message"), text(data, "SubscribeURL"))


def is_amazons(url: str, topic: str) -> bool:
    """Whether ``url`` leads to SNS itself, in the region of ``topic``."""
    partition, _, region = topic.removeprefix("arn:").partition(":sns:")
    host = f"sns.{region.partition(':')[0]}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")
    try:
        parts = urlsplit(url)
        plain = parts.username is None and parts.password is None and parts.port in (None, 443)
    except ValueError:
        return False
    return parts.scheme == "https" and parts.hostname == host and plain and not parts.fragment


def _signed(data: Any, kind: str) -> bytes:
    # Subject is left out where a notification has none; all others are always there.
    fields = [(name, data.get(name)) for name in SIGNED[kind]]
    return "".join(f"{name}\n{value}\n" for name, value in fields if isinstance(value, str)).encode()


def _need_recent(timestamp: str, now: datetime) -> None:
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError as error:
        raise HookRefused("has a time that is none") from error
    if moment.tzinfo is None:
        raise HookRefused("has a time that is none")
    need_recent(moment, now)
