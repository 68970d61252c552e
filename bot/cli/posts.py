"""``posts``: what stands on the networks, and taking it down."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.cli.command import Session, command, without_subcommand
from bot.cli.editions import who
from bot.cli.output import local
from bot.errors import NothingToDo, StateError, StoreHeld, UsageError
from bot.schedules.installation import Installation
from bot.schedules.removal import Standing, removable, standing
from bot.schedules.removal import remove as take_down
from bot.schedules.standing import Posted

Since = Annotated[str, typer.Option("--since", help='From when on, e.g. "-30d".', metavar="TIME")]
Withdrawn = Annotated[bool, typer.Option("--withdrawn", help="Only about articles that the newsroom withdrew since.")]
Channel = Annotated[list[str] | None, typer.Option("--channel", help="Only on this channel; may be repeated.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer()
    without_subcommand(group)(show)
    command(group, "remove")(remove)
    app.add_typer(group, name="posts")


def show(session: Session, since: Since = "-7d", withdrawn: Withdrawn = False, channel: Channel = None) -> None:
    """Lists the posts that went out, with what became of them; --withdrawn: those that should not stand any more."""
    with session.open() as installation:
        found = _found(session, installation, since, withdrawn, channel)
        zone = installation.newsroom.timezone
        session.out.table(
            ("sent", "channel", "article", "post", "state"),
            [
                (
                    local(each.edition.slot, zone),
                    post.delivery.channel,
                    f"{each.article.id} {textwrap.shorten(each.article.title, 50, placeholder=' …')}",
                    post.id,
                    _state(installation, each, post),
                )
                for each, post in found
            ],
        )
        if withdrawn and found:
            ids = " ".join(dict.fromkeys(str(each.article.id) for each, _ in found))
            session.out.say(f"\nto take them down: broadsheet posts remove {ids}")
        session.out.value([_told(installation, each, post) for each, post in found])


def remove(
    session: Session,
    articles: Annotated[
        list[int] | None, typer.Argument(min=1, max=2**63 - 1, help="Ids of articles, as `broadsheet posts` shows.")
    ] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="All posts about withdrawn articles.")] = False,
    since: Since = "-30d",
    channel: Channel = None,
) -> None:
    """Takes down the posts about articles; it goes out with the next tick of `up`, and through the ledger."""
    if bool(articles) == withdrawn:
        raise UsageError("name articles, or --withdrawn")
    with session.open() as installation:
        if withdrawn:
            found = _found(session, installation, since, True, channel)
            articles = list(dict.fromkeys(each.article.id for each, _ in found))
        done: list[dict[str, Any]] = []
        for article in articles or ():
            try:
                made = take_down(installation, article, channels=channel or (), who=who(), now=installation.clock())
            except (NothingToDo, StateError) as error:
                # The others go down all the same.
                if isinstance(error, StoreHeld) or (isinstance(error, StateError) and len(articles or ()) == 1):
                    raise
                session.out.say(str(error))
                continue
            for edition in made:
                channels = ", ".join(each.channel for each in edition.renditions)
                session.out.say(f"article {article}: edition {edition.id} takes its posts down on {channels}")
                done.append({"article": article, "edition": edition.id, "posts": len(edition.renditions)})
        session.out.value(done)
        if not done:
            raise NothingToDo("no post stands that is to be taken down")


def _found(
    session: Session, installation: Installation, since: str, withdrawn: bool, channels: list[str] | None
) -> list[tuple[Standing, Posted]]:
    begin: datetime = session.moment(installation, since)
    with installation.store.read() as tx:
        found = standing(tx, since=begin, withdrawn=withdrawn)
    return [(each, post) for each in found for post in each.posts if not channels or post.delivery.channel in channels]


def _state(installation: Installation, found: Standing, post: Posted) -> str:
    if post.removed:
        return "taken down"
    if post.pending:
        return f"edition {post.pending} is to {post.pending_act} it"
    if found.article.withdrawn:
        return "withdrawn" if removable(installation, post) else "withdrawn; take it down by hand"
    return "stands"


def _told(installation: Installation, found: Standing, post: Posted) -> dict[str, Any]:
    return {
        "edition": found.edition.id,
        "slot": found.edition.slot,
        "channel": post.delivery.channel,
        "article": found.article.id,
        "title": found.article.title,
        "withdrawn": found.article.withdrawn,
        "id": post.id,
        "removed": post.removed,
        "pending": post.pending or None,
        "removable": removable(installation, post),
    }
