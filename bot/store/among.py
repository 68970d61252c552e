"""``WHERE column IN (many values)`` as one parameter, so that the statement's text, and its plan, stay the same."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Text


def among(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``column`` is one of the integers of the parameter ``name``, which ``integers`` makes."""
    if dialect == "postgresql":
        return column == func.any(cast(bindparam(name), ARRAY(BigInteger)))
    values = func.json_each(cast(bindparam(name), Text)).table_valued("value")
    return column.in_(select(values.c.value))


def integers(dialect: str, values: Collection[int]) -> Any:
    """``values`` as the parameter of ``among``."""
    return list(values) if dialect == "postgresql" else json.dumps(list(values))
