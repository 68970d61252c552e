"""A sign-up form: what it was given when it was shown, what came back, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.audience.newsletters import Newsletter
from bot.errors import TokenError
from bot.settings import is_address
from bot.tokens import KeyRing
from bot.web.public.form import Fields

SHOWN = "f"
TRAP = "leave_empty"
"""A field that people do not see: who fills it in is a program."""
FASTEST = timedelta(seconds=2)
SLOWEST = timedelta(days=1)
FORMS = ("page", "embed")


@dataclass(frozen=True, slots=True)
class Shown:
    """When a form was shown (UTC), which one, on what page."""

    at: datetime
    form: str
    page: str

    def token(self, keys: KeyRing) -> str:
        return keys.sign(SHOWN, int(self.at.timestamp()), self.form, self.page)

    @classmethod
    def read(cls, keys: KeyRing, token: str) -> Shown:
        """Raises ``TokenError`` for what no form of ours holds."""
        match keys.verify(SHOWN, token):
            case [int() as at, str() as form, str() as page]:
                return cls(datetime.fromtimestamp(at, UTC), form, page)
            case _:
                raise TokenError

    def timely(self, now: datetime) -> bool:
        """Whether a person can have filled it in, and can still know what it said."""
        return FASTEST <= now - self.at <= SLOWEST


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form holds as it is shown (again). ``wrong`` and ``wrong_choice`` are phrases, ``notice`` too."""

    address: str = ""
    chosen: frozenset[str] = frozenset()
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wrong: str = ""
    wrong_choice: str = ""
    notice: str = ""

    @property
    def good(self) -> bool:
        return not (self.wrong or self.wrong_choice)


def typed(fields: Fields, offered: Sequence[Newsletter], audience_topics: Mapping[str, Sequence[str]]) -> Typed:
    """What was sent, without what is not offered; and what of it is wrong."""
    address = cleaned(fields.get("address"))
    chosen = frozenset({each.key for each in offered} & set(fields.all("newsletter")))
    if len(offered) == 1:
        # Nothing to choose from: who subscribes wants it.
        chosen = frozenset({offered[0].key})
    return Typed(
        address=address[:254],
        chosen=chosen,
        topics=named_topics(audience_topics, {name: fields.all(f"topic:{name}") for name in audience_topics}),
        wrong=fault(address),
        wrong_choice="" if chosen else "signup_no_choice",
    )


def named_topics(
    offered: Mapping[str, Sequence[str]], named: Mapping[str, Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    """Of each audience, those topics it offers."""
    found = {
        name: tuple(each for each in topics if each in set(named.get(name, ()))) for name, topics in offered.items()
    }
    return {name: topics for name, topics in found.items() if topics}


def cleaned(address: str) -> str:
    """An address without the spaces around it, its domain in small letters."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local}{at}{domain.lower()}"


def fault(address: str) -> str:
    """The phrase that says what is wrong with an address; "" when it is one."""
    if not address:
        return "signup_no_address"
    if "@" not in address:
        return "signup_no_at"
    # What cannot be printed cannot be stored either: NUL in PostgreSQL, half a surrogate pair anywhere.
    return "" if address.isprintable() and is_address(address) else "signup_bad_address"
