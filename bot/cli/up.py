"""``up``: scheduler, worker and web in one process; ``web``, ``worker``, ``scheduler``: one role each (Procfile)."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Annotated, Any

import typer

from bot.accounts import desk_key
from bot.cli.command import Session, command
from bot.delivery.counters import Counters
from bot.delivery.folding import Folded
from bot.delivery.intake.poll import Polled
from bot.interrupt import STOPS, Interrupt
from bot.model import Chunk, DeliveryState, EditionState, Outcome
from bot.schedules.installation import Installation
from bot.schedules.loop import run
from bot.schedules.tick import Ticked, held
from bot.schedules.ticker import News, Ticker
from bot.schedules.worker import work
from bot.settings.load import FILE

FIRST_HOST, FIRST_PORT = "127.0.0.1", 8080
"""Where the first run is shown: there are no settings yet that could say it."""

Host = Annotated[str, typer.Option("--host", help="Address to listen on; web.host without it.")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on; web.port without it.")]


def register(app: typer.Typer) -> None:
    command(app)(up)
    command(app)(web)
    command(app)(worker)
    command(app)(scheduler)


def up(session: Session, host: Host = "", port: Port = None) -> int:
    """Runs everything in one process: schedules, delivery, web. Ctrl-C or SIGTERM ends it cleanly."""
    return _run(session, ticks=True, works=True, serves=True, host=host, port=port)


def web(session: Session, host: Host = "", port: Port = None) -> int:
    """Runs the web server alone."""
    return _run(session, serves=True, host=host, port=port)


def worker(
    session: Session,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", min=0, max=65535, help="Serve /metrics on this port of 127.0.0.1; 0: any."),
    ] = None,
) -> int:
    """Runs delivery alone."""
    return _run(session, works=True, metrics_port=metrics_port)


def scheduler(session: Session) -> int:
    """Runs the schedules alone: collects sources, makes editions."""
    return _run(session, ticks=True)


def _run(
    session: Session,
    *,
    ticks: bool = False,
    works: bool = False,
    serves: bool = False,
    host: str = "",
    port: int | None = None,
    metrics_port: int | None = None,
) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with ExitStack() as stack:
        listener = None
        if serves and not (session.config / FILE).exists():
            listener = stack.enter_context(_listening(host or FIRST_HOST, FIRST_PORT if port is None else port))
            if not _first_run(session, listener):
                return 0
        installation = stack.enter_context(session.open())
        return Roles(installation, session.out.say).run(
            ticks=ticks,
            works=works,
            serves=serves,
            host=host or installation.settings.web.host,
            port=installation.settings.web.port if port is None else port,
            metrics_port=metrics_port,
            listener=listener,
        )


def _listening(host: str, port: int) -> AbstractContextManager[socket.socket]:
    # As in Roles.
    from bot.web.server import listening, not_listening

    return listening(host, port, not_listening)


def _first_run(session: Session, listener: socket.socket) -> bool:
    """Shows the three steps of an empty install until they are done; False when a signal ended it before."""
    from bot.web.server import serve_setup

    stop = threading.Event()
    # The server runs in this thread, which is never long without Python's handlers.
    for number in STOPS:
        signal.signal(number, lambda *_: stop.set())

    def ready(url: str) -> None:
        session.out.say(f"there is no newsroom in {session.config} yet: make one at {url}")
        sys.stdout.flush()

    written = serve_setup(session.config, listener, ready=ready, stop=stop)
    if written:
        session.out.say(f"written: {written / FILE}, {written / '.env'}")
    return written is not None


class Roles:
    """The roles of one process, each in a thread of its own, until a signal or a failure ends them."""

    def __init__(self, installation: Installation, say: Callable[[str], None]) -> None:
        self._installation = installation
        self._say = say
        self._interrupt = Interrupt()
        self._stop = threading.Event()
        self._failures: list[BaseException] = []
        self._counters = Counters()

    def run(
        self,
        *,
        ticks: bool,
        works: bool,
        serves: bool,
        host: str,
        port: int,
        metrics_port: int | None = None,
        listener: socket.socket | None = None,
    ) -> int:
        """Blocks until it is told to end; raises what made a role fail."""
        with self._interrupt:
            nothing_goes_out = held(self._installation)
            if nothing_goes_out:
                self._line(nothing_goes_out)
            threads: list[threading.Thread] = []
            ticker: Ticker | None = None
            try:
                if serves:
                    # Only here: other commands need no web framework, and should not wait for one.
                    from bot.web.server import serve

                    threads.append(
                        self._thread(
                            "web",
                            lambda: serve(
                                self._installation,
                                host,
                                port,
                                ready=self._ready,
                                stop=self._stop,
                                counters=self._counters,
                                listener=listener,
                            ),
                        )
                    )
                if metrics_port is not None:
                    threads.append(self._thread("metrics", lambda: self._serve_metrics(metrics_port)))
                if works:
                    threads.append(
                        self._thread(
                            "worker",
                            lambda: run(work(self._installation, self._stop, self._sent, self._ended, self._counters)),
                        )
                    )
                if ticks:
                    schedules = Ticker(self._installation, told=self._told)
                    schedules.start()
                    ticker = schedules
                    self._line("the schedules run")
                self._interrupt.wait()
            finally:
                self._stop.set()
                self._line("ending: what is in flight is finished, the rest stays pending")
                if ticker:
                    ticker.stop()
                for thread in threads:
                    thread.join()
        if self._failures:
            raise self._failures[0]
        self._line("ended")
        return 0

    def _serve_metrics(self, port: int) -> None:
        # As above.
        from bot.web.server import serve_metrics

        serve_metrics(
            self._installation,
            port,
            ready=lambda url: self._line(f"metrics at {url}/metrics"),
            stop=self._stop,
            counters=self._counters,
        )

    def _thread(self, name: str, target: Callable[[], Any]) -> threading.Thread:
        def guarded() -> None:
            try:
                target()
            except BaseException as error:
                # A role that is gone must end the process: a supervisor restarts it, half a newsroom goes unseen.
                self._failures.append(error)
            finally:
                self._interrupt.call()

        thread = threading.Thread(target=guarded, name=name)
        thread.start()
        return thread

    def _line(self, text: str) -> None:
        self._say(text)
        sys.stdout.flush()

    def _ready(self, url: str) -> None:
        self._line(f"pages at {url}")
        with self._installation.store.read() as tx:
            taken = tx.users.any()
        if not taken:
            opens = desk_key.address(self._installation.keys, url, self._installation.clock())
            self._line(f"the desk, where editions are seen, edited, approved and sent: {opens}")

    def _told(self, news: News) -> None:
        if isinstance(news, Ticked):
            for edition in news.made:
                why = edition.reason or f"{len(edition.stories)} stories"
                self._line(
                    f"edition {edition.id} of {edition.schedule}, slot {edition.slot_key}: {edition.state}, {why}"
                )
            for edition_id, state in news.moved.items():
                self._line(f"edition {edition_id}: {state}")
            for failure in news.failed:
                self._line(f"failed: {failure}")
            return
        if isinstance(news, Folded):
            of = f"of {len(news.editions)} old editions"
            self._line(f"{news.deliveries} deliveries folded, {news.attempts} attempts dropped, {of}")
            for edition_id, reason in news.left.items():
                self._line(f"failed: edition {edition_id} is not folded: {reason}")
            return
        if isinstance(news, Polled):
            self._polled(news)
            return
        for report in news:
            if report.error:
                self._line(f"source {report.source} failed: {report.error}")
            elif report.new or report.changed or report.withdrawn:
                self._line(
                    f"source {report.source}: {report.new} new, {report.changed} changed, {report.withdrawn} withdrawn"
                )

    def _polled(self, news: Polled) -> None:
        new = ", ".join(f"{count} {verdict}" for verdict, count in sorted(news.box.events.items()))
        if new or news.settled.suppressed:
            self._line(f"came back: {new or 'nothing new'}; {news.settled.suppressed} addresses suppressed")
        if news.settled.held:
            self._line(f"{news.settled.held} bounces wait for you: broadsheet bounces list --waiting")
        for line in [*news.box.left, *news.failed.values()]:
            self._line(f"failed: {line}")

    def _ended(self, edition: str, state: EditionState) -> None:
        with self._installation.store.read() as tx:
            states = tx.deliveries.balance(edition).states
        counts = ", ".join(f"{count} {each}" for each, count in sorted(states.items()))
        self._line(f"edition {edition}: {state}, {counts}")

    def _sent(self, chunk: Chunk, outcome: Outcome) -> None:
        if outcome.state is not DeliveryState.ACCEPTED:
            self._line(f"delivery {outcome.delivery} of edition {chunk.edition}: {outcome.state}, {outcome.reason}")
