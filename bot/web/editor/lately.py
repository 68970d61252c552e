"""What was done lately, in a sentence each."""

from __future__ import annotations

from bot.delivery.sending import PROGRAM
from bot.model import User
from bot.store import Transaction
from bot.web.editor.desk import Desk
from bot.web.editor.record import READER, Line, lines

SHOWN = 6
_READ = 40


def lately(tx: Transaction, desk: Desk, user: User) -> list[Line]:
    """What people did last, the newest first; what the program did by itself stands in the activity."""
    acts = [act for act in tx.acts.newest(limit=_READ) if act.who not in (PROGRAM, "", READER)][:SHOWN]
    return lines(tx, acts, desk, user)
