from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from bot.standard_webhooks import headers, key_of, new_secret


def test_what_we_sign_is_what_the_library_of_the_standard_signs():
    secret, body = new_secret(), '{"type":"ping","data":{"by":"Tomé"}}'
    made = headers([key_of(secret)], "msg_1", 1_614_265_330, body.encode())
    assert made["webhook-signature"] == Webhook(secret).sign("msg_1", datetime.fromtimestamp(1_614_265_330, UTC), body)


def test_the_vector_of_the_standards_own_libraries_holds():
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = headers([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_keys_sign_side_by_side():
    one, other = headers([b"a" * 24], "m", 1, b"{}"), headers([b"b" * 24], "m", 1, b"{}")
    both = headers([b"a" * 24, b"b" * 24], "m", 1, b"{}")
    assert both["webhook-signature"] == f"{one['webhook-signature']} {other['webhook-signature']}"


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "!" * 40, base64.b64encode(b"x" * 32).decode()]
)
def test_what_is_no_secret_is_refused_without_repeating_it(secret):
    with pytest.raises(ValueError, match="24 to 64 bytes") as raised:
        key_of(secret)
    assert not secret.removeprefix("whsec_") or secret not in str(raised.value)
