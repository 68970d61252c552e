"""Values go into compiled HTML last, each escaped for the place it stands in.

MJML unescapes what stands in attributes, so a value that Jinja escaped would come out alive (a hostile alt text
became a script: https://github.com/FelixSchwarz/mjml-python, checked 2026-11-24). Therefore MJML sees only ASCII
placeholders, and what is foreign is written after it, into places known from the HTML itself.
"""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote

from bot.editions.environment import Structure, clean
from bot.editions.markup import Piece, pieces
from bot.errors import RenderError

_ATTRIBUTE = re.compile(r"""(\s+)([^\s"'=<>/]+)(\s*=\s*)("[^"]*"|'[^']*')""")
_ADDRESSES = frozenset({"href", "src", "action", "formaction", "background", "cite", "poster"})
_CLOSED = re.compile(r"^(?:style|srcset|srcdoc|on.*|xmlns.*)$")
_SCHEME = re.compile(r"(?:https?://[^\s/]|mailto:)", re.IGNORECASE)


class Values:
    """The values of one rendering, by placeholder. ``edition`` makes the placeholders unlike any other's."""

    def __init__(self, edition: str) -> None:
        self._nonce = edition
        self._values: list[str] = []
        self._placeholder = re.compile(rf"__F(\d+)_{re.escape(edition)}__")

    def show(self, value: Any) -> str:
        """What stands for ``value`` in the MJML: a placeholder; structure and numbers stand as they are."""
        if isinstance(value, Structure | int | float):
            return str(value)
        if value is None:
            return ""
        self._values.append(clean(value))
        return f"__F{len(self._values) - 1}_{self._nonce}__"

    def splice(self, compiled: str, *, name: str) -> str:
        """Puts the values into ``compiled``. Raises ``RenderError`` where a value stands in a style or a comment."""
        found = len(self._placeholder.findall(compiled))
        if len(re.findall(rf"__F\d+_{re.escape(self._nonce)}__", compiled, re.IGNORECASE)) != found:
            raise RenderError(
                f"{name}: a value was bent after it was printed: it stands as an attribute's name, or a filter was "
                "applied to a whole block; filter the value itself"
            )
        return "".join(self._filled(piece, name) for piece in pieces(compiled))

    def _filled(self, piece: Piece, name: str) -> str:
        if not self._placeholder.search(piece.text):
            return piece.text
        if piece.kind == "text" or (piece.kind == "raw" and piece.name in {"title", "textarea"}):
            return self._put(piece.text, lambda value: html.escape(value, quote=False))
        if piece.kind != "tag":
            raise RenderError(f"{name}: a value stands inside <{piece.name or '!--'}>; print values in text only")
        filled = _ATTRIBUTE.sub(lambda match: self._attribute(match, name), piece.text)
        outside = _ATTRIBUTE.sub("", piece.text)
        if self._placeholder.search(outside):
            raise RenderError(f'{name}: a value stands in <{piece.name}> outside quotes; write attribute="…"')
        return filled

    def _attribute(self, match: re.Match[str], name: str) -> str:
        space, attribute, equals, quoted = match.groups()
        if not self._placeholder.search(quoted):
            return match[0]
        key, raw = attribute.lower(), quoted[1:-1]
        if _CLOSED.match(key):
            raise RenderError(f'{name}: a value stands in {attribute}="…"; only the brand\'s own tokens may')
        if key in _ADDRESSES:
            address = self._address(raw)
            return f'{space}{attribute}{equals}"{html.escape(address)}"' if address else ""
        return f'{space}{attribute}{equals}"{self._put(raw, html.escape)}"'

    def _address(self, raw: str) -> str:
        """The address, "" when it is none that a reader may be sent to: then the attribute is left out."""
        literal = html.unescape(raw)
        first = self._placeholder.match(literal)
        head = self._values[int(first[1])].strip() if first else ""
        rest = self._put(literal[first.end() if first else 0 :], lambda value: quote(value, safe="@"))
        address = re.sub(r"\s", "%20", head + rest)
        return address if _SCHEME.match(address) else ""

    def _put(self, text: str, escaped: Any) -> str:
        return self._placeholder.sub(lambda match: escaped(self._values[int(match[1])]), text)
