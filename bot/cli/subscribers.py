"""``subscribers``: who gets the digests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.audience import enrolment
from bot.audience.data import personal_data_of
from bot.audience.export import exported, exported_cells, write_subscribers
from bot.audience.origins import FIELDS
from bot.cli import audience as shared
from bot.cli.audience import Address, Audience, DryRun, Into, Refused, known_audience, only_audience
from bot.cli.command import Limit, Session, command
from bot.cli.editions import who
from bot.cli.output import local
from bot.errors import NotFound, NothingToDo, StateError, UsageError
from bot.model import Evidence
from bot.store.chosen import read_evidence

Note = Annotated[str, typer.Option("--note", help="The evidence: where and how they agreed.")]
Consent = Annotated[
    str,
    typer.Option("--consent", help='Where and how they agreed, e.g. "form on record.example, double opt-in, 2024".'),
]
Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="What a column means, e.g. email=Mail; may be repeated."),
]
Tags = Annotated[bool, typer.Option("--tags-as-topics", help="Tags that are topics of the audience become choices.")]
State = Annotated[str, typer.Option("--state", help="subscribed or unsubscribed.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Who gets the digests.", no_args_is_help=True)
    command(group, "add")(add)
    command(group, "list")(show)
    command(group, "show")(data)
    command(group, "import")(import_file)
    command(group, "export")(export)
    command(group, "forget")(forget)
    app.add_typer(group, name="subscribers")


def add(session: Session, address: Address, audience: Audience = "", name: str = "", note: Note = "") -> None:
    """Subscribes one address that has agreed to it."""
    with session.open() as installation:
        result = enrolment.add(
            installation.store,
            address,
            only_audience(installation, audience),
            name=name,
            by=who(),
            note=note,
            now=installation.clock(),
        )
        session.out.value({"address": address, "result": result})
    if result == "known":
        raise NothingToDo(f"{address}: is subscribed already")
    if result == "suppressed":
        raise StateError(
            f"{address}: is suppressed; `broadsheet suppressions list` says why, `suppressions remove` allows it again"
        )
    if result == "left":
        raise StateError(f"{address}: left at a time that is still to come; is this machine's clock right?")
    session.out.say(f"{address}: {result}")


def show(
    session: Session,
    audience: Audience = "",
    state: State = "",
    limit: Limit = 100,
) -> None:
    """Lists subscribers."""
    need_state(state)
    with session.open() as installation:
        known_audience(installation, audience)
        with installation.store.read() as tx:
            found = tx.subscribers.page(audience=audience, state=state, limit=limit)
        zone = installation.newsroom.timezone
        session.out.table(
            ("address", "name", "audience", "state", "since", "by"),
            [
                (each.address, each.name, each.audience, each.state, local(each.consent.at, zone), each.consent.via)
                for each in found
            ],
        )
        session.out.value(found)


def import_file(
    session: Session,
    file: Annotated[
        Path,
        typer.Argument(help="A CSV with a header, or an export of Mailchimp (ZIP), listmonk, Ghost and others."),
    ],
    audience: Audience = "",
    consent: Consent = "",
    columns: Map = None,
    tags: Tags = False,
    dry_run: DryRun = False,
    refused: Refused = None,
) -> int:
    """Subscribes the addresses of a file; the same command goes on where it stopped. docs/import.md tells of each."""
    with session.open() as installation:
        settings = installation.settings
        named = known_audience(installation, audience)
        if not named and len(settings.audiences) == 1:
            named = only_audience(installation, "")
        job = enrolment.subscribers_import(
            file,
            named,
            settings.audiences,
            by=who(),
            zone=ZoneInfo(settings.newsroom.timezone),
            consent=consent.strip(),
            mapped=dict(_mapped(each) for each in columns or ()),
            topics=settings.audiences[named].topics if tags and named else (),
            keep_ip=settings.signup.keep_ip,
            refused=refused,
        )
        return shared.run(session, installation, job, dry_run=dry_run)


def _mapped(text: str) -> tuple[str, str]:
    field, sign, column = text.partition("=")
    if not (sign and column.strip() and field.strip() in FIELDS):
        raise UsageError(f'--map takes FIELD=COLUMN, not "{text}"; the fields: {", ".join(FIELDS)}')
    return field.strip(), column


def export(session: Session, file: Into = None, audience: Audience = "", state: State = "") -> None:
    """Writes the subscribers as CSV with consent, choices and state; with --json and no file, as JSON."""
    need_state(state)
    with session.open() as installation:
        known_audience(installation, audience)
        with installation.store.read() as tx:
            rows = exported(tx, audience, state)
            if file is None and session.out.as_json:
                shared.on_record(installation, "subscribers", audience, "the standard output")
                session.out.value([{"address": each.address, **exported_cells(each)} for each in rows])
                return
            shared.write(
                session, installation, file, "subscribers", audience, lambda stream: write_subscribers(rows, stream)
            )


def data(session: Session, address: Address) -> None:
    """Shows all that is held on a reader; with --json in full, to be handed to them (GDPR, articles 15 and 20)."""
    with session.open() as installation, installation.store.read() as tx:
        held = personal_data_of(tx, address)
    if held is None:
        raise NotFound(f"{address}: is not known")
    session.out.say(f"{held['address']} {held['name']}".rstrip())
    for each in held["subscriptions"]:
        agreed = read_evidence(each["evidence"]) or Evidence()
        session.out.say(
            f"  {each['audience']}: {each['state']}, agreed {agreed.day or each['consent_at']} ({each['consent_via']}"
            f"{f' at {agreed.imported.isoformat()}' if agreed.imported else ''})"
        )
    for each in held["suppressions"]:
        session.out.say(f"  never mailed by {each['audience'] or 'any'}: {each['reason']}, since {each['at']}")
    for name in ("past_consents", "requests", "deliveries", "events", "told"):
        session.out.say(f"  {name.replace('_', ' ')}: {len(held[name])}")
    session.out.value(held)


def need_state(state: str) -> None:
    """Raises ``UsageError`` for what is no state of a subscription."""
    if state not in ("", "subscribed", "unsubscribed"):
        raise UsageError(f'--state takes "subscribed" or "unsubscribed", not "{state}"')


def forget(session: Session, address: Address) -> None:
    """Erases an address everywhere, and keeps it from being imported again."""
    with session.open() as installation:
        if not enrolment.forget(installation.store, address, who=who(), now=installation.clock()):
            raise NotFound(f"{address}: is not known")
        session.out.say(f"{address}: erased")
        session.out.value({"address": address, "erased": True})
