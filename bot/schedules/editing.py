"""An edition that has not begun to go out, changed by an editor: stories, their words, the mail's lines, the posts.

Every change is of a version that the editor saw, makes the next one, renders the edition anew and is on the record. Who
changes what somebody else changed meanwhile is told so (``ConflictError``); changes of different places both stand.
A change of an approved edition asks for approval again. All raise ``NotFound``, ``StateError`` (it goes out already,
or never did), ``UsageError`` (what was written cannot be, and why) and ``RenderError``, and then change nothing.
"""

from __future__ import annotations

from bot.schedules.arranging import add, drop, move, order, pin, retell, tellings
from bot.schedules.candidates import addable
from bot.schedules.change import EDITABLE
from bot.schedules.rewording import lines, post, tell

__all__ = [
    "EDITABLE",
    "add",
    "addable",
    "drop",
    "lines",
    "move",
    "order",
    "pin",
    "post",
    "retell",
    "tell",
    "tellings",
]
