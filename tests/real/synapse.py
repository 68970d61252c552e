"""A Matrix Synapse of our own, from its wheel: installed once for this user, started afresh for each run of the tests.

``python tests/real/synapse.py`` installs it, for CI, while other servers come up.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

VERSION = "1.163.2"
PASSWORD = "a-long-password-of-a-test"
_START_SECONDS = 90.0
_CONFIG = """
rc_message: {per_second: 0.2, burst_count: 3}
rc_login:
  address: {per_second: 100, burst_count: 100}
  account: {per_second: 100, burst_count: 100}
rc_joins: {local: {per_second: 100, burst_count: 100}}
suppress_key_server_warning: true
presence: {enabled: false}
"""


@dataclass(frozen=True)
class Synapse:
    """``url`` is where it listens. ``bot`` writes as often as it likes, ``slow`` three times in a row."""

    url: str
    bot: str
    slow: str

    def ask(self, method: str, path: str, token: str = "", body: Any = None) -> Any:
        """One request, its JSON answer. Raises ``HTTPError``."""
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        request = Request(self.url + path, json.dumps(body).encode() if body is not None else None, headers)
        request.method = method
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)


def folder() -> Path:
    """Where it is installed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "broadsheet" / f"synapse-{VERSION}-{sys.version_info[0]}.{sys.version_info[1]}"


def installed() -> Path:
    """Its folder of programs, installed when it is not yet. Raises ``CalledProcessError``, ``OSError``."""
    here = folder()
    here.mkdir(parents=True, exist_ok=True)
    with (here / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (here / "installed").exists():
            run = {"check": True, "capture_output": True, "text": True}
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(here / "venv")], **run)  # type: ignore[call-overload]
            pip = [str(here / "venv/bin/python"), "-m", "pip", "install", "--quiet", f"matrix-synapse=={VERSION}"]
            subprocess.run(pip, **run)  # type: ignore[call-overload]
            (here / "installed").touch()
    return here / "venv/bin"


@contextmanager
def running(programs: Path, port: int) -> Iterator[Synapse]:
    """Serves an empty server on loopback; its data go with it."""
    with tempfile.TemporaryDirectory(prefix="broadsheet-synapse-") as name:
        data = Path(name)
        config = data / "homeserver.yaml"
        server = [str(programs / "python"), "-m", "synapse.app.homeserver", "--config-path", str(config)]
        generate = ["--server-name", "matrix.test", "--generate-config", "--report-stats=no", "--data-directory", name]
        subprocess.run([*server, *generate], check=True, capture_output=True, cwd=name)
        written = config.read_text()
        config.write_text(written.replace("port: 8008", f"port: {port}") + _CONFIG)
        with (data / "log").open("w") as log:
            process = subprocess.Popen(server, cwd=name, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _await(url, process, data / "log")
            made = [str(programs / "register_new_matrix_user"), "-c", str(config), "-p", PASSWORD]
            for user, rank in (("admin", "--admin"), ("bot", "--no-admin"), ("slow", "--no-admin")):
                subprocess.run([*made, "-u", user, rank, url], check=True, capture_output=True)
            found = Synapse(url, bot=_login(url, "bot"), slow=_login(url, "slow"))
            free = {"messages_per_second": 0, "burst_count": 0}
            path = "/_synapse/admin/v1/users/@bot:matrix.test/override_ratelimit"
            found.ask("POST", path, _login(url, "admin"), free)
            yield found
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _login(url: str, user: str) -> str:
    login = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": PASSWORD,
    }
    return str(Synapse(url, "", "").ask("POST", "/_matrix/client/v3/login", body=login)["access_token"])


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            urlopen(f"{url}/health", timeout=2).close()
            return
        except (URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"Synapse does not start: {log.read_text()[-2000:]}")


if __name__ == "__main__":
    try:
        installed()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"synapse: cannot be installed: {failed.stderr[-2000:]}")
