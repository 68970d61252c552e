"""What was done lately, in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.delivery.sending import PROGRAM
from bot.editions.lifecycle import PAUSE_ALL, RESUME_ALL
from bot.model import Act
from bot.schedules.moving import MOVE, PUT_BACK
from bot.store import Transaction
from bot.web.editor.deeds import did
from bot.web.editor.speech import N_, _
from bot.web.editor.times import Times

SHOWN = 6
_READ = 40
_SAID: Mapping[str, str] = {
    "approve": N_("%(who)s approved %(name)s"),
    "hold": N_("%(who)s held %(name)s"),
    "release": N_("%(who)s released %(name)s"),
    "cancel": N_("%(who)s cancelled %(name)s"),
    "pause": N_("%(who)s paused %(name)s"),
    "resume": N_("%(who)s resumed %(name)s"),
    "skip": N_("%(who)s skipped %(name)s"),
    MOVE: N_("%(who)s moved %(name)s to %(time)s"),
    PUT_BACK: N_("%(who)s put %(name)s back to %(time)s"),
    PAUSE_ALL: N_("%(who)s paused everything"),
    RESUME_ALL: N_("%(who)s resumed everything"),
}


_NAMED_BY_NOTE = ("webhook", "token", "invitation")
"""Kinds whose acts say by their note what the thing is called."""


@dataclass(frozen=True, slots=True)
class Done:
    """One act: ``said`` in a sentence, ``href`` below the desk's root ("": it has no page)."""

    said: str
    at: datetime
    href: str


def lately(tx: Transaction, times: Times) -> list[Done]:
    """What people did last, the newest first; what the program did by itself stands in the activity."""
    acts = [act for act in tx.acts.newest(limit=_READ) if act.who not in (PROGRAM, "", "reader")][:SHOWN]
    names = dict(
        tx.editions.names([act.thing.removeprefix("edition:") for act in acts if act.thing.startswith("edition:")])
    )
    for act in acts:
        kind, _colon, key = act.thing.partition(":")
        declared = tx.declarations.get("schedules", key) if kind == "schedule" else None
        if declared:
            names[act.thing] = str(declared.content.get("name") or key)
    return [_done(act, names, times) for act in acts]


def _done(act: Act, names: Mapping[str, str], times: Times) -> Done:
    kind, _colon, thing = act.thing.partition(":")
    name = names.get(thing, "") if kind == "edition" else names.get(act.thing, thing)
    name = act.note if kind in _NAMED_BY_NOTE else name
    # The record of a slot that has no edition yet says what it is of.
    name = name or (act.note if act.what in (MOVE, PUT_BACK) else "") or act.thing
    said = {"who": act.who, "name": name, "time": _time(act, times), "what": did(act.what)}
    words = _(_SAID[act.what]) if act.what in _SAID else _("%(who)s: %(what)s, %(name)s")
    return Done(words % said, act.at, f"editions/{thing}" if kind == "edition" and thing in names else "")


def _time(act: Act, times: Times) -> str:
    try:
        return times.words(datetime.fromisoformat(act.after)) if act.what in (MOVE, PUT_BACK) else ""
    except ValueError:
        return act.after
