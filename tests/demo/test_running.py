import csv
import smtplib
import socket
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.clock import SetClock
from bot.demo import Running, running
from bot.demo.articles import timezone_of
from bot.demo.configuration import HOOK_SECRET
from bot.demo.networks import social
from bot.demo.running import SUBSCRIBERS
from bot.demo.state import DemoState, Ports
from bot.errors import SettingsError, StateError
from bot.settings import SettingsTables, checked, is_address
from bot.testing.ports import free_port
from bot.tokens import KeyRing

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "demo"


@pytest.fixture
def used(folder: Path) -> Ports:
    """The ports of an earlier run in ``folder``, free ones, so that another demo on this machine does not matter."""
    folder.mkdir()
    networks = {kind: free_port() for kind in social()}
    ports = Ports(
        newsroom=free_port(), hook=free_port(), smtp=free_port(), inbox=free_port(), web=free_port(), networks=networks
    )
    DemoState.begun(NOW).on(ports).write(folder)
    return ports


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=5)


def environment(run: Running) -> dict[str, str]:
    lines = (run.config / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def tables(run: Running) -> SettingsTables:
    raw = tomllib.loads((run.config / "broadsheet.toml").read_text())
    return checked(SettingsTables, raw, file="broadsheet.toml")


def test_the_desk_of_the_demo_says_what_it_is_and_leads_to_its_mails(folder: Path) -> None:
    with running(folder, SetClock(datetime(2026, 11, 24, 15, tzinfo=UTC))) as run:
        desk = tables(run).desk
        assert "Broadsheet’s demo" in desk.note
        assert desk.note_url == run.inbox_url
        assert "mails" in get(desk.note_url).text


def test_the_first_run_brings_up_newsroom_mailbox_and_receiver(folder: Path) -> None:
    with running(folder, SetClock(NOW)) as run:
        assert run.first_run
        assert run.started == NOW
        assert get(run.newsroom_url + "/wp-json/wp/v2/posts").headers["x-wp-total"] == "26"
        assert httpx.post(run.hook_url, content=b"{}", trust_env=False).status_code == 401
        with smtplib.SMTP("127.0.0.1", run.smtp_port, timeout=5) as client:
            assert client.ehlo()[0] == 250


def test_the_configuration_is_right_and_knows_the_servers(folder: Path) -> None:
    with running(folder, SetClock(NOW)) as run:
        settings = tables(run)
        assert run.newsroom_url == settings.sources["site"]["url"]
        assert settings.newsroom.public_url == run.public_url
        assert settings.channels["mail"]["port"] == run.smtp_port
        assert settings.channels["hook"]["url"] == run.hook_url
        assert settings.web.port == run.web_port
        for network in run.networks:
            assert network.options().items() <= settings.channels[network.kind].items()
            assert network.secrets().items() <= environment(run).items()
            assert not [each for each in network.secrets().values() if each in str(settings.channels)]
            assert network.kind in settings.schedules["morning"].channels
        assert settings.schedules["morning"].timezone == timezone_of(run.started)
        assert len(KeyRing.parse(environment(run)["BROADSHEET_SECRET_KEYS"]).keys) == 1
        assert environment(run)[HOOK_SECRET].startswith("whsec_")
        assert (run.config / ".env").stat().st_mode & 0o077 == 0


def test_a_second_run_keeps_moment_ports_secrets_and_edits(folder: Path, used: Ports) -> None:
    with running(folder, SetClock(NOW)) as first:
        secrets = environment(first)
    toml = first.config / "broadsheet.toml"
    toml.write_text(toml.read_text().replace("maximum = 7", "maximum = 5"))
    with running(folder, SetClock(NOW.replace(day=25))) as second:
        assert not second.first_run
        assert second.started == first.started
        assert environment(second) == secrets
        assert second.newsroom_url == first.newsroom_url == f"http://127.0.0.1:{used.newsroom}"
        assert second.hook_url == first.hook_url
        assert (second.smtp_port, second.web_port) == (used.smtp, used.web)
        assert tables(second).schedules["morning"].selection.maximum == 5


def test_a_port_that_is_taken_meanwhile_is_replaced_and_remembered(folder: Path, used: Ports) -> None:
    with running(folder, SetClock(NOW)):
        pass
    with socket.create_server(("127.0.0.1", used.smtp)), running(folder, SetClock(NOW)) as run:
        assert run.smtp_port != used.smtp
        assert tables(run).channels["mail"]["port"] == run.smtp_port
        assert run.newsroom_url == f"http://127.0.0.1:{used.newsroom}"
    with running(folder, SetClock(NOW)) as after:
        assert after.smtp_port == run.smtp_port


def set_web_port(run: Running, port: int) -> None:
    toml = run.config / "broadsheet.toml"
    toml.write_text(toml.read_text().replace(f"port = {run.web_port}\n", f"port = {port}  # ours\n"))


def test_where_the_pages_are_served_nobody_can_take_their_port_before(folder: Path, used: Ports) -> None:
    with running(folder, SetClock(NOW), serves=True) as run:
        assert run.listener
        assert run.listener.getsockname() == ("127.0.0.1", used.web)
        with pytest.raises(OSError), socket.create_server(("127.0.0.1", used.web)):
            pass
        socket.create_connection(("127.0.0.1", used.web), timeout=5).close()
    socket.create_server(("127.0.0.1", used.web)).close()


def test_a_port_set_by_hand_is_where_the_pages_are_served_and_where_links_lead(folder: Path, used: Ports) -> None:
    with running(folder, SetClock(NOW)) as first:
        pass
    wanted = free_port()
    set_web_port(first, wanted)
    with running(folder, SetClock(NOW), serves=True) as run:
        assert (run.web_port, run.taken) == (wanted, 0)
        assert tables(run).web.port == wanted
        assert tables(run).newsroom.public_url == run.public_url == f"http://127.0.0.1:{wanted}"


def test_a_port_set_by_hand_that_somebody_has_is_replaced_and_that_is_told(folder: Path, used: Ports) -> None:
    with running(folder, SetClock(NOW)) as first:
        pass
    # The mailbox has it, whose line in the settings is the same.
    set_web_port(first, used.smtp)
    with running(folder, SetClock(NOW), serves=True) as run:
        assert run.taken == used.smtp == tables(run).channels["mail"]["port"]
        assert tables(run).web.port == run.web_port != used.smtp
        assert tables(run).newsroom.public_url == f"http://127.0.0.1:{run.web_port}"
        assert "  # ours" in (run.config / "broadsheet.toml").read_text()


def test_a_host_that_is_not_this_machines_ends_the_demo_with_what_to_write(folder: Path, used: Ports) -> None:
    with running(folder, SetClock(NOW)) as first:
        pass
    toml = first.config / "broadsheet.toml"
    toml.write_text(toml.read_text().replace("[web]\n", '[web]\nhost = "192.0.2.1"\n'))
    with pytest.raises(SettingsError, match="web.host: 192.0.2.1 cannot be listened on"):
        running(folder, SetClock(NOW)).__enter__()


def test_a_network_that_moved_is_posted_to_where_it_is_now_also_where_its_address_is_a_secret(
    folder: Path, used: Ports
) -> None:
    with running(folder, SetClock(NOW)) as first:
        was = {each.kind: each.port for each in first.networks}
    secrets = environment(first)
    teams, x = (socket.create_server(("127.0.0.1", was[kind])) for kind in ("teams", "x"))
    with teams, x, running(folder, SetClock(NOW)) as run:
        now = {each.kind: each for each in run.networks}
        assert now["teams"].port != was["teams"]
        assert environment(run)["BROADSHEET_TEAMS_URL"].startswith(now["teams"].base)
        assert tables(run).channels["x"]["api"] == now["x"].base
        unmoved = {name: value for name, value in secrets.items() if name != "BROADSHEET_TEAMS_URL"}
        assert unmoved.items() <= environment(run).items()


def test_the_servers_stop_within_a_second(folder: Path) -> None:
    with running(folder, SetClock(NOW)) as run:
        kept_open = httpx.Client(trust_env=False)
        kept_open.get(run.newsroom_url)
        ends = time.monotonic()
    assert time.monotonic() - ends < 1
    kept_open.close()
    with pytest.raises(httpx.ConnectError):
        get(run.newsroom_url)


def test_a_spoilt_state_says_what_to_do(folder: Path) -> None:
    folder.mkdir()
    (folder / "demo.json").write_text("{}")
    with pytest.raises(StateError, match="delete .* to begin the demo anew"), running(folder, SetClock(NOW)):
        pass


def test_the_subscribers_are_25_good_addresses_that_nobody_owns() -> None:
    with SUBSCRIBERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["address", "name", "subscribed"]
    assert len({row["address"] for row in rows}) == 25
    for row in rows:
        assert is_address(row["address"])
        assert row["address"].rpartition(".")[2] in {"example", "org", "net", "com"}
        assert "example" in row["address"].rpartition("@")[2]
        assert datetime.fromisoformat(row["subscribed"]).year <= 2026
    assert any("+" in row["address"] for row in rows)
    assert any(not row["name"].isascii() for row in rows)
