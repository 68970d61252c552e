"""``/editions/ID``: what an edition is, why it is so, how it looks, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from bot.delivery.pausing import waits_for
from bot.editions.compose import Outlet
from bot.editions.digest import LARGEST
from bot.editions.origin import origin
from bot.editions.post_view import PostView, view
from bot.model import ChannelState, Edition, Email, Grade, Limits
from bot.schedules.installation import Installation
from bot.schedules.preflight import findings
from bot.store.editions import WENT_OUT
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.preview import filled
from bot.web.editor.states import of_edition


@dataclass(frozen=True, slots=True)
class MailShown:
    channel: str
    email: Email
    text: str
    size: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The articles that one rule left out."""

    rule: str
    articles: list[dict[str, Any]]


def routes(desk: Desk) -> APIRouter:
    """GET and HEAD of ``/editions/ID``."""
    router = APIRouter()

    @router.api_route("/editions/{edition}", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, edition: str) -> Response:
        with desk.installation.store.read() as tx:
            found = tx.editions.get(edition) if edition.isalnum() else None
            if found is None:
                return desk.missing(request)
            report, balance = tx.editions.report(edition), tx.deliveries.balance(edition)
            expires, acts = tx.editions.expires(edition), tx.acts.newest(thing=f"edition:{edition}")
            checks, channels = findings(tx, desk.installation, found), tx.channels.all()
            waits = waits_for(tx, edition)
        return desk.page(
            request,
            user,
            "editor/edition.html.j2",
            here="today",
            edition=found,
            shown=of_edition(found.state, balance.states),
            headline=found.stories[0].article.title if found.stories else "",
            public=found.state in WENT_OUT,
            expires=expires,
            balance=balance,
            acts=acts,
            origins={story.position: origin(story, report) for story in found.stories},
            left_out=_left_out(report),
            mails=_mails(found, desk.installation.newsroom.timezone),
            posts=_posts(desk.installation, found, channels),
            clipped=LARGEST,
            checks=checks,
            waits=waits,
            to_mend=sum(each.grade is Grade.FAULT for each in checks),
            to_know=sum(each.grade is Grade.WARNING for each in checks),
        )

    return router


def _left_out(report: dict[str, Any]) -> list[LeftOut]:
    rules: dict[str, list[dict[str, Any]]] = {}
    for each in report.get("rejections") or []:
        rules.setdefault(str(each.get("rule") or "other"), []).append(
            {key: str(each.get(key) or "") for key in ("title", "url", "reason")}
        )
    ordered = sorted(rules.items(), key=lambda item: -len(item[1]))
    return [LeftOut(rule.replace("-", " "), articles) for rule, articles in ordered]


def _mails(edition: Edition, timezone: str) -> list[MailShown]:
    return [
        MailShown(
            each.channel,
            each.email,
            filled(each.email.text, edition, each.email.language, ZoneInfo(timezone)),
            len(each.email.html.encode()),
        )
        for each in edition.renditions
        if each.email
    ]


def _posts(installation: Installation, edition: Edition, accounts: Mapping[str, ChannelState]) -> list[PostView]:
    """The posts; those of channels that left the settings without their limits."""
    outlets, newsroom = installation.outlets, installation.newsroom
    return [
        view(
            each,
            outlets.get(each.channel) or Outlet(channel=each.channel, medium="post", limits=Limits(), template=""),
            newsroom,
            account=accounts[each.channel].account if each.channel in accounts else "",
        )
        for each in edition.renditions
        if each.post
    ]
