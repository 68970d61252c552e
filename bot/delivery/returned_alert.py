"""Alerts of what came back of an edition, or was found in it, after nobody could hold it up any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from bot.delivery.alert import CHANGED, PREFLIGHT, Alert, Command, which
from bot.delivery.rates import BOUNCE_ALARM, COMPLAINT_ALARM
from bot.delivery.settling import HELD
from bot.model import Act, Edition, Phrase
from bot.store import Transaction

RETURNED: Mapping[str, tuple[Phrase, Callable[[str], Phrase], tuple[Phrase, ...]]] = {
    BOUNCE_ALARM: (
        Phrase("Many bounces"),
        lambda name: Phrase("%(name)s: more than 5 %% came back", name=name),
        (Phrase("So many bounces harm your sender's reputation."), Phrase("Where did these addresses come from?")),
    ),
    COMPLAINT_ALARM: (
        Phrase("Complaints"),
        lambda name: Phrase("%(name)s: more than 0.1 %% complained", name=name),
        (
            Phrase(
                "Providers filter a sender whose mail is called spam so often; at 0.3 %% an edition that is being sent "
                "pauses."
            ),
        ),
    ),
    CHANGED: (
        Phrase("Changed after it was sent"),
        lambda name: Phrase("%(name)s: a story changed after it went out", name=name),
        (
            Phrase("Readers have the earlier words."),
            Phrase("Look at what changed, and say whether they are to be told."),
        ),
    ),
    PREFLIGHT: (
        Phrase("Look at this edition"),
        lambda name: Phrase("%(name)s: a look at it found faults", name=name),
        (
            Phrase("Nobody approves it, so it goes out as it is, or has."),
            Phrase("Hold or cancel it if that must not be."),
        ),
    ),
    HELD: (
        Phrase("Look at these bounces"),
        lambda name: Phrase("%(name)s: too many addresses came back at once", name=name),
        (
            Phrase("That is hardly the readers."),
            Phrase("They get the next edition, unless you say that their addresses are dead."),
        ),
    ),
}
"""By what is on record: the status, the title of an edition by its name, and what it means."""


def of_returned(tx: Transaction, flag: str, act: Act, zone: ZoneInfo) -> list[Alert]:
    """The alert of ``act``, one of ``RETURNED``; none where its edition is gone."""
    edition = tx.editions.get(act.thing.removeprefix("edition:"))
    if edition is None:
        return []
    status, title, said = RETURNED[act.what]
    article = article_of(act)
    return [
        Alert(
            flag=flag,
            at=act.at,
            edition=edition,
            status=status,
            title=title(edition.name),
            said=said,
            facts=(*which(edition, zone), (Phrase("Reason"), act.note)),
            do=_look_at(edition, act),
            page=f"articles/{article}" if article else f"editions/{edition.id}{_PART.get(act.what, '')}",
        )
    ]


_PART: Mapping[str, str] = {
    BOUNCE_ALARM: "/delivery",
    COMPLAINT_ALARM: "/delivery",
    HELD: "/delivery#bounces",
    PREFLIGHT: "/checks",
}
"""The part of an edition's page where it is seen."""


def article_of(act: Act) -> str:
    """The id of the article that changed; "" where it is about the whole edition."""
    return act.before.partition(",")[0].removeprefix("article ") if act.what == CHANGED else ""


def _look_at(edition: Edition, act: Act) -> tuple[Command, ...]:
    if act.what == CHANGED:
        correct = f"broadsheet correct {article_of(act)}"
        tell = Command(f"{correct} --said … --right …", Phrase("tells readers"))
        if act.before.endswith(", withdrawn"):
            remove = Command(f"broadsheet posts remove {article_of(act)}", Phrase("takes down the posts about it"))
            return Command(correct, Phrase("shows what was sent")), remove, tell
        return Command(correct, Phrase("shows what was sent and what changed")), tell
    if act.what == PREFLIGHT:
        show = Command(f"broadsheet editions {edition.id}", Phrase("shows all that was found"))
        return show, Command(f"broadsheet hold {edition.id}", Phrase("holds it"))
    settle = (
        Command(f"broadsheet bounces settle {edition.id} --as dead", Phrase("suppresses them")),
        Command(f"broadsheet bounces settle {edition.id} --as good", Phrase("keeps them")),
    )
    listed = Command(f"broadsheet bounces list --edition {edition.id}", Phrase("shows them"))
    return (*(settle if act.what == HELD else ()), listed)
