"""What is measured is the real thing: a few messages, read as they came out of the sink."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from secrets import token_hex

from tests.bench import readers
from tests.bench.newsroom import LEAST_BYTES, MOST_BYTES, Newsroom
from tests.bench.signing import DkimKey
from tests.bench.sink import Sink


def proven(folder: Path, key: DkimKey | None = None) -> bytes:
    """Sends to seven readers and reads what came out of the sink; returns one of them, as it was sent.

    Each reader has one message of 20 KB in HTML and text, with their own unsubscribe link, and with
    ``key`` a good signature of its own. Raises ``RuntimeError``.
    """
    count = 7
    dump = folder / f"dump-{token_hex(4)}"
    with Sink(folder, dump=dump) as sink:
        newsroom = Newsroom(folder / f"proof-{token_hex(4)}", sink.port, key=key)
        readers.place(count, newsroom.database)
        newsroom.message()
        newsroom.send()
    to, links = set(), set()
    files = list(dump.iterdir())
    raw = b""
    for file in files:
        raw = as_sent(file.read_bytes())
        message = message_from_bytes(raw, policy=policy.default)
        html, plain = (message.get_body((kind,)) for kind in ("html", "plain"))
        link = str(message["List-Unsubscribe"]).strip("<>")
        if not html or not plain or link.rpartition("/")[2] not in html.get_content() + plain.get_content():
            raise RuntimeError("a message lacks a part, or its own unsubscribe link")
        if not LEAST_BYTES <= len(raw) <= MOST_BYTES:
            raise RuntimeError(f"a message has {len(raw)} bytes, not about 20,000")
        if key and not key.verifies(raw):
            raise RuntimeError("a message has no signature, or a bad one")
        to.add(str(message["To"]))
        links.add(link)
    if not len(files) == len(to) == len(links) == count:
        raise RuntimeError(f"{len(files)} messages to {len(to)} readers with {len(links)} links, not {count}")
    return raw


def as_sent(dump: bytes) -> bytes:
    """A file of smtp-sink without the lines it put before and after the message, with the line ends of SMTP."""
    _, _, rest = dump.partition(b"\nReceived: ")
    lines = rest.removesuffix(b"\n").split(b"\n")[1:]
    while lines[0][:1] in (b"\t", b" "):
        lines.pop(0)
    return b"\r\n".join(lines)
