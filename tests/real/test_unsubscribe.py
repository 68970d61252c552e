"""RFC 8058 as a mail service does it: the link out of the mail that arrived, one POST by curl."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from email.message import Message
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.channels.email import EmailChannel, EmailOptions
from bot.web.server import serve
from tests.conftest import skip_or_fail
from tests.real.conftest import Readers
from tests.real.test_postfix import NEWSROOM, Surroundings
from tests.real.test_returns import PATIENCE, Newsroom, reader

pytestmark = pytest.mark.real


@pytest.fixture
def newsroom(tmp_path, mail_server):
    made = Newsroom(tmp_path, mail_server)
    yield made
    made.store.close()


@pytest.fixture
def port(newsroom):
    """Where the newsroom's pages are."""
    ready, stop, urls = threading.Event(), threading.Event(), []

    def told(url):
        urls.append(url)
        ready.set()

    thread = threading.Thread(
        target=serve, args=(newsroom.installation, "127.0.0.1", 0), kwargs={"ready": told, "stop": stop}
    )
    thread.start()
    assert ready.wait(30)
    yield urlsplit(urls[0]).port
    stop.set()
    thread.join(30)


def _arrived(readers: Readers, address: str) -> Message:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for mail in readers():
            if mail["envelope-to"] == address:
                return BytesParser(policy=default).parsebytes(Path(mail["path"]).read_bytes())
        time.sleep(0.3)
    pytest.fail(f"no mail to {address} arrived")


async def test_rfc8058_3_2_the_link_of_a_mail_that_arrived_ends_that_subscription_by_one_post(newsroom, port, readers):
    if not (curl := shutil.which("curl")):
        skip_or_fail("curl is not installed")
    leaves, stays = reader("reader1"), reader("reader2")
    options = EmailOptions(
        **{"from": "The Record <briefing@newsroom.test>"},
        host=newsroom.server["SMTP_HOST"],
        port=int(newsroom.server["SMTP_PORT"]),
        ca_file=newsroom.server["TLS_CA"],
        timeout="20s",
    )
    await newsroom.send(EmailChannel("mail", options, Surroundings(NEWSROOM)), leaves, stays)
    fields = _arrived(readers, leaves)
    assert fields["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = fields["List-Unsubscribe"].split(",")[0].strip("<>")
    assert link.startswith("https://")
    command = [curl, "--silent", "--show-error", "--output", "-", "--write-out", "\n%{http_code} %{num_redirects}"]
    path = f"http://127.0.0.1:{port}{urlsplit(link).path}"
    for _ in range(2):
        said = subprocess.run(
            [*command, "--data", fields["List-Unsubscribe-Post"], path], capture_output=True, text=True, check=True
        )
        assert said.stdout.splitlines()[-1] == "200 0"
    with newsroom.store.read() as tx:
        states = {address: tx.subscribers.find(address)[0].state for address in (leaves, stays)}
    assert states == {leaves: "unsubscribed", stays: "subscribed"}
