"""The real servers of ``../shared/real``. On a machine without them these tests skip; where required, they fail."""

from __future__ import annotations

import datetime
import ipaddress
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.testing.ports import free_port

SCRIPTS = Path(__file__).resolve().parents[2].parent / "shared" / "real"
REQUIRED = os.environ.get("BROADSHEET_REQUIRE_REAL") == "1"


def _missing(reason: str) -> None:
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def _settings(name: str) -> dict[str, str]:
    """What a running server's script prints; skips (or fails) when it does not run."""
    script = SCRIPTS / name
    if not script.exists():
        _missing(f"{name}: ../shared/real is not beside this checkout")
    done = subprocess.run(["bash", str(script), "status"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        _missing(f"{name}: the server does not run; start it with ../shared/real/{name} start")
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def _script(name: str) -> Callable[..., str]:
    def call(*arguments: object) -> str:
        command = ["bash", str(SCRIPTS / name), *(str(each) for each in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


@pytest.fixture(scope="session")
def mail_server() -> dict[str, str]:
    """A Postfix: the settings that ``mail start`` prints."""
    return _settings("mail")


@pytest.fixture
def mail_script(mail_server: dict[str, str]) -> Callable[..., str]:
    """Calls ``../shared/real/mail``."""
    return _script("mail")


class Readers:
    """What came into the readers' Maildir since this test began. Each message is parsed once, its headers alone."""

    def __init__(self, maildir: Path) -> None:
        self._folder = maildir / "new"
        self._before = {file.name for file in self._folder.glob("*")}
        self._mails: dict[str, dict[str, str]] = {}

    def __call__(self) -> list[dict[str, str]]:
        for file in self._folder.glob("*"):
            if file.name not in self._before and file.name not in self._mails:
                with file.open("rb") as stream:
                    headers = BytesHeaderParser(policy=policy.default).parse(stream)
                self._mails[file.name] = {
                    "path": str(file),
                    "message-id": str(headers["Message-ID"]),
                    "envelope-from": str(headers["Return-Path"]),
                    "envelope-to": str(headers["X-Original-To"]),
                }
        return list(self._mails.values())


@pytest.fixture
def readers(mail_server: dict[str, str]) -> Readers:
    """What the readers have got since the test began."""
    return Readers(Path(mail_server["MAILDIR_READERS"]))


@pytest.fixture(scope="session")
def wordpress_server() -> dict[str, str]:
    """A WordPress: the settings that ``wordpress start`` prints."""
    return _settings("wordpress")


@pytest.fixture
def wordpress_script(wordpress_server: dict[str, str]) -> Callable[..., str]:
    """Calls ``../shared/real/wordpress``."""
    return _script("wordpress")


@pytest.fixture(scope="session")
def bluesky_server() -> dict[str, str]:
    """A Bluesky PDS: the settings that ``bluesky start`` prints."""
    return _settings("bluesky")


@pytest.fixture(scope="session")
def seeds() -> Path:
    """The folder of sample pages beside the checkout."""
    folder = SCRIPTS.parent / "seeds"
    if not list(folder.glob("*.txt")):
        _missing("seeds: ../shared/seeds is not beside this checkout")
    return folder


DOVECOT = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
first_valid_uid = 1
namespace inbox {{
  inbox = yes
  separator = /
}}
{capability}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""
PLAIN = "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+"


class Dovecot:
    """A Dovecot of its own: ``port`` speaks STARTTLS, ``tls_port`` TLS; ``deliver`` puts mail into a user's INBOX."""

    def __init__(self, folder: Path, port: int, tls_port: int, owner: pwd.struct_passwd) -> None:
        self.folder, self.port, self.tls_port, self._owner = folder, port, tls_port, owner
        self.ca_file = str(folder / "cert.pem")

    def deliver(self, user: str, *messages: bytes) -> None:
        box = self.folder / "mail" / user
        for part in (box, box / "tmp", box / "new", box / "cur"):
            part.mkdir(parents=True, exist_ok=True)
            os.chown(part, self._owner.pw_uid, self._owner.pw_gid)
        for number, message in enumerate(messages):
            file = box / "new" / f"{time.time_ns()}.{number}.test"
            file.write_bytes(message)
            os.chown(file, self._owner.pw_uid, self._owner.pw_gid)

    def count(self, user: str, folder: str = "") -> int:
        box = self.folder / "mail" / user / (f".{folder}" if folder else "")
        return sum(len(list((box / part).glob("*"))) for part in ("new", "cur"))


def _dovecot(capability: str) -> Iterator[Dovecot]:
    if not shutil.which("dovecot") or os.geteuid() != 0:
        _missing("imap: needs Dovecot (apt-get install dovecot-imapd), and root to run it")
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-dovecot-"))
    folder.chmod(0o755)
    owner = pwd.getpwnam("nobody")
    (folder / "mail").mkdir()
    os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
    _certify(folder)
    port, tls_port = free_port(), free_port()
    config = folder / "dovecot.conf"
    config.write_text(
        DOVECOT.format(
            folder=folder, uid=owner.pw_uid, gid=owner.pw_gid, port=port, tls_port=tls_port, capability=capability
        )
    )
    server = subprocess.Popen(["dovecot", "-F", "-c", str(config)])
    try:
        _await_port(port, folder / "log")
        yield Dovecot(folder, port, tls_port, owner)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _await_port(port: int, log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(log.read_text() if log.exists() else "Dovecot does not listen")


def _certify(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
    made = made.not_valid_after(now + datetime.timedelta(days=2)).add_extension(names, critical=False)
    (folder / "cert.pem").write_bytes(made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "key.pem").chmod(0o600)


@pytest.fixture(scope="session")
def imap_server() -> Iterator[Dovecot]:
    """A Dovecot with all it can do."""
    yield from _dovecot("")


@pytest.fixture(scope="session")
def plain_imap_server() -> Iterator[Dovecot]:
    """A Dovecot that says it has neither MOVE nor UIDPLUS."""
    yield from _dovecot(f"imap_capability = {PLAIN}")
