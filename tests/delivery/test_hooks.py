"""Webhooks of providers, signed for real by keys of the test's own."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from bot.delivery.hooks import Call, HookRefused, hooks
from bot.delivery.hooks.recording import record
from bot.errors import FetchError, SettingsError
from bot.model import Consent, Effect, Verdict
from bot.settings.bounces import BouncesTable
from bot.testing import NOW
from tests.delivery.returned import RETURNS, Sent

IDA, BEN = "ida@example.org", "ben@example.org"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
SES_ID = "0100018f2b3c4d5e-6f708192-a3b4-c5d6-e7f8-091a2b3c4d5e-000000"
SIGNING_KEY = "a mailgun key of the test"
PASSWORD = "a password of the test's own"
CURVE = ec.generate_private_key(ec.SECP256R1())
AMAZON = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate(begins=NOW - timedelta(days=30), ends=NOW + timedelta(days=300)):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(AMAZON.public_key())
    made = made.serial_number(7).not_valid_before(begins).not_valid_after(ends)
    return made.sign(AMAZON, SHA256()).public_bytes(Encoding.PEM)


class Web:
    """What is fetched, in place of the network."""

    def __init__(self, page=None):
        self.page = page or _certificate()
        self.asked = []

    async def __call__(self, url):
        self.asked.append(url)
        if isinstance(self.page, Exception):
            raise self.page
        return self.page


def table(**fields):
    verification = CURVE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    given = {
        "ses": {"topics": [TOPIC]},
        "postmark": {"password": PASSWORD},
        "mailgun": {"signing_key": SIGNING_KEY},
        "sendgrid": {"verification_key": base64.b64encode(verification).decode()},
    }
    return BouncesTable.model_validate({**given, **fields})


@pytest.fixture
def web():
    return Web()


@pytest.fixture
def known(web, clock):
    return hooks(table(), web, clock)


def sns(message, *, version="2", kind="Notification", sign=True, key=AMAZON, **fields):
    """A message of SNS, signed."""
    data = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": NOW.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
        **fields,
    }
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    if kind == "Notification":
        names = [name for name in names if name not in ("SubscribeURL", "Token")]
    text = "".join(f"{name}\n{data[name]}\n" for name in names if name in data)
    signature = key.sign(text.encode(), PKCS1v15(), SHA1() if version == "1" else SHA256())
    data["Signature"] = base64.b64encode(signature).decode() if sign else "bm8="
    return Call(json.dumps(data).encode(), {})


def ses_bounce(
    address=IDA, kind="Permanent", sub="General", status="5.1.1", said="smtp; 550 5.1.1 user unknown", **top
):
    recipient = {"emailAddress": address, "action": "failed", "status": status, "diagnosticCode": said}
    return {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": sub,
            "bouncedRecipients": [{name: value for name, value in recipient.items() if value}],
            "feedbackId": "0100-feedback",
        },
        "mail": {"messageId": SES_ID, "destination": [address]},
        **top,
    }


def postmark(login=f"postmark:{PASSWORD}", **fields):
    data = {"RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "MessageID": "883953f4", "Email": IDA, **fields}
    basic = base64.b64encode(login.encode()).decode()
    return Call(json.dumps(data).encode(), {"authorization": f"Basic {basic}"})


def mailgun(event="failed", *, at=NOW, key=SIGNING_KEY, token="t" * 50, **fields):
    stamp = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), "sha256").hexdigest()
    data = {
        "event": event,
        "severity": "permanent",
        "reason": "bounce",
        "id": "event-1",
        "recipient": IDA,
        "delivery-status": {"code": 550, "message": "5.1.1 No such user here"},
        **fields,
    }
    body = {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": data}
    return Call(json.dumps(body).encode(), {})


def sendgrid(*events, at=NOW, key=CURVE, body=None):
    raw = body if body is not None else json.dumps(list(events)).encode()
    stamp = str(int(at.timestamp()))
    signature = key.sign(stamp.encode() + raw, ec.ECDSA(SHA256()))
    names = ("x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp")
    return Call(raw, dict(zip(names, (base64.b64encode(signature).decode(), stamp), strict=True)))


def sendgrid_bounce(**fields):
    given = {"email": IDA, "event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 user unknown"}
    return {**given, "sg_event_id": "event-1", "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001-5-1", **fields}


async def read(hook, call, now=NOW):
    return [(each.report.verdict, each.report.recipient, each.report.reason) for each in await hook.read(call, now)]


# --- Amazon SES over SNS


@pytest.mark.parametrize("version", ["1", "2"])
async def test_b8_ses_a_bounce_signed_by_amazon_is_believed(known, web, version):
    call = sns(ses_bounce(), version=version)
    assert await read(known["ses"], call) == [(Verdict.HARD, IDA, "no such user")]
    await known["ses"].read(call, NOW)
    assert web.asked == [CERTIFICATE], "fetched once"


async def test_b8_ses_a_subject_is_signed_too(known):
    assert await read(known["ses"], sns(ses_bounce(), Subject="Bounce"))
    call = sns(ses_bounce(), Subject="Bounce")
    data = {**json.loads(call.body), "Subject": "Another"}
    with pytest.raises(HookRefused, match="signature"):
        await known["ses"].read(Call(json.dumps(data).encode(), {}), NOW)


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp"])
async def test_b8_ses_a_message_that_was_changed_is_refused(known, name):
    data = json.loads(sns(ses_bounce()).body)
    data[name] = json.dumps(ses_bounce(BEN)) if name == "Message" else "2026-11-24T07:00:01.000Z"
    with pytest.raises(HookRefused, match="signature"):
        await known["ses"].read(Call(json.dumps(data).encode(), {}), NOW)


async def test_b8_ses_anothers_key_is_refused(known):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for call in (sns(ses_bounce(), key=other), sns(ses_bounce(), sign=False)):
        with pytest.raises(HookRefused, match="signature"):
            await known["ses"].read(call, NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example#sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://u:p@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://s3.amazonaws.com/bucket/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/other.pem",
        "https://sns.eu-west-1.amazonaws.com/../SimpleNotificationService-0123456789abcdef.pem",
        "https://[/",
        "",
    ],
)
async def test_b8_ses_a_certificate_elsewhere_is_never_fetched(known, web, url):
    with pytest.raises(HookRefused):
        await known["ses"].read(sns(ses_bounce(), SigningCertURL=url), NOW)
    assert web.asked == []


async def test_b8_ses_another_topic_is_refused_before_anything_is_fetched(known, web):
    other = TOPIC.replace("123456789012", "210987654321")
    with pytest.raises(HookRefused, match="topic"):
        await known["ses"].read(sns(ses_bounce(), TopicArn=other), NOW)
    assert web.asked == []


@pytest.mark.parametrize("now", [NOW + timedelta(days=4), NOW - timedelta(hours=1)])
async def test_b8_ses_an_old_message_is_refused(known, now):
    with pytest.raises(HookRefused, match="too long ago"):
        await known["ses"].read(sns(ses_bounce()), now)


async def test_b8_ses_an_expired_certificate_is_refused(clock):
    web = Web(_certificate(ends=NOW - timedelta(days=1)))
    with pytest.raises(HookRefused, match="not valid now"):
        await hooks(table(), web, clock)["ses"].read(sns(ses_bounce()), NOW)


async def test_b8_ses_a_stranger_makes_it_fetch_few_certificates(known, web, clock):
    for number in range(30):
        url = CERTIFICATE.replace("0123456789abcdef", f"{number:016x}", 1)
        with pytest.raises(HookRefused):
            await known["ses"].read(sns(ses_bounce(), SigningCertURL=url, sign=False), clock())
    assert len(web.asked) == 10


async def test_ses_a_certificate_that_cannot_be_fetched_is_asked_for_again(clock):
    web = Web(FetchError("no route"))
    ses = hooks(table(), web, clock)["ses"]
    with pytest.raises(HookRefused) as refused:
        await ses.read(sns(ses_bounce()), NOW)
    assert refused.value.status == 503
    web.page = _certificate()
    assert await read(ses, sns(ses_bounce()))


async def test_ses_a_subscription_is_confirmed_at_amazon_alone(known, web):
    confirm = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
    asked = {"kind": "SubscriptionConfirmation", "Token": "abc"}
    assert await read(known["ses"], sns("confirm", SubscribeURL=confirm, **asked)) == []
    assert web.asked == [CERTIFICATE, confirm]
    with pytest.raises(HookRefused, match="Amazon"):
        await known["ses"].read(sns("confirm", SubscribeURL="https://evil.example/?Token=abc", **asked), NOW)
    with pytest.raises(HookRefused, match="signature"):
        await known["ses"].read(sns("confirm", SubscribeURL=confirm, sign=False, **asked), NOW)
    assert web.asked == [CERTIFICATE, confirm]


@pytest.mark.parametrize(
    ("kind", "sub", "status", "said", "verdict"),
    [
        ("Permanent", "NoEmail", "", "", Verdict.HARD),
        ("Permanent", "Suppressed", "5.1.1", "Amazon SES has suppressed sending to it", Verdict.HARD),
        ("Permanent", "OnAccountSuppressionList", "", "", Verdict.HARD),
        ("Permanent", "General", "5.7.1", "smtp; 554 5.7.1 blocked by policy", Verdict.SOFT),
        ("Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 mailbox full", Verdict.SOFT),
        ("Transient", "General", "5.1.1", "smtp; 550 5.1.1 user unknown", Verdict.SOFT),
        ("Transient", "General", "", "", Verdict.AUTO_REPLY),
        ("Undetermined", "Undetermined", "", "", Verdict.AUTO_REPLY),
    ],
)
async def test_ses_what_its_kinds_of_bounces_mean(known, kind, sub, status, said, verdict):
    (found,) = await read(known["ses"], sns(ses_bounce(kind=kind, sub=sub, status=status, said=said)))
    assert found[0] is verdict


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("abuse", Verdict.COMPLAINT),
        (None, Verdict.COMPLAINT),
        ("not-spam", Verdict.NONE),
        ("auth-failure", Verdict.NONE),
    ],
)
async def test_ses_complaints_also_as_published_events(known, kind, verdict):
    complaint = {"complainedRecipients": [{"emailAddress": IDA}], "feedbackId": "f1", "complaintFeedbackType": kind}
    for name in ("notificationType", "eventType"):
        data = {name: "Complaint", "complaint": complaint, "mail": {"messageId": SES_ID}}
        assert [each[0] for each in await read(known["ses"], sns(data))] == [verdict]


@pytest.mark.parametrize(
    "message", ["Successfully validated SNS topic", {"notificationType": "Delivery"}, [1], {}, "null"]
)
async def test_ses_what_is_no_bounce_reports_nothing(known, message):
    assert await read(known["ses"], sns(message)) == []


# --- Postmark


async def test_b8_postmark_is_believed_with_its_login_alone(known):
    assert await read(known["postmark"], postmark()) == [(Verdict.HARD, IDA, "no such user")]
    for login in ("postmark:wrong", f"other:{PASSWORD}", "", "postmark"):
        with pytest.raises(HookRefused) as refused:
            await known["postmark"].read(postmark(login), NOW)
        assert refused.value.status == 401
    for header in ("", "Basic", "Basic ###", f"Bearer {PASSWORD}", "Basic " + "é"):
        with pytest.raises(HookRefused):
            await known["postmark"].read(Call(postmark().body, {"authorization": header}), NOW)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"Type": "HardBounce", "Details": "smtp;550 5.7.1 rejected by policy"}, Verdict.SOFT),
        ({"Type": "BadEmailAddress"}, Verdict.HARD),
        ({"Type": "SoftBounce", "Details": "smtp;452 4.2.2 mailbox full"}, Verdict.SOFT),
        ({"Type": "Blocked"}, Verdict.SOFT),
        ({"Type": "SpamNotification"}, Verdict.SOFT),
        ({"Type": "DMARCPolicy"}, Verdict.SOFT),
        ({"Type": "Transient"}, Verdict.NONE),
        ({"Type": "AutoResponder"}, Verdict.AUTO_REPLY),
        ({"Type": "ChallengeVerification"}, Verdict.AUTO_REPLY),
        ({"Type": "Unsubscribe"}, Verdict.OPT_OUT),
        ({"Type": "ManuallyDeactivated"}, Verdict.NONE),
        ({"Type": "SpamComplaint"}, Verdict.COMPLAINT),
        ({"RecordType": "SpamComplaint"}, Verdict.COMPLAINT),
        ({"RecordType": "Open"}, Verdict.NONE),
        (
            {"RecordType": "SubscriptionChange", "SuppressSending": True, "SuppressionReason": "SpamComplaint"},
            Verdict.COMPLAINT,
        ),
        (
            {
                "RecordType": "SubscriptionChange",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "Origin": "Recipient",
            },
            Verdict.OPT_OUT,
        ),
        (
            {
                "RecordType": "SubscriptionChange",
                "SuppressSending": True,
                "SuppressionReason": "ManualSuppression",
                "Origin": "Customer",
            },
            Verdict.NONE,
        ),
        ({"RecordType": "SubscriptionChange", "SuppressSending": False}, Verdict.NONE),
    ],
)
async def test_postmark_what_its_kinds_mean(known, fields, verdict):
    (found,) = await read(known["postmark"], postmark(**fields))
    assert found[0] is verdict


# --- Mailgun


async def test_b8_mailgun_is_believed_with_its_signature_alone(known):
    assert await read(known["mailgun"], mailgun()) == [(Verdict.HARD, IDA, "no such user")]
    for call in (mailgun(key="another key"), Call(b"{}", {}), Call(b"[]", {}), Call(b'{"signature": 7}', {})):
        with pytest.raises(HookRefused, match="signature"):
            await known["mailgun"].read(call, NOW)
    with pytest.raises(HookRefused, match="not JSON"):
        await known["mailgun"].read(Call(b"\xff{", {}), NOW)


@pytest.mark.parametrize("now", [NOW + timedelta(days=4), NOW - timedelta(hours=1)])
async def test_b8_mailgun_an_old_signature_is_refused(known, now):
    with pytest.raises(HookRefused, match="too long ago"):
        await known["mailgun"].read(mailgun(), now)


async def test_mailgun_the_signature_of_the_account_covers_its_subaccounts(known):
    data = json.loads(mailgun().body)
    data["signature"]["parent-signature"] = data["signature"]["signature"]
    data["signature"]["signature"] = "0" * 64
    assert await read(known["mailgun"], Call(json.dumps(data).encode(), {}))


@pytest.mark.parametrize(
    ("event", "fields", "verdict"),
    [
        ("complained", {}, Verdict.COMPLAINT),
        ("unsubscribed", {}, Verdict.OPT_OUT),
        ("failed", {"severity": "temporary"}, Verdict.NONE),
        ("failed", {"severity": "temporary", "reason": "old"}, Verdict.SOFT),
        ("failed", {"reason": "suppress-bounce", "delivery-status": {"code": 605}}, Verdict.HARD),
        ("failed", {"reason": "suppress-complaint"}, Verdict.COMPLAINT),
        ("failed", {"reason": "suppress-unsubscribe"}, Verdict.OPT_OUT),
        ("failed", {"delivery-status": {"code": 550, "message": "5.7.1 rejected by policy"}}, Verdict.SOFT),
        ("failed", {"delivery-status": {"code": 552, "message": "5.2.2 mailbox full"}}, Verdict.SOFT),
        ("failed", {"delivery-status": None}, Verdict.SOFT),
        ("delivered", {}, Verdict.NONE),
    ],
)
async def test_mailgun_what_its_events_mean(known, event, fields, verdict):
    (found,) = await read(known["mailgun"], mailgun(event, **fields))
    assert found[0] is verdict


# --- SendGrid


async def test_b8_sendgrid_is_believed_with_its_signature_alone(known):
    assert await read(known["sendgrid"], sendgrid(sendgrid_bounce())) == [(Verdict.HARD, IDA, "no such user")]
    good, other = sendgrid(sendgrid_bounce()), ec.generate_private_key(ec.SECP256R1())
    later = {**good.headers, "x-twilio-email-event-webhook-timestamp": str(int(NOW.timestamp()) + 1)}
    for call in (
        sendgrid(sendgrid_bounce(), key=other),
        Call(good.body.replace(b"ida", b"ben"), good.headers),
        Call(good.body, later),
        Call(good.body, {}),
        Call(good.body, {**good.headers, "x-twilio-email-event-webhook-signature": "###"}),
    ):
        with pytest.raises(HookRefused, match="signature"):
            await known["sendgrid"].read(call, NOW)


@pytest.mark.parametrize("now", [NOW + timedelta(days=4), NOW - timedelta(hours=1)])
async def test_b8_sendgrid_an_old_signature_is_refused(known, now):
    with pytest.raises(HookRefused, match="too long ago"):
        await known["sendgrid"].read(sendgrid(sendgrid_bounce()), now)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"type": "blocked", "reason": "550 5.7.1 blocked"}, Verdict.SOFT),
        ({"type": "blocked"}, Verdict.SOFT),
        (
            {"type": "blocked", "bounce_classification": "Invalid Address", "status": "", "reason": "no mx"},
            Verdict.HARD,
        ),
        ({"status": "5.2.2", "reason": "552 5.2.2 mailbox full"}, Verdict.SOFT),
        ({"event": "spamreport"}, Verdict.COMPLAINT),
        ({"event": "unsubscribe"}, Verdict.OPT_OUT),
        ({"event": "group_unsubscribe"}, Verdict.OPT_OUT),
        ({"event": "dropped", "reason": "Bounced Address"}, Verdict.HARD),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, Verdict.COMPLAINT),
        ({"event": "dropped", "reason": "Recipient List over Package Quota"}, Verdict.SOFT),
        ({"event": "deferred"}, Verdict.NONE),
        ({"event": "delivered"}, Verdict.NONE),
    ],
)
async def test_sendgrid_what_its_events_mean(known, fields, verdict):
    (found,) = await read(known["sendgrid"], sendgrid(sendgrid_bounce(**fields)))
    assert found[0] is verdict


@pytest.mark.parametrize("body", [b"{}", b"7", b'[7, null, [], {"event": {}}]'])
async def test_sendgrid_strange_but_signed_bodies_report_nothing(known, body):
    assert {each[0] for each in await read(known["sendgrid"], sendgrid(body=body))} <= {Verdict.NONE}


def test_a_key_that_is_none_is_a_fault_in_the_settings(clock):
    for key in ("x" * 90, base64.b64encode(b"no key at all, whatever its length, " * 3).decode()):
        with pytest.raises(SettingsError, match="verification_key"):
            hooks(table(sendgrid={"verification_key": key}), Web(), clock)


# --- on record


@pytest.fixture
async def sent(store, clock):
    made = Sent(store, clock, ids={IDA: SES_ID, BEN: "14c5d75ce93.dfd.64b469"})
    made.id = await made.edition(IDA, BEN)
    return made


async def _record(sent, known, name, call):
    vouched = await known[name].read(call, NOW)
    return [each.event for each in record(sent.store, RETURNS, name, vouched, NOW)]


async def test_an_event_is_matched_by_the_providers_name_for_the_message(sent, known):
    (event,) = await _record(sent, known, "ses", sns(ses_bounce()))
    assert (event.edition, event.source, event.effect) == (sent.id, "ses", Effect.WAITING)
    (event,) = await _record(sent, known, "sendgrid", sendgrid(sendgrid_bounce(email=BEN)))
    assert (event.edition, event.subscriber) == (sent.id, sent.subscriber(BEN))
    assert sent.settle().suppressed == 2
    assert (sent.suppressed(IDA), sent.suppressed(BEN)) == ("bounced", "bounced")


async def test_an_event_is_matched_by_the_token_that_the_mail_carried(sent, known):
    variables = {"user-variables": {"token": sent.tokens[sent.id, IDA]}, "recipient": ""}
    (event,) = await _record(sent, known, "mailgun", mailgun("complained", **variables))
    assert (event.edition, event.effect) == (sent.id, Effect.SUPPRESSED)
    metadata = {"Metadata": {"token": sent.tokens[sent.id, BEN]}, "Email": BEN, "Type": "Unsubscribe"}
    (event,) = await _record(sent, known, "postmark", postmark(**metadata))
    assert event.effect is Effect.UNSUBSCRIBED
    assert (sent.suppressed(IDA), sent.state(BEN)) == ("complained", "unsubscribed")


async def test_a_provider_is_believed_for_the_address_of_a_reader_who_was_mailed(sent, known):
    (event,) = await _record(sent, known, "postmark", postmark())
    assert (event.effect, event.subscriber, event.edition) == (Effect.WAITING, sent.subscriber(IDA), "")
    assert sent.settle().suppressed == 1
    assert sent.suppressed(IDA) == "bounced"


async def test_an_address_that_was_never_mailed_is_not_suppressed_whoever_says_so(sent, known):
    with sent.store.write() as tx:
        tx.subscribers.subscribe("new@example.org", "readers", Consent(at=NOW, via="test"))
    for address in ("new@example.org", "stranger@example.org"):
        (event,) = await _record(sent, known, "postmark", postmark(Email=address, MessageID="other", ID=address))
        assert event.effect is Effect.UNPROVEN
    sent.settle()
    assert sent.suppressed("new@example.org") == ""


async def test_b8_a_replay_does_nothing(sent, known):
    for call in (sns(ses_bounce()), sns(ses_bounce())):
        await _record(sent, known, "ses", call)
    await _record(sent, known, "sendgrid", sendgrid(sendgrid_bounce(email=BEN), sendgrid_bounce(email=BEN)))
    assert len(sent.events()) == 2


async def test_b8_mailgun_a_signature_is_good_for_one_event(sent, known):
    await _record(sent, known, "mailgun", mailgun("complained"))
    stolen = mailgun("complained", recipient=BEN, id="event-2")
    assert await _record(sent, known, "mailgun", stolen) == []
    assert sent.suppressed(BEN) == ""
    assert [each.verdict for each in sent.events()] == [Verdict.COMPLAINT]


async def test_what_only_says_that_a_mail_arrived_is_not_kept(sent, known):
    assert await _record(sent, known, "sendgrid", sendgrid(sendgrid_bounce(event="delivered"))) == []
    assert sent.events() == []


async def test_one_strange_event_of_a_batch_does_not_keep_the_others_from_the_record(sent, known):
    strange = sendgrid_bounce(email=BEN, status="5.1.1\x00", reason="550 \x00\x07 no such user", smtp="\x00")
    body = json.dumps([{**strange, "sg_event_id": "\x00"}, sendgrid_bounce()]).encode()
    events = await _record(sent, known, "sendgrid", sendgrid(body=body))
    assert len(events) == 2
    assert {each.effect for each in events} == {Effect.WAITING}
    complaint = ses_bounce()
    complaint |= {
        "notificationType": "Complaint",
        "complaint": {"complainedRecipients": [{"emailAddress": IDA}], "complaintFeedbackType": "ab\x00use"},
    }
    (event,) = await _record(sent, known, "ses", sns(complaint))
    assert event.effect is Effect.SUPPRESSED
