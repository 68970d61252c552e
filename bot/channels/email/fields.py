"""Header fields as bytes. Each value is encoded or refused here, so no foreign text can begin a field of its own.

Sources, checked 2026-11-24: RFC 5322 §2.1.1 and §3.2 (lines, phrases), RFC 2047 (encoded words: 75 characters, 76 a
line, whole characters), RFC 6532 (UTF-8 in addresses). The standard library's policies fold long URLs into encoded
words, which no mail program follows in List-Unsubscribe; hence ``machine``.
"""

from __future__ import annotations

import re
from email.header import Header
from urllib.parse import quote, urlsplit

import idna

LINE = 76
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+( [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")


def one_line(value: str) -> str:
    """``value`` with every run of white space and control characters as one space."""
    return _INVISIBLE.sub(" ", value).strip()


def text(name: str, value: str) -> bytes:
    """A field of free text, such as Subject."""
    value = one_line(value)
    words = value.split(" ")
    plain = value.isascii() and "=?" not in value and max(len(word) for word in words) < LINE - 2
    return _field(name, _folded(name, words) if plain else _encoded(name, value))


def mailbox(name: str, display: str, address: str) -> bytes:
    """A field of one address with a display name ("": none). ``address`` must have passed ``bot.settings.is_address``.

    A local part beyond ASCII stands in UTF-8 (RFC 6532): such a message needs a server with SMTPUTF8.
    """
    _refuse_controls(name, address)
    display = one_line(display)
    if not display:
        return _field(name, address)
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", display) + '"'
    if not display.isascii() or "=?" in display or len(name) + 2 + len(quoted) > LINE:
        phrase = _encoded(name, display)
    else:
        phrase = display if _ATOMS.fullmatch(display) else quoted
    last = phrase.rpartition("\n")[2]
    fits = len(name) + 2 + len(last) + 3 + len(address) <= LINE
    return _field(name, f"{phrase}{' ' if fits else f'{CRLF} '}<{address}>")


def machine(name: str, *items: str) -> bytes:
    """A field for machines: printable ASCII, never encoded; further items go on lines of their own after a comma."""
    for item in items:
        if not re.fullmatch(r"[\x21-\x7e]+( [\x21-\x7e]+)*", item) or len(item) > 900:
            raise ValueError(f"{name}: not a value for a machine to read: {item[:60]!r}")
    return _field(name, f",{CRLF} ".join(items))


def ascii_domain(address: str) -> str:
    """``address`` with its domain as A-labels (RFC 5891). Raises ``ValueError`` for what is no domain."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError as error:
        raise ValueError(f"{domain}: is no domain name") from error


def ascii_url(url: str) -> str:
    """``url`` in ASCII, as a header can have it: the host as A-labels, the rest percent-encoded (RFC 3987 §3.1).

    Raises ``ValueError`` for what is no URL of a host.
    """
    parts = urlsplit(url)
    host = ascii_domain(f"x@{parts.hostname or ''}").removeprefix("x@")
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9a-f:.]+", host):
        raise ValueError(f"{url}: is no URL of a host")
    place = f"[{host}]" if ":" in host else host
    port = "" if parts.port is None else f":{parts.port}"
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~")
    return f"{parts.scheme}://{place}{port}{path}"


CRLF = "\r\n"


def _field(name: str, value: str) -> bytes:
    return f"{name}: {value}{CRLF}".encode()


def _folded(name: str, words: list[str]) -> str:
    lines: list[str] = []
    line = words[0]
    for word in words[1:]:
        room = LINE - (len(name) + 2 if not lines else 1)
        if len(line) + 1 + len(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}"
    return f"{CRLF} ".join([*lines, line])


def _encoded(name: str, value: str) -> str:
    return Header(value, "utf-8", maxlinelen=LINE, header_name=name).encode(linesep=CRLF)


def _refuse_controls(name: str, address: str) -> None:
    if re.search(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff<>,;]", address):
        raise ValueError(f"{name}: not an address: {address[:60]!r}")
