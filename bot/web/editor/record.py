"""Acts as lines of the record: a sentence in which people and things have their names, and what it changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup, escape

from bot.delivery.alert import CHANGED
from bot.delivery.alerting import title_in
from bot.delivery.sending import PROGRAM
from bot.editions.comparison import Run, words_between
from bot.model import Act, EditionState, Role, Scope, User
from bot.schedules.declaring import CHANGE, MAKE, REMOVE
from bot.schedules.moving import MOVE, PUT_BACK
from bot.speech.catalog import N_, _
from bot.speech.phrases import told
from bot.store import Transaction
from bot.summaries.cutting import cut
from bot.web.editor.deeds import ALL_AUDIENCES, THINGS, UNNAMED, sentence
from bot.web.editor.desk import Desk
from bot.web.editor.roles import role_word, scope_word
from bot.web.editor.times import Times

READER = "reader"
YOURS = N_("%(name)s (you)")
_LONGEST = 400
"""Characters of a before, an after or a note that are shown; the CSV has them whole."""
_STATES = {
    "",
    *(each.value for each in EditionState),
    *("enabled", "disabled", "subscribed", "unsubscribed", "stopped", "trial"),
}
"""States of things: the sentence says what became of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One act. ``who`` is a name; ``mine``: of whoever looks. ``thing`` is what it was done to, "" for what has no
    name; ``href`` its page below the desk's root, "".

    ``runs`` are what it changed, by words; ``note`` is what was said of it: as it was written, where a person did.
    """

    act: Act
    who: str
    mine: bool
    thing: str
    href: str
    time: str
    runs: Sequence[Run]
    note: str

    @property
    def by_program(self) -> bool:
        return self.act.who == PROGRAM

    @property
    def own(self) -> bool:
        """Whether a reader did it to themselves."""
        return self.act.who == READER and self.act.thing.startswith("subscriber:")

    @property
    def of_settings(self) -> bool:
        """Whether what it changed is a table of the settings, and no text that people read."""
        return self.act.what in (MAKE, CHANGE, REMOVE)

    @property
    def words(self) -> str:
        """``Mara approved Evening Five``."""
        who = yours(self.who) if self.mine else self.who
        return self._sentence % {"who": who, "thing": self.thing, "time": self.time}

    @property
    def _sentence(self) -> str:
        reopened = (self.act.before, self.act.after) == (EditionState.APPROVED, EditionState.AWAITING)
        return sentence(self.act.what, own=self.own, reopened=reopened)

    def marked(self, base: str, here: str = "") -> Markup:
        """As ``words``, with names set apart from words, and a link to the thing, unless its page is ``here``.

        ``base`` is the desk's root.
        """
        kind = Markup(' class="quiet"') if self.by_program else ""
        who = Markup("<strong{}><bdi>{}</bdi></strong>").format(kind, self.who)
        if self.mine:
            who = escape(_(YOURS)) % {"name": who}
        if self.href and self.href != here:
            thing = Markup('<strong><a href="{}{}" dir="auto">{}</a></strong>').format(base, self.href, self.thing)
        else:
            thing = Markup("<strong><bdi>{}</bdi></strong>").format(self.thing)
        return escape(self._sentence) % {"who": who, "thing": thing, "time": self.time}


def lines(tx: Transaction, acts: Collection[Act], desk: Desk, user: User) -> list[Line]:
    """The acts as ``user`` reads them; the names of all things are asked for at once."""
    things = [act.thing.partition(":") for act in acts]
    editions = tx.editions.names({name for kind, _colon, name in things if kind == "edition"})
    numbers = {int(name) for kind, _colon, name in things if kind == "user" and name.isdecimal() and len(name) < 16}
    users = tx.users.names(numbers) if numbers else {}
    made = tx.declarations.all() if any(kind == "schedule" for kind, _colon, _name in things) else []
    named = {
        "schedule": {each.key: str(each.content.get("name") or each.key) for each in made if each.kind == "schedules"},
        "audience": {key: table.name for key, table in desk.installation.settings.audiences.items()},
    }
    return [
        _line(act, *_thing(act, kind, named.get(kind, {}).get(name, name), editions, users), desk.times, user)
        for act, (kind, _colon, name) in zip(acts, things, strict=True)
    ]


def person(who: str, user: User) -> str:
    """Whose act it is, as a name that says when it is the one of ``user``, who looks.

    The record says names, and no bare "you": its sentences agree with a third person in every language.
    """
    if who == user.name_on_record:
        return yours(who)
    return _name(who)


def yours(name: str) -> str:
    """The name of whoever looks."""
    return _(YOURS) % {"name": name}


def _name(who: str) -> str:
    return {PROGRAM: "Broadsheet", READER: _("A reader")}.get(who, who)


def _line(act: Act, thing: str, href: str, times: Times, user: User) -> Line:
    kind, _colon, name = act.thing.partition(":")
    reader = act.who == READER and kind == "subscriber" and name
    before, after = _value(act, act.before, times), _value(act, act.after, times)
    # Of an article that changed, its note quotes what it said.
    if act.what == CHANGED or (act.before in _STATES and act.after in _STATES):
        before = after = ""
    return Line(
        act=act,
        who=_("Reader %(number)s") % {"number": name} if reader else _name(act.who),
        mine=act.who == user.name_on_record,
        thing=thing,
        href=href,
        time=after if act.what in (MOVE, PUT_BACK) else "",
        runs=words_between(cut(before, _LONGEST), cut(after, _LONGEST)),
        note="" if thing == act.note else cut(told(act.note), _LONGEST),
    )


def _thing(act: Act, kind: str, name: str, editions: Mapping[str, str], users: Mapping[int, str]) -> tuple[str, str]:
    """What it was done to, and its page."""
    if kind == "edition":
        # The record of a slot that has no edition yet says what it is of.
        unmade = act.note if act.what in (MOVE, PUT_BACK) else ""
        return editions.get(name) or unmade or name, f"editions/{name}" if name in editions else ""
    if kind == "user" and name.isdecimal():
        return users.get(int(name), name), "settings/people"
    if kind == "token":
        return act.note or name, "settings/tokens"
    if kind == "webhook":
        return act.note or name, "settings/webhooks"
    if kind == "invitation":
        return told(act.note) or name, "settings/people"
    if kind == "audience" and name == "all":
        return _(ALL_AUDIENCES), ""
    if kind == "alert":
        return told(title_in(act.note)) or name, ""
    if not name:
        return _(UNNAMED[kind]) if kind in UNNAMED else kind, ""
    return (_(THINGS[kind]) % {"name": name} if kind in THINGS else name), ""


def _value(act: Act, value: str, times: Times) -> str:
    """A before or an after as people read it."""
    if act.what in (MOVE, PUT_BACK):
        try:
            return times.words(datetime.fromisoformat(value))
        except ValueError:
            return value
    if act.thing.startswith(("user:", "invitation:")) and value in set(Role):
        return role_word(Role(value))
    if act.thing.startswith("token:") and value in set(Scope):
        return scope_word(Scope(value))
    return value
