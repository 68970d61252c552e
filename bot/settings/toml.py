"""Writes tables as TOML, which the standard library only reads (TOML 1.0.0, https://toml.io/en/v1.0.0)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_WIDTH = 100
"""Longer lists are written in lines."""


def toml(table: Mapping[str, Any], at: Sequence[str] = ()) -> str:
    """``table`` as ``[at]``, its own values first, its tables after it; one that is empty has its head alone.

    Takes what ``tomllib`` gives: texts, numbers, true and false, lists and tables; no moments. Raises ``TypeError``.
    """
    return "\n".join(_lines(table, tuple(at))).strip("\n") + "\n"


def _lines(table: Mapping[str, Any], at: tuple[str, ...]) -> Iterator[str]:
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    if at and (len(inner) < len(table) or not table):
        yield f"[{'.'.join(map(_key, at))}]"
    for key, value in table.items():
        if key not in inner:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in inner.items():
        yield ""
        yield from _lines(value, (*at, key))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence):
        written = [_value(each) for each in value]
        line = f"[{', '.join(written)}]"
        return line if len(line) <= _WIDTH else "[\n" + "".join(f"  {each},\n" for each in written) + "]"
    raise TypeError(f"{type(value).__name__} is not written as TOML")


def _number(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    written = repr(value)
    return written if "." in written or "e" not in written else written.replace("e", ".0e")


def _text(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL and for halves of characters, which TOML cannot hold.
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007F")
