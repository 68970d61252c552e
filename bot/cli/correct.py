"""``correct``: what was sent about an article, what changed since, and a correction for the readers."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.cli.command import Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.errors import UsageError
from bot.schedules import corrected
from bot.schedules.corrected import Reach, Telling
from bot.schedules.installation import Installation
from bot.schedules.replies import Way

Article = Annotated[
    int, typer.Argument(min=1, max=2**63 - 1, help="An article's id, as `broadsheet articles` shows it.")
]
Said = Annotated[str, typer.Option("--said", help="What we said, in a sentence; needs --right.")]
Right = Annotated[
    str, typer.Option("--right", help="What is right; the next mail of each schedule tells both, posts are answered.")
]
Posts = Annotated[
    Way,
    typer.Option(
        "--posts",
        help="How posts are corrected: by a reply; where they stand, as far as the network can; or replaced, which "
        "takes down what cannot be changed, with all that people answered.",
    ),
]
MailNow = Annotated[
    bool,
    typer.Option(
        "--mail-now",
        help="Not in the next mail, but in one of its own to those who have the wrong one; it waits for approval.",
    ),
]
Drop = Annotated[int, typer.Option("--drop", min=0, help="Take back this correction, which no edition tells yet.")]


def register(app: typer.Typer) -> None:
    command(app)(correct)


def correct(
    session: Session,
    article: Article,
    said: Said = "",
    right: Right = "",
    posts: Posts = Way.REPLY,
    mail_now: MailNow = False,
    drop: Drop = 0,
) -> None:
    """Shows what was sent about an article and what changed since; corrects it in the next mail, and its posts."""
    if bool(said) != bool(right):
        raise UsageError("a correction takes both: --said … and --right …")
    with session.open() as installation:
        by, now = who(), installation.clock()
        if drop:
            corrected.drop(installation, drop, who=by, now=now)
        if said:
            corrected.correct(
                installation, article, said=said, right=right, who=by, now=now, way=posts, mail_now=mail_now
            )
        with installation.store.read() as tx:
            found = corrected.reach(tx, article)
        _show(session, installation, found)
        for schedule in corrected.untold(found, said=said, right=right) if said else ():
            session.out.say(f"\nnobody is told by {schedule}: {corrected.MUTE}")
        session.out.value(_told(found))


def _show(session: Session, installation: Installation, found: Reach) -> None:
    out, zone = session.out, installation.newsroom.timezone
    article = found.article
    out.say(f"article {article.id}, revision {article.revision}: {article.title}")
    out.say("withdrawn" if article.withdrawn else article.url)
    for telling in found.tellings:
        edition = telling.edition
        out.say(f"\n{edition.name}, edition {edition.id} of {local(edition.slot, zone)}: {edition.state}")
        out.say(
            f"  it told revision {telling.story.article.revision}; {telling.what or 'nothing that matters changed'}"
        )
        for post in telling.posts:
            known = post.id or "no id known"
            if post.delivery.channel not in installation.configured:
                known += "; the channel left the settings: correct it by hand"
            out.say(f"  posted on {post.delivery.channel}: {'taken down' if post.removed else known}")
        for channel in telling.waiting:
            out.say(f"  goes out on {channel} yet, as it was: cancel the edition, or correct it when it is posted")
        for each in telling.differences if not article.withdrawn else ():
            out.say(f"  was: {_short(each.was)}")
            out.say(f"  is:  {_short(each.now)}")
    for correction in found.corrections:
        stands = corrected.stands(installation, found, correction)
        out.say(f"\ncorrection {correction.id} for {correction.schedule}, by {correction.who}: {stands}")
        replies = found.replies.get(correction.id)
        if replies:
            out.say(f"  posts corrected by edition {replies.id}: {replies.state}")
        out.say(f"  we said:  {correction.said}")
        out.say(f"  in fact:  {correction.right}")


def _short(text: str) -> str:
    return textwrap.shorten(text, 300, placeholder=" …") or "(nothing)"


def _told(found: Reach) -> dict[str, Any]:
    article = found.article
    return {
        "article": article.id,
        "revision": article.revision,
        "title": article.title,
        "url": article.url,
        "withdrawn": article.withdrawn,
        "sent": [_sent(each) for each in found.tellings],
        "corrections": [
            {**asdict(each), "replies": found.replies[each.id].id if each.id in found.replies else None}
            for each in found.corrections
        ],
    }


def _sent(telling: Telling) -> dict[str, Any]:
    return {
        "edition": telling.edition.id,
        "schedule": telling.edition.schedule,
        "slot": telling.edition.slot,
        "state": telling.edition.state,
        "revision": telling.story.article.revision,
        "changed": telling.what,
        "posts": [{"channel": each.delivery.channel, "id": each.id, "removed": each.removed} for each in telling.posts],
        "waiting": list(telling.waiting),
        "differences": [asdict(each) for each in telling.differences],
    }
