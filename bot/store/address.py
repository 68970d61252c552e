"""Addresses as the store knows them again: one key for the spellings of a mailbox, one keyed hash that outlives it."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass, field

import idna
from sqlalchemy import Connection, Engine, bindparam, text, update

from bot.clock import Clock, system_clock
from bot.errors import StoreError
from bot.store.engine import with_room
from bot.store.flags import Flags
from bot.store.tables import signups, subscribers, suppressions

FINGERPRINT = "address key"
"""The flag that tells by which key the hashes of a store were made; a store without it has none yet."""
_AT_ONCE = 1000
_GMAIL = ("gmail.com", "googlemail.com")


def address_key(address: str) -> str:
    """Equal for the spellings of one mailbox: case is ignored, Unicode is composed, an IDN is its A-label (RFC 5891).

    Letters are made small as RFC 8265 §3.3.1 has it for names of users: by toLowerCase().
    Only compared by; what is mailed is the address as it was given.
    """
    local, at, domain = address.strip().rpartition("@")
    if not domain.isascii():
        domain = _a_label(domain)
    # Not casefold, by which ß is ss and ſ is s: two mailboxes, and who has one would manage the other's subscription.
    local = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    return f"{local}{at}{domain.lower()}"


def mailbox_key(address: str) -> str:
    """What ``address_key`` makes, without what lets one person have any number of addresses in one mailbox.

    That is what follows a plus (RFC 5233), and dots where Gmail leaves them out. Two people may share it: only for
    limits against floods, and never to tell who somebody is.
    """
    local, at, domain = address_key(address).rpartition("@")
    plain = local.partition("+")[0] or local
    if domain in _GMAIL:
        plain, domain = plain.replace(".", ""), _GMAIL[0]
    return f"{plain}{at}{domain}"


def _a_label(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return unicodedata.normalize("NFC", domain)


@dataclass(frozen=True, slots=True)
class AddressHash:
    """What is kept of an address that was erased: HMAC-SHA256, so that nobody without the key can try addresses.

    ``key`` is 32 bytes, ``KeyRing.address_key``; without one the hash is a plain SHA-256, for tests.
    """

    key: bytes = field(default=b"", repr=False)

    def __call__(self, address: str) -> str:
        """64 hexadecimal digits, the same for all spellings of a mailbox."""
        return self.of_key(address_key(address))

    def of_key(self, key: str) -> str:
        """The same of what ``address_key`` made."""
        return self.again(hashlib.sha256(b"broadsheet/address/" + key.encode()).hexdigest())

    def again(self, plain: str) -> str:
        """The keyed hash of what was hashed without a key."""
        return hmac.digest(self.key, plain.encode(), "sha256").hex() if self.key else plain

    @property
    def fingerprint(self) -> str:
        """Tells keys apart and gives none away."""
        return self.again("fingerprint")[:16] if self.key else ""


def settle_key(engine: Engine, hashed: AddressHash, clock: Clock = system_clock) -> None:
    """Makes sure that the store's hashes are those of ``hashed``; hashes of a store without a key are keyed now.

    Raises ``StoreError`` when they were made by another key: every suppression would silently be void.
    """
    with engine.connect() as connection:
        found = Flags(connection).get(FINGERPRINT)
    if not found and hashed.key:
        with engine.connect().execution_options(writes=True) as connection:
            with_room(connection)
            with connection.begin():
                found = key_hashes(connection, hashed, clock)
    need_key(found, hashed, "this store")


def need_key(found: str, hashed: AddressHash, whose: str) -> None:
    """Raises ``StoreError`` when ``whose`` hashes, of the fingerprint ``found``, were made by another key."""
    if found != hashed.fingerprint:
        raise StoreError(
            f"BROADSHEET_SECRET_KEYS: its last key is not the one by which {whose} knows suppressed addresses; "
            "put that key back at the end of the list, or unsubscribed readers would be mailed again"
        )


def key_hashes(connection: Connection, hashed: AddressHash, clock: Clock = system_clock) -> str:
    """Keys the hashes of a store that has none keyed yet; returns the fingerprint they have then."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('broadsheet.address_key'))"))
    flags = Flags(connection)
    found = flags.get(FINGERPRINT)
    if found or not hashed.key:
        return found
    _key_all(connection, hashed)
    flags.set(FINGERPRINT, hashed.fingerprint, clock())
    return hashed.fingerprint


def _key_all(connection: Connection, hashed: AddressHash) -> None:
    for table in (subscribers, signups, suppressions):
        keys = [column.name for column in table.primary_key]
        statement = update(table).values(address_hash=bindparam("keyed"))
        for name in keys:
            statement = statement.where(table.c[name] == bindparam(f"old_{name}"))
        # Read from a copy, not to hold a million of them: what is read is what is changed, also in the index.
        names = ", ".join(dict.fromkeys([*keys, "address_hash"]))
        connection.execute(text(f"CREATE TEMPORARY TABLE unkeyed AS SELECT {names} FROM {table.name}"))  # noqa: S608
        found = connection.execute(text("SELECT * FROM unkeyed"), execution_options={"yield_per": _AT_ONCE})
        for rows in found.partitions():
            changed = [
                {f"old_{name}": getattr(row, name) for name in keys} | {"keyed": hashed.again(row.address_hash)}
                for row in rows
            ]
            connection.execute(statement, changed)
        found.close()
        connection.execute(text("DROP TABLE unkeyed"))
