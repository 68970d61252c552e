"""Deliveries that are looked for in runs of ids, each from its first to its last, with one statement."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Text,
    bindparam,
    cast,
    func,
    select,
    true,
)

from bot.store.tables import deliveries

_LIMIT: ColumnElement[int] = bindparam("most", type_=BigInteger())


def ids_in(
    connection: Connection,
    runs: Sequence[tuple[int, int]],
    states: Collection[str],
    limit: int,
    only: ColumnElement[bool] | None = None,
) -> list[int]:
    """The first ``limit`` ids of ``runs`` (in order, none over another), kept in one of ``states`` (none: in any)."""
    if not runs:
        return []
    if len(runs) == 1:
        part = _part(deliveries.c.id.between(*runs[0]), states, only)
        return list(connection.execute(part.order_by(deliveries.c.id).limit(limit)).scalars())
    # One statement for any number of runs: to plan a union of sixty takes longer than to run it.
    if connection.dialect.name == "postgresql":
        firsts, lasts = (list(each) for each in zip(*runs, strict=True))
        given = {"firsts": firsts, "lasts": lasts, "most": limit}
        return list(connection.execute(_by_arrays(states, only), given).scalars())
    return list(connection.execute(_by_json(states, only), {"runs": json.dumps(runs), "most": limit}).scalars())


def _by_arrays(states: Collection[str], only: ColumnElement[bool] | None) -> Select[int]:
    kind = ARRAY(BigInteger())
    bounds = func.unnest(cast(bindparam("firsts"), kind), cast(bindparam("lasts"), kind))
    run = bounds.table_valued("first", "last").render_derived()
    within = _part(deliveries.c.id.between(run.c.first, run.c.last), states, only)
    # With a limit of its own it is answered run by run, and never by going through the ledger.
    here: Subquery = within.order_by(deliveries.c.id).limit(_LIMIT).correlate(run).lateral()  # type: ignore[assignment]
    return select(here.c.id).select_from(run.join(here, true())).order_by(here.c.id).limit(_LIMIT)


def _by_json(states: Collection[str], only: ColumnElement[bool] | None) -> Select[int]:
    run = func.json_each(cast(bindparam("runs"), Text)).table_valued("value")
    first, last = (func.json_extract(run.c.value, path, type_=BigInteger()) for path in ("$[0]", "$[1]"))
    found = _part(deliveries.c.id.between(first, last), states, only)
    return found.select_from(run.join(deliveries, true())).order_by(deliveries.c.id).limit(_LIMIT)


def _part(within: ColumnElement[bool], states: Collection[str], only: ColumnElement[bool] | None) -> Select[int]:
    part = select(deliveries.c.id).where(within)
    if states:
        part = part.where(deliveries.c.state.in_(sorted(states)))
    return part if only is None else part.where(only)
