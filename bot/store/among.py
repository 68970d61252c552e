"""``WHERE column IN (many values)`` as one parameter, so that the statement's text, and its plan, stay the same.

``read_past``: the same without the column's index.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Text


def among(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``column`` is one of the integers of the parameter ``name``, which ``integers`` makes."""
    return _among(dialect, column, name, BigInteger())


def among_texts(dialect: str, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """``column`` is one of the texts of the parameter ``name``, which ``texts`` makes."""
    return _among(dialect, column, name, Text())


def _among(dialect: str, column: ColumnElement[Any], name: str, kind: BigInteger | Text) -> ColumnElement[bool]:
    if dialect == "postgresql":
        return column == func.any(cast(bindparam(name), ARRAY(kind)))
    return column.in_(_listed(name))


@cache
def _listed(name: str) -> Select[Any]:
    # Once for a process: to make it takes as long as to ask a small table.
    values = func.json_each(cast(bindparam(name), Text)).table_valued("value")
    return select(values.c.value)


def integers(dialect: str, values: Collection[int]) -> Any:
    """``values`` as the parameter of ``among``."""
    return list(values) if dialect == "postgresql" else json.dumps(list(values))


def texts(dialect: str, values: Collection[str]) -> Any:
    """``values`` as the parameter of ``among_texts``."""
    return list(values) if dialect == "postgresql" else json.dumps(list(values))


def read_past(column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
    """``column`` is one of these texts, where rows are found by another column.

    Compared as it stands, SQLite takes this one's index, and goes through all that there ever were.
    """
    return column.concat("").in_(sorted(values))
