"""What a visit says of its failure is told in plain words."""

from __future__ import annotations

import pytest

from bot.errors import FetchError
from bot.http import Http
from bot.sources.fault import Fault, fault_of


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("x: no connection could be made ([SSL] certificate has expired (_ssl.c:1006))", Fault.CERTIFICATE_EXPIRED),
        ("x: no connection could be made ([SSL: CERTIFICATE_VERIFY_FAILED] self-signed)", Fault.CERTIFICATE),
        ("x: no connection could be made ([SSL: WRONG_VERSION_NUMBER] wrong version number)", Fault.NO_TLS),
        ("x: leads to the internal address 10.0.0.1, which is never fetched", Fault.INTERNAL),
        ("x: the name cannot be resolved; check its spelling and the DNS", Fault.NO_NAME),
        ("x: no whole answer within 30 s", Fault.SLOW),
        ("courier: did not answer within 180 s; it is visited again", Fault.SLOW),
        ("x: the exchange broke off (reset)", Fault.NO_CONNECTION),
        ("x: asks for a login (HTTP 401)", Fault.LOGIN),
        ("x: refuses us (HTTP 403)", Fault.REFUSED),
        ("x: is gone for good (HTTP 410)", Fault.GONE),
        ("x: asks us to come later (HTTP 429)", Fault.BUSY),
        ("x: answers with an error (HTTP 502)", Fault.SERVER),
        ("sources.a: x is a web page, not a feed; `broadsheet init --url` finds it", Fault.NO_FEED),
        ("x: the answer is larger than 8,000,000 bytes", Fault.TOO_LARGE),
        ("sources.wire: there is no folder /srv/wire; correct `path` or create it", Fault.FOLDER),
        ("what nobody foresaw", Fault.OTHER),
        ("", Fault.OTHER),
    ],
)
def test_each_failure_has_its_words(said, fault):
    assert fault_of(said) is fault


async def test_what_the_guard_and_the_client_say_is_known(http: Http, site):
    refused: dict[str, str] = {}
    for name, url in (("inside", "http://10.0.0.1/"), ("missing", f"{site.url}/none")):
        with pytest.raises(FetchError) as caught:
            await http.get(url)
        refused[name] = str(caught.value)
    assert (fault_of(refused["inside"]), fault_of(refused["missing"])) == (Fault.INTERNAL, Fault.MISSING)
