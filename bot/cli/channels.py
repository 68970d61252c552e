"""``channels``: can we publish."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from bot.cli.command import Session, command, without_subcommand
from bot.errors import DeliveryError, NotFound
from bot.schedules.installation import Installation
from bot.settings import nearest


def register(app: typer.Typer) -> None:
    group = typer.Typer()
    without_subcommand(group)(show)
    command(group, "test")(test)
    app.add_typer(group, name="channels")


def show(session: Session) -> None:
    """Lists the channels and the schedules that use them."""
    with session.open() as installation:
        rows = [
            {
                "channel": name,
                "type": table["type"],
                "medium": installation.outlets[name].medium,
                "schedules": [key for key, each in installation.settings.schedules.items() if name in each.channels],
            }
            for name, table in installation.settings.channels.items()
        ]
        session.out.table(
            ("channel", "type", "schedules"),
            [(row["channel"], row["type"], ", ".join(row["schedules"])) for row in rows],
        )
        session.out.value(rows)


def test(session: Session, name: Annotated[str, typer.Argument(help="A key of [channels].")]) -> None:
    """Signs in to a channel without sending anything."""
    with session.open() as installation:
        known = installation.settings.channels
        if name not in known:
            raise NotFound(
                f'there is no channel "{name}"{nearest(name, known)}; there are: {", ".join(known) or "none"}'
            )
        said = asyncio.run(checked(installation, name))
        session.out.say(f"{name}: {said}")
        session.out.value({"channel": name, "ok": True, "said": said})


async def checked(installation: Installation, name: str) -> str:
    """What the channel says of itself. Raises ``DeliveryError``."""
    async with installation.connected() as connected:
        try:
            return await connected.channels[name].check()
        except DeliveryError as error:
            raise DeliveryError(f"channel {name}: {error}", permanent=error.permanent) from error
