"""The store: transactions, and the repositories that live in one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from bot.store import schema
from bot.store.acts import Acts
from bot.store.address import AddressHash, settle_key
from bot.store.allowances import Allowances
from bot.store.api_calls import ApiCalls
from bot.store.api_tokens import ApiTokens
from bot.store.archive import Archive
from bot.store.articles import Articles
from bot.store.changes import Changes
from bot.store.channels import Channels
from bot.store.chunks import Chunks
from bot.store.corrections import Corrections
from bot.store.declarations import Declarations
from bot.store.deliveries import Deliveries
from bot.store.dossier import Dossier
from bot.store.edition_versions import EditionVersions
from bot.store.editions import Editions
from bot.store.endpoints import Endpoints
from bot.store.engine import PATIENCE, faults_told, open_engine, shown, with_room
from bot.store.enrolments import Enrolments
from bot.store.events import Events
from bot.store.figures import Figures
from bot.store.flags import Flags
from bot.store.folds import Folds
from bot.store.growth import Growth
from bot.store.headlines import Headlines
from bot.store.hubs import Hubs
from bot.store.images import Images
from bot.store.imports import Imports
from bot.store.invitations import Invitations
from bot.store.jobs import Jobs, used
from bot.store.links import Links
from bot.store.machine_texts import MachineTexts
from bot.store.measured_posts import MeasuredPosts
from bot.store.moved_slots import MovedSlots
from bot.store.numbers import Numbers
from bot.store.outbox import Outbox
from bot.store.progress import ProgressRows
from bot.store.reader_days import ReaderDays
from bot.store.reader_imports import ReaderImports
from bot.store.readers import Readers
from bot.store.reasons import Reasons
from bot.store.recalls import Recalls
from bot.store.schedules import Schedules
from bot.store.sessions import Sessions
from bot.store.signups import Signups
from bot.store.sources import Sources
from bot.store.subscribers import Subscribers
from bot.store.suppressions import Suppressions
from bot.store.suspects import SuspectsOfEditions
from bot.store.tables import metadata
from bot.store.users import Users


class Transaction:
    """The repositories over one connection: what is done through them is committed together, or not at all."""

    def __init__(self, connection: Connection, hashed: AddressHash) -> None:
        self.connection = connection
        self.hashed = hashed

    @cached_property
    def articles(self) -> Articles:
        return Articles(self.connection)

    @cached_property
    def headlines(self) -> Headlines:
        return Headlines(self.connection)

    @cached_property
    def changes(self) -> Changes:
        return Changes(self.connection)

    @cached_property
    def sources(self) -> Sources:
        return Sources(self.connection)

    @cached_property
    def declarations(self) -> Declarations:
        return Declarations(self.connection)

    @cached_property
    def hubs(self) -> Hubs:
        return Hubs(self.connection)

    @cached_property
    def schedules(self) -> Schedules:
        return Schedules(self.connection)

    @cached_property
    def moved_slots(self) -> MovedSlots:
        return MovedSlots(self.connection)

    @cached_property
    def editions(self) -> Editions:
        return Editions(self.connection)

    @cached_property
    def versions(self) -> EditionVersions:
        return EditionVersions(self.connection)

    @cached_property
    def corrections(self) -> Corrections:
        return Corrections(self.connection)

    @cached_property
    def archive(self) -> Archive:
        return Archive(self.connection)

    @cached_property
    def chunks(self) -> Chunks:
        return Chunks(self.connection)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.connection)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.connection)

    @cached_property
    def channels(self) -> Channels:
        return Channels(self.connection)

    @cached_property
    def recalls(self) -> Recalls:
        return Recalls(self.connection)

    @cached_property
    def measured_posts(self) -> MeasuredPosts:
        return MeasuredPosts(self.connection)

    @cached_property
    def links(self) -> Links:
        return Links(self.connection)

    @cached_property
    def images(self) -> Images:
        return Images(self.connection)

    @cached_property
    def machine_texts(self) -> MachineTexts:
        return MachineTexts(self.connection)

    @cached_property
    def folds(self) -> Folds:
        return Folds(self.connection)

    @cached_property
    def subscribers(self) -> Subscribers:
        return Subscribers(self.connection, self.hashed)

    @cached_property
    def suppressions(self) -> Suppressions:
        return Suppressions(self.connection, self.hashed)

    @cached_property
    def suspects(self) -> SuspectsOfEditions:
        return SuspectsOfEditions(self.connection)

    @cached_property
    def enrolments(self) -> Enrolments:
        return Enrolments(self.connection, self.hashed)

    @cached_property
    def imports(self) -> Imports:
        return Imports(self.connection)

    @cached_property
    def reader_imports(self) -> ReaderImports:
        return ReaderImports(self.connection)

    @cached_property
    def readers(self) -> Readers:
        return Readers(self.connection)

    @cached_property
    def growth(self) -> Growth:
        return Growth(self.connection)

    @cached_property
    def dossier(self) -> Dossier:
        return Dossier(self.connection, self.hashed)

    @cached_property
    def signups(self) -> Signups:
        return Signups(self.connection, self.hashed)

    @cached_property
    def events(self) -> Events:
        return Events(self.connection)

    @cached_property
    def acts(self) -> Acts:
        return Acts(self.connection)

    @cached_property
    def flags(self) -> Flags:
        return Flags(self.connection)

    @cached_property
    def allowances(self) -> Allowances:
        return Allowances(self.connection)

    @cached_property
    def figures(self) -> Figures:
        return Figures(self.connection)

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.connection)

    @cached_property
    def reader_days(self) -> ReaderDays:
        return ReaderDays(self.connection)

    @cached_property
    def reasons(self) -> Reasons:
        return Reasons(self.connection)

    @cached_property
    def progress(self) -> ProgressRows:
        return ProgressRows(self.connection)

    @cached_property
    def users(self) -> Users:
        return Users(self.connection)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.connection)

    @cached_property
    def invitations(self) -> Invitations:
        return Invitations(self.connection)

    @cached_property
    def api_tokens(self) -> ApiTokens:
        return ApiTokens(self.connection)

    @cached_property
    def api_calls(self) -> ApiCalls:
        return ApiCalls(self.connection)

    @cached_property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.connection)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self.connection)

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        return {
            table.name: self.connection.execute(select(func.count()).select_from(table)).scalar() or 0
            for table in metadata.sorted_tables
        }


class Writing:
    """A transaction under way. To be ended once, by ``commit`` or ``undo``."""

    def __init__(self, opened: AbstractContextManager[Transaction]) -> None:
        self._opened = opened
        self.tx = opened.__enter__()

    def commit(self) -> None:
        """Raises ``StoreError``; whether it was committed is not known then."""
        self._opened.__exit__(None, None, None)

    def undo(self, error: BaseException) -> None:
        """Undoes all. Raises ``error``, or the ``StoreError`` that it means."""
        if not self._opened.__exit__(type(error), error, error.__traceback__):
            raise error


class Store:
    """An open store. Safe to share between threads."""

    def __init__(self, engine: Engine, hashed: AddressHash | None = None) -> None:
        self._engine = engine
        self._hashed = hashed or AddressHash()
        # As SQLite has it: whoever only looks sees one moment. Else books that are worked on would not balance.
        moment = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._looking = engine.execution_options(**moment)

    @classmethod
    def open(cls, url: str, address_key: bytes = b"") -> Store:
        """Opens the store at ``url``; an empty one is given its tables. Raises ``StoreError``.

        A store of another version is refused, with the command that brings it up; so is one whose suppressions were
        hashed by another ``address_key`` (``KeyRing.address_key``; without one, hashes have no key).
        """
        hashed = AddressHash(address_key)
        engine = open_engine(url)
        try:
            with faults_told(engine, "cannot be opened"):
                schema.prepare(engine)
                settle_key(engine, hashed)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, hashed)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only looks. Raises ``StoreError`` when the database does not answer."""
        with faults_told(self._engine), self._looking.connect() as connection:
            yield Transaction(connection, self._hashed)

    @contextmanager
    def write(self, *, bulk: bool = False) -> Iterator[Transaction]:
        """A transaction that is committed when the block ends, and undone when it raises.

        ``bulk``: it puts thousands of rows at random places of large indexes. Raises ``StoreError`` when the database
        does not take it: locked too long, full, gone.
        """
        with faults_told(self._engine), self._writer() as connection:
            if bulk:
                with_room(connection)
            with connection.begin():
                yield Transaction(connection, self._hashed)

    def begin(self) -> Writing:
        """A transaction like ``write``'s that is committed, or undone, later and maybe in another thread.

        Raises ``StoreError``.
        """
        return Writing(self.write())

    @contextmanager
    def trial(self) -> Iterator[Transaction]:
        """A transaction that is always undone: what would be, without its being so."""
        with faults_told(self._engine), self._writer() as connection:
            transaction = connection.begin()
            try:
                yield Transaction(connection, self._hashed)
            finally:
                transaction.rollback()

    def _writer(self) -> Connection:
        return self._engine.connect().execution_options(writes=True)

    def close(self) -> None:
        """Closes all connections."""
        self._engine.dispose()

    @property
    def is_remote(self) -> bool:
        """Whether its statements wait for another process, maybe of another machine."""
        return self._engine.dialect.name != "sqlite"

    @property
    def job_connection(self) -> dict[str, Any] | None:
        """What psycopg must know to connect to the database of the jobs, a password too; None: there are no jobs."""
        if not used(self._engine):
            return None
        return {**PATIENCE, **self._engine.dialect.create_connect_args(self._engine.url)[1]}

    @property
    def shown(self) -> str:
        """The store's URL without its password."""
        return shown(self._engine)

    def __repr__(self) -> str:
        return f"<Store {self.shown}>"
