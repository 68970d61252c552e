"""What the routes of ``/api/v1`` share: the installation, and the types of what they are given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypedDict

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, StringConstraints

from bot.schedules.installation import Installation
from bot.store import Store
from bot.web.api.v1.caller import Caller

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps no U+0000."""

Word = Annotated[str, StringConstraints(max_length=100, pattern=NO_NUL)]
Line = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]
Text = Annotated[str, StringConstraints(max_length=20_000, pattern=NO_NUL)]
EditionId = Annotated[str, Path(pattern="^[a-z0-9]{1,16}$", description="An edition's id.")]
LARGEST = 2**53 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST)]
Name = Annotated[str, Path(min_length=1, max_length=100, pattern=r"^[^\x00/]+$")]


class Given(BaseModel):
    """A body that is sent to us: what we do not know in it is refused, so that no slip goes unseen."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """What we answer, made of the nouns of the layers below."""

    model_config = ConfigDict(from_attributes=True)


class Said(Given):
    """What somebody says to an act; it stands on the record."""

    note: Line = ""


class Done(Shown):
    """``changed``: how many things the call changed; 0 when all was so before."""

    changed: int


class By(TypedDict):
    """Who does it, and when."""

    who: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Api:
    """``router`` is of ``/api/v1``; each module adds its routes to it."""

    router: APIRouter
    whole: Installation

    @property
    def installation(self) -> Installation:
        """As it is now, whatever is changed meanwhile."""
        return self.whole.current()

    @property
    def store(self) -> Store:
        return self.whole.store

    @property
    def now(self) -> datetime:
        return self.whole.clock()

    def by(self, caller: Caller) -> By:
        return {"who": caller.who, "now": self.now}
