"""What those are told who may approve an edition, when it begins to wait for them."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.delivery.alerts import PREFLIGHT, Alert, Approval
from bot.model import CORRECTION_MAIL, Edition, EditionState, Role
from bot.schedules.correction_mail import readers_of
from bot.schedules.installation import Installation
from bot.schedules.truth import findings_of
from bot.store import Transaction
from bot.stories.words import counted

_THEN = {
    "hold": "If nobody does, it is held, and you are told.",
    "send": "If nobody does, it goes out all the same.",
    "skip": "If nobody does, it is skipped, and nobody gets it.",
    "next": "If nobody does, the next edition says it.",
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
    until = f"{ends.astimezone(zone):%A %H:%M}"
    approvers = [each for each in tx.users.every() if each.disabled is None and each.role.may(Role.APPROVER)]
    rule = "next" if own else "hold" if edition.reason or table is None else table.if_unapproved
    approval = Approval(
        to=tuple(each.address for each in approvers if each.address),
        link=f"{installation.newsroom.public_url}/editions/{edition.id}",
        facts=_facts(tx, installation, edition),
        look=_look(tx, installation, edition),
        stories=tuple(each.told.article.title or each.told.summary.text for each in edition.stories[:_FIRST_STORIES]),
    )
    said = f"Nothing goes out before someone approves. It waits until {until}. {_THEN[rule]}"
    return replace(alert, status=f"Awaiting your approval until {until}", said=said, approval=approval)


def _facts(tx: Transaction, installation: Installation, edition: Edition) -> tuple[tuple[str, str], ...]:
    email = next((each.email for each in edition.renditions if each.email), None)
    posts = [each.channel for each in edition.renditions if each.post]
    table = installation.settings.schedules.get(edition.schedule)
    mail = ""
    if email:
        size = f"{len(email.html.encode()) / 1000:.0f} kB"
        number = tx.growth.numbers([table.audience]).get(table.audience, 0) if table and table.audience else 0
        if edition.slot_key.startswith(CORRECTION_MAIL):
            number = readers_of(tx, edition.id)
        readers = f"{counted(number, 'reader')}, " if table and table.audience else ""
        mail = f"{readers}{size}"
    social = ", ".join(f"{channel}: {counted(posts.count(channel), 'post')}" for channel in dict.fromkeys(posts))
    zone = ZoneInfo(installation.newsroom.timezone)
    facts = (
        ("Subject", email.subject if email else ""),
        ("Goes out", f"{edition.slot.astimezone(zone):%A %d %B %Y, %H:%M %Z}"),
        ("Stories", counted(len(edition.stories), "story")),
        ("Mail", mail),
        ("Posts", social),
    )
    return tuple((key, value) for key, value in facts if value)


def _look(tx: Transaction, installation: Installation, edition: Edition) -> tuple[str, ...]:
    kept = tx.editions.report(edition.id).get(PREFLIGHT) or {}
    wrong = [each for each in findings_of(tx, installation, edition) if each.stands_in_the_way]
    said = [f"the articles do not say “{each.text}”" for each in wrong]
    lines = ([edition.reason] if edition.reason else []) + said + list(kept.get("look", ()))
    return tuple(f"{line[:1].upper()}{line[1:]}" for line in lines)
