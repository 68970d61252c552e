"""``users``: who works at the desk."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.accounts import invitations
from bot.accounts.users import change_role
from bot.accounts.users import disable as disable_user
from bot.accounts.users import enable as enable_user
from bot.cli.command import Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.delivery.inviting import desk_channel
from bot.errors import NotFound, UsageError
from bot.model import Invitation, Purpose, Role, User
from bot.schedules.installation import Installation
from bot.settings import nearest

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="Their mail address.", show_default=False)]
Note = Annotated[str, typer.Option("--note", help="Why, for those who look later.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Who works at the desk, and what they may do.", no_args_is_help=True)
    command(group, "add")(add)
    command(group, "list")(show)
    command(group, "role")(role)
    command(group, "password")(password)
    command(group, "disable")(disable)
    command(group, "enable")(enable)
    app.add_typer(group, name="users")


def add(
    session: Session,
    address: Address,
    role: Annotated[str, typer.Option("--role", help="viewer, editor, approver or admin.")] = Role.EDITOR,
    name: Annotated[str, typer.Option("--name", help="As colleagues know them; they may write it otherwise.")] = "",
    language: Annotated[str, typer.Option("--language", help="Of the mail and the desk: en, de, ja or ar.")] = "",
    link: Annotated[bool, typer.Option("--link", help="Print the link, and mail none.")] = False,
) -> None:
    """Invites somebody: they get a link by mail and choose a password. The first is an admin, whose link is printed."""
    with session.open() as installation:
        with installation.store.read() as tx:
            first = not tx.users.any()
        mails = bool(desk_channel(installation.settings)) and not (first or link)
        made = invitations.invite(
            installation.store,
            address,
            _role(role),
            who=who(),
            now=installation.clock(),
            name=name,
            language=language,
            mail=mails,
        )
        _tell(session, installation, made, mails=mails)


def show(session: Session) -> None:
    """Lists users and open invitations."""
    with session.open() as installation:
        with installation.store.read() as tx:
            users = tx.users.every()
            invited = tx.invitations.open(Purpose.JOIN, installation.clock())
        zone = installation.newsroom.timezone
        session.out.table(
            ("address", "name", "role", "state"),
            [
                *((each.address, each.name, each.role, _since(each, zone)) for each in users),
                *((each.address, each.name, each.role, f"invited, until {local(each.ends, zone)}") for each in invited),
            ],
        )
        session.out.value({"users": users, "invitations": invited})
        if not users:
            session.out.say(
                "nobody has an account: the desk opens on this machine, by the address that `broadsheet desk` prints"
            )


def role(
    session: Session,
    address: Address,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, editor, approver or admin.", show_default=False)],
) -> None:
    """Gives somebody another role; they are logged out everywhere."""
    with session.open() as installation:
        user = _known(installation, address)
        given = change_role(installation.store, user.id, _role(role), who=who(), now=installation.clock())
        session.out.say(f"{given.name} is {given.role}")
        session.out.value(given)


def password(session: Session, address: Address) -> None:
    """Prints a link by which somebody chooses a new password, once, within two hours."""
    with session.open() as installation:
        user = _known(installation, address)
        made = invitations.let_choose(installation.store, user, who=who(), now=installation.clock())
        _tell(session, installation, made, mails=False)


def disable(session: Session, address: Address, note: Note = "") -> None:
    """Shuts somebody out at once: sessions and tokens end, their name stays on the record."""
    with session.open() as installation:
        user = _known(installation, address)
        shut = disable_user(installation.store, user.id, who=who(), now=installation.clock(), note=note)
        session.out.say(f"{shut.name} cannot log in any more")
        session.out.value(shut)


def enable(session: Session, address: Address) -> None:
    """Lets somebody who was disabled log in again, with the password and the role they had."""
    with session.open() as installation:
        user = _known(installation, address)
        able = enable_user(installation.store, user.id, who=who(), now=installation.clock())
        session.out.say(f"{able.name} may log in again")
        session.out.value(able)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        known = [each.value for each in Role]
        raise UsageError(f'there is no role "{text}"{nearest(text, known)}; roles are: {", ".join(known)}') from error


def _known(installation: Installation, address: str) -> User:
    with installation.store.read() as tx:
        found = tx.users.find(address)
    if found is None:
        raise NotFound(f'nobody has an account under "{address}"; `broadsheet users list` shows who has')
    return found


def _tell(session: Session, installation: Installation, made: Invitation, *, mails: bool) -> None:
    link = invitations.link(installation.keys, made, installation.newsroom.public_url)
    until = local(made.ends, installation.newsroom.timezone)
    if mails:
        session.out.say(f"{made.address} gets a link by mail, which works until {until}")
    else:
        session.out.say(f"give this link to {made.address}; it works once, until {until}:")
        session.out.say(link)
    session.out.value({**_facts(made), "link": link})


def _facts(made: Invitation) -> dict[str, object]:
    return {
        "id": made.id,
        "purpose": made.purpose,
        "address": made.address,
        "role": made.role,
        "ends": made.ends,
        "mails": made.due is not None,
    }


def _since(user: User, zone: str) -> str:
    return f"disabled since {local(user.disabled, zone)}" if user.disabled else "may log in"
