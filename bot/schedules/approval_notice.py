"""What those are told who may approve an edition, when it begins to wait for them."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.delivery.alert import PREFLIGHT, Alert, Approval, Facts
from bot.model import CORRECTION_MAIL, Edition, EditionState, Phrase, Role, plural, several
from bot.schedules.correction_mail import readers_of
from bot.schedules.installation import Installation
from bot.schedules.truth import findings_of
from bot.store import Transaction
from bot.store.said import read

_THEN = {
    "hold": Phrase("If nobody does, it is held, and you are told."),
    "send": Phrase("If nobody does, it goes out all the same."),
    "skip": Phrase("If nobody does, it is skipped, and nobody gets it."),
    "next": Phrase("If nobody does, the next edition says it."),
}
_FIRST_STORIES = 30


def asked(tx: Transaction, installation: Installation, alert: Alert) -> Alert:
    """``alert``; one of an edition that waits for approval with what its approvers must know, and their addresses."""
    edition = alert.edition
    if edition is None or edition.state is not EditionState.AWAITING:
        return alert
    zone = ZoneInfo(installation.newsroom.timezone)
    table = installation.settings.schedules.get(edition.schedule)
    own = edition.slot_key.startswith(CORRECTION_MAIL)
    ends = max(edition.slot, edition.created + table.lead_time) if table else edition.slot
    if own:
        ends = tx.editions.expires(edition.id) or ends
    until = ends.astimezone(zone)
    approvers = [each for each in tx.users.every() if each.disabled is None and each.role.may(Role.APPROVER)]
    rule = "next" if own else "hold" if edition.reason or table is None else table.if_unapproved
    approval = Approval(
        to=tuple(each.address for each in approvers if each.address),
        facts=_facts(tx, installation, edition),
        look=_look(tx, installation, edition),
        stories=tuple(each.told.article.title or each.told.summary.text for each in edition.stories[:_FIRST_STORIES]),
    )
    said = (
        Phrase("Nothing goes out before someone approves."),
        Phrase("It waits until %(moment)s.", moment=until),
        _THEN[rule],
    )
    status = Phrase("Awaiting your approval until %(moment)s", moment=until)
    return replace(alert, status=status, said=said, approval=approval)


def _facts(tx: Transaction, installation: Installation, edition: Edition) -> Facts:
    email = next((each.email for each in edition.renditions if each.email), None)
    posts = [each.channel for each in edition.renditions if each.post]
    table = installation.settings.schedules.get(edition.schedule)
    mail = ""
    if email:
        number = tx.growth.numbers([table.audience]).get(table.audience, 0) if table and table.audience else 0
        if edition.slot_key.startswith(CORRECTION_MAIL):
            number = readers_of(tx, edition.id)
        size = round(len(email.html.encode()) / 1000)
        readers = plural(number, "%(count)s reader", "%(count)s readers")
        mail = (
            Phrase("%(readers)s, %(size)s kB", readers=readers, size=size)
            if table and table.audience
            else Phrase("%(size)s kB", size=size)
        )
    social = [
        plural(posts.count(channel), "%(channel)s: %(count)s post", "%(channel)s: %(count)s posts", channel=channel)
        for channel in dict.fromkeys(posts)
    ]
    stories = plural(len(edition.stories), "%(count)s story", "%(count)s stories")
    facts = (
        (Phrase("Subject"), email.subject if email else ""),
        (Phrase("Goes out"), edition.slot.astimezone(ZoneInfo(installation.newsroom.timezone))),
        (Phrase("Stories"), stories),
        (Phrase("Mail"), mail),
        (Phrase("Posts"), several(tuple(social))),
    )
    return tuple((key, value) for key, value in facts if value)


def _look(tx: Transaction, installation: Installation, edition: Edition) -> tuple[str, ...]:
    kept = tx.editions.report(edition.id).get(PREFLIGHT) or {}
    wrong = [each for each in findings_of(tx, installation, edition) if each.stands_in_the_way]
    said = (Phrase("the articles do not say “%(text)s”", text=each.text) for each in wrong)
    return (*filter(None, (edition.reason,)), *said, *map(read, kept.get("look", ())))
