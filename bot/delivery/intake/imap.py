"""A mailbox read over IMAP4rev1 (RFC 3501), with MOVE (RFC 6851) or UIDPLUS (RFC 4315) where the server has them.

A message leaves its folder after it is on record, never before. All is done by UIDs, so another client in the same
mailbox does no harm.
"""

from __future__ import annotations

import imaplib
import ipaddress
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bot.delivery.intake.message import LARGEST, Box, Take, count
from bot.errors import MailboxError, SettingsError
from bot.settings.bounces import ImapTable

AT = "bounces.imap"


def read_imap(
    table: ImapTable,
    take: Take,
    *,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[int], None] = lambda _: None,
) -> Box:
    """Takes all messages of the folder, the oldest first, and moves each away once it is on record.

    ``stop`` and ``watch`` are those of ``read_maildir``. Raises ``MailboxError`` when the server cannot be talked to,
    ``StoreError`` when nothing can be put on record, ``SettingsError``.
    """
    box = Box()
    with _session(table) as session:
        _ask(session.select(_quoted(table.folder)), f"the folder {table.folder} cannot be opened")
        for name in (table.done, table.other):
            # Says NO when it is there already.
            session.create(_quoted(name))
        found = _ask(session.uid("SEARCH", "UNDELETED"), "the folder cannot be searched")
        uids = (found[0] or b"").decode("ascii").split()
        # Asked again: most servers say what they can only after the login.
        able = _ask(session.capability(), "it does not say what it can")[0].decode("ascii", "replace").upper().split()
        watch(len(uids))
        for uid in uids:
            if stop():
                break
            message = _content(session, uid)
            said = None if message is None else count(box, f"IMAP message {uid}", message, take)
            if said is not None:
                _move(session, uid, table.done if said else table.other, able)
            watch(-1)
    return box


@contextmanager
def _session(table: ImapTable) -> Iterator[imaplib.IMAP4]:
    seconds = table.timeout.total_seconds()
    try:
        session = _connected(table, seconds)
        try:
            session.login(table.username, table.password.get_secret_value())
            yield session
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                session.logout()
    except imaplib.IMAP4.error as error:
        raise MailboxError(f"{AT}: {table.host} refuses: {_line(error)}") from error
    except ssl.SSLError as error:
        raise MailboxError(f"{AT}: {table.host} has no certificate that is trusted: {_line(error)}") from error
    except OSError as error:
        raise MailboxError(f"{AT}: {table.host}:{table.port} cannot be reached: {_line(error)}") from error


def _connected(table: ImapTable, seconds: float) -> imaplib.IMAP4:
    if table.security == "none":
        if not _here(table.host):
            raise SettingsError(f'{AT}.security: "none" is for a server on this machine; {table.host} is another')
        return imaplib.IMAP4(table.host, table.port, timeout=seconds)
    if table.ca_file and not Path(table.ca_file).is_file():
        raise SettingsError(f"{AT}.ca_file: there is no file {table.ca_file}")
    context = ssl.create_default_context(cafile=table.ca_file or None)
    if table.security == "tls":
        return imaplib.IMAP4_SSL(table.host, table.port, ssl_context=context, timeout=seconds)
    session = imaplib.IMAP4(table.host, table.port, timeout=seconds)
    try:
        session.starttls(context)
    except BaseException:
        session.shutdown()
        raise
    return session


def _content(session: imaplib.IMAP4, uid: str) -> bytes | None:
    """The message's beginning; None when it is gone meanwhile."""
    parts = _ask(session.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)"), f"message {uid} cannot be read")
    return next((bytes(part[1]) for part in parts if isinstance(part, tuple)), None)


def _move(session: imaplib.IMAP4, uid: str, folder: str, able: Sequence[str]) -> None:
    to = f"message {uid} cannot be moved to {folder}; make that folder, or name another"
    if "MOVE" in able:
        _ask(session.uid("MOVE", uid, _quoted(folder)), to)
        return
    _ask(session.uid("COPY", uid, _quoted(folder)), to)
    _ask(session.uid("STORE", uid, "+FLAGS", r"(\Deleted \Seen)"), f"message {uid} cannot be marked")
    if "UIDPLUS" in able:
        # A plain EXPUNGE would take what others have marked, too.
        _ask(session.uid("EXPUNGE", uid), f"message {uid} cannot be taken away")


def _ask(answer: tuple[str, list[Any]], fault: str) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(f"{fault} ({_line(data[0] if data else status)})")
    return data


def _quoted(folder: str) -> str:
    """A mailbox's name as the protocol has it: modified UTF-7 (RFC 3501 §5.1.3), quoted."""
    encoded = re.sub(r"[^\x20-\x7e]+", lambda found: _utf7(found[0]), folder.replace("&", "&-"))
    return '"' + encoded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _utf7(text: str) -> str:
    return "&" + text.encode("utf-7").decode().strip("+-").replace("/", ",") + "-"


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _line(said: object) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())[:200]
