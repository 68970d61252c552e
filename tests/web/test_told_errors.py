"""What goes wrong below the desk's pages is said in the language of whoever reads it there."""

from __future__ import annotations

import io
import socket
import zipfile
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.schedules.connection import begin
from bot.schedules.imports import import_due
from bot.testing.networks import running
from tests.web.test_channels import TOML, came_back
from tests.web.test_desk_articles import CHOICE, changed  # noqa: F401
from tests.web.test_reader_import import CONSENT

ROWS = "E-Mail,Name\nida@example.org,Ida\njo@@x,Jo\n"


@pytest.fixture
def german():
    async def send(web, path, **form):
        async with web.client() as client:
            client.headers["accept-language"] = "de"
            return await (client.post(path, **form) if form else client.get(path))

    return send


@pytest.fixture
def desk(build_web, clock):
    with running("x", clock) as (base, _state):
        yield build_web(toml=TOML.format(base=base))


def spreadsheet():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


async def _uploaded(web, german):
    answer = await german(web, "/audience/upload", files={"file": ("liste.csv", ROWS.encode())})
    return "/audience/imports/" + answer.headers["location"].rpartition("/")[2]


async def test_a_file_that_is_no_csv_is_refused_in_german_by_its_own_name(web, german):
    answer = await german(web, "/audience/upload", files={"file": ("liste.xlsx", spreadsheet())})
    assert answer.status_code == 422
    assert "liste.xlsx: ist eine Tabelle; bitte als CSV UTF-8 speichern" in answer.text
    assert "/tmp" not in answer.text


async def test_a_file_without_a_column_of_addresses_is_asked_about_in_german(web, german):
    path = await _uploaded(web, german)
    form = {"audience": "readers", "consent": CONSENT, "column-email": ""}
    answer = await german(web, f"{path}/columns", data=form)
    assert answer.status_code == 422
    assert "Geben Sie an, welche Spalte die Adressen enthält." in answer.text


async def test_a_row_that_is_refused_says_why_in_german(web, german):
    path = await _uploaded(web, german)
    await german(web, f"{path}/columns", data={"audience": "readers", "consent": CONSENT, "column-email": "e-mail"})
    import_due(web.installation)
    page = (await german(web, path)).text
    assert "jo@@x" in page
    assert "keine E-Mail-Adresse" in page
    assert "not a mail address" not in page
    file = (await german(web, f"{path}/refused.csv")).text
    assert "jo@@x" in file
    assert "keine E-Mail-Adresse" in file


async def test_a_source_that_answers_nothing_is_told_and_quoted_in_german(desk, german):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
    answer = await german(desk, "/sources/find", data={"url": url})
    assert answer.status_code == 422
    assert "Die Website antwortet nicht." in answer.text
    assert f"{url}: keine Verbindung möglich" in answer.text


async def test_a_channel_that_is_not_connected_is_tested_with_an_answer_in_german(desk, german):
    answer = await german(desk, "/channels/test", data={"channel": "news"})
    assert answer.status_code == 409
    assert "news: er ist nicht verbunden; " in answer.text
    assert "broadsheet channels" not in answer.text


async def test_a_network_that_gives_no_permission_is_quoted_in_german(desk, german):
    begun = await begin(desk.installation, "news", "ines")
    state = parse_qs(urlsplit(begun.url).query)["state"][0]
    back = f"{begun.redirect}?error=access_denied&state={state}"
    answer = await german(desk, "/channels/paste", data={"channel": "news", "code": back})
    assert answer.status_code == 422
    assert "X hat keine Berechtigung erteilt: access_denied" in answer.text
    with desk.store.read() as tx:
        assert tx.channels.get("news").credential == ""


async def test_an_owner_who_comes_back_from_the_network_reads_german(desk, german):
    refused = await german(desk, "/oauth/callback?error=access_denied&state=none")
    assert refused.status_code == 400
    assert '<html lang="de"' in refused.text
    assert "Zu dieser Adresse gehört keine unserer Anmeldungen; bitte neu beginnen." in refused.text
    connected = await german(desk, await came_back(desk))
    assert "Der Kanal news postet ab jetzt als @record." in connected.text


async def test_a_correction_that_waits_already_is_refused_in_german(web, changed, german):  # noqa: F811
    assert (await german(web, "/articles/1/correct", data=CHOICE)).status_code == 303
    answer = await german(web, "/articles/1/correct", data=CHOICE)
    assert answer.status_code == 422
    assert "Artikel 1: diese Korrektur wartet schon." in answer.text
    assert "die nächste Ausgabe teilt sie mit" in answer.text
