"""What is no bounce: automatic answers (RFC 3834), challenges, and people who ask for no more mail."""

from __future__ import annotations

import pytest

from bot.model import Verdict
from tests.audience.returned import MAILED, dsn, group, letter, only

PERSON = {"From": f"Mara Vogt <{MAILED}>", "Return_Path": MAILED}


def answer(subject: str, text: str = "I am away until Monday.\n", **fields: str) -> bytes:
    return letter(text, **{**PERSON, "Subject": subject, "In_Reply_To": "<tok3n@record.example>", **fields})


@pytest.mark.parametrize(
    "subject",
    [
        "Out of Office: Your Tuesday digest",
        "Automatic reply: Your Tuesday digest",
        "Auto: Out of the office",
        "Abwesenheitsnotiz: Your Tuesday digest",
        "Automatische Antwort: Your Tuesday digest",
        "Réponse automatique : Your Tuesday digest",
        "Respuesta automática: Your Tuesday digest",
        "Fuera de la oficina",
        "Resposta automática: digest",
        "Risposta automatica: digest",
        "Automatisch antwoord: digest",
        "Autosvar: digest",
        "Automatisk svar: digest",
        "Odpowiedź automatyczna: digest",
        "Автоответ: digest",
        "Автоматический ответ: digest",
        "=?utf-8?b?6Ieq5YuV5b+c562UOiBkaWdlc3Q=?=",
        "自动回复: digest",
        "부재중 자동 응답",
        "رد تلقائي: digest",
        "Otomatik yanıt: digest",
    ],
)
def test_rfc3834_3_1_5_a_vacation_is_known_by_its_subject(subject):
    report = only(answer(subject))
    assert (report.verdict, report.recipient, report.reason) == (Verdict.AUTO_REPLY, MAILED, "vacation")


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-replied; owner-email=mara@reader.example"},
        {"Auto_Submitted": "auto-generated"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "digest"},
        {"Precedence": "auto_reply"},
        {"X_MS_Exchange_Inbox_Rules_Loop": MAILED},
    ],
)
def test_rfc3834_5_an_automatic_answer_is_known_by_its_fields(fields):
    report = only(answer("Re: Your Tuesday digest", "Thanks, we got it.\n", **fields))
    assert report.verdict is Verdict.AUTO_REPLY


def test_b5_a_vacation_that_says_somebody_left_is_no_bounce():
    text = "Mara Vogt no longer works here. This mailbox is not monitored; the account will be deleted.\n"
    for fields in ({"Auto_Submitted": "auto-replied"}, {"Return_Path": "<>", "X_Autoreply": "yes"}):
        assert only(answer("Automatic reply: digest", text, **fields)).verdict is Verdict.AUTO_REPLY


def test_b5_a_vacation_about_undelivered_mail_is_no_bounce():
    text = "I am out of the office. Your message could not be delivered to me today and will not be forwarded.\n"
    assert only(answer("Out of Office", text, Return_Path="<>")).verdict is Verdict.AUTO_REPLY


def test_rfc3834_a_person_who_answers_is_no_machine():
    report = only(answer("Re: Your Tuesday digest", "Great story about the harbour, thank you!\n"))
    assert (report.verdict, report.recipient) == (Verdict.NONE, MAILED)


def test_rfc3834_5_auto_submitted_no_is_a_person():
    assert only(answer("Re: digest", "Thanks!\n", Auto_Submitted="no")).verdict is Verdict.NONE


def test_rfc3834_a_delivery_report_that_says_auto_replied_is_a_bounce():
    message = dsn(group(diagnostic="smtp; 550 5.1.1 User unknown"), **{"Auto-Submitted": "auto-replied (failure)"})
    assert only(message).verdict is Verdict.HARD


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (
            "Your email requires verification verify#42",
            "To verify that you are human click here. SpamArrest protects me.",
        ),
        ("Waiting List Confirmation (boxbe)", "Your message is waiting for my approval. Boxbe keeps my inbox tidy."),
        ("Please confirm your message", "This is TMDA. You must confirm your message: reply to this mail."),
        ("[Challenge] Your Tuesday digest", "Please confirm that you sent this message, it is being held until then."),
        ("AntiSpam UOL: confirmação", "AntiSpam UOL: please confirm your identity to deliver the mail."),
    ],
)
def test_a_challenge_is_an_automatic_answer(subject, text):
    report = only(letter(text, From=f"Mara <{MAILED}>", Subject=subject, Auto_Submitted="auto-replied"))
    assert (report.verdict, report.reason) == (Verdict.AUTO_REPLY, "challenge")


@pytest.mark.parametrize(
    "subject",
    [
        "unsubscribe",
        "Unsubscribe",
        "unsubscribe v1.k1.u.abc.def",
        "unsubscribe zevwkpkeggiujoxthbcoxpkibq",
        "Re: unsubscribe",
        "Please unsubscribe me",
        "STOP",
        "abmelden",
        "Newsletter abbestellen",
        "désabonnement",
        "Darse de baja",
        "Cancelar suscripción",
        "uitschrijven",
        "отписаться",
        "=?utf-8?b?6YWN5L+h5YGc5q2i?=",
    ],
)
def test_u7_a_person_who_asks_to_stop_opts_out(subject):
    report = only(letter("", **PERSON, Subject=subject))
    assert (report.verdict, report.recipient) == (Verdict.OPT_OUT, MAILED)


def test_u7_the_subject_is_among_the_texts_that_may_hold_a_token():
    message = letter("", **PERSON, Subject="unsubscribe v1.k1.u.abc.def", To="unsubscribe@record.example")
    assert "unsubscribe v1.k1.u.abc.def" in only(message).named


def test_u7_a_mail_without_subject_may_ask_in_its_first_line():
    assert only(letter("Unsubscribe\n\n--\nMara", **PERSON, Subject="")).verdict is Verdict.OPT_OUT


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated"},
        {"Precedence": "bulk"},
        {"List_Id": "<news.elsewhere.example>"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
    ],
)
def test_u7_an_automatic_mail_with_that_subject_unsubscribes_nobody(fields):
    assert only(letter("unsubscribe", **{**PERSON, "Subject": "unsubscribe", **fields})).verdict is not Verdict.OPT_OUT


def test_u7_a_bounce_of_an_unsubscribe_mail_unsubscribes_nobody():
    message = dsn(group(diagnostic="smtp; 550 5.1.1 User unknown"), Subject="unsubscribe")
    assert only(message).verdict is Verdict.HARD


def test_u7_apple_mail_asks_in_its_readers_name_though_it_calls_itself_automatic():
    text = "Apple Mail sent this email to unsubscribe from the message “Your Tuesday digest”.\n"
    message = letter(text, **PERSON, Subject="unsubscribe", Auto_Submitted="auto-replied")
    assert (only(message).verdict, only(message).recipient) == (Verdict.OPT_OUT, MAILED)


@pytest.mark.parametrize(
    "subject",
    [
        "How do I unsubscribe my neighbour?",
        "unsubscribed from life, a poem",
        "stopover in Porto",
        "Stop the presses: the harbour is on fire",
        "Remove the mayor, says the council",
        "Re: The baja race",
    ],
)
def test_a_mail_about_something_else_opts_nobody_out(subject):
    assert only(letter("Hello editors,\n\na tip for you.\n", **PERSON, Subject=subject)).verdict is Verdict.NONE


def test_a_reader_who_writes_that_mail_was_not_delivered_is_no_server():
    text = "Hello,\n\nyour last digest was not delivered to my old address mara@old.example, it is unknown there.\n"
    assert only(answer("Re: Error in your mail delivery", text)).verdict is Verdict.NONE


def test_ordinary_mail_says_nothing():
    text = "Dear editors,\n\nyour article about delivery drivers was not fair. The recipient of the prize is unknown.\n"
    report = only(letter(text, **PERSON, Subject="A letter to the editor"))
    assert (report.verdict, report.reason) == (Verdict.NONE, "nothing that counts")


def test_a_challenge_dressed_as_a_delivery_report_is_none():
    text = "Your message is waiting for approval. Please add yourself to my Boxbe Guest List."
    report = group(action="failed", status="4.7.0", diagnostic="X-Boxbe-Notice; Sender not pre-approved")
    message = dsn(report, text=text, From="noreply@boxbe.example", Subject="Your message (boxbe)")
    assert (only(message).verdict, only(message).reason) == (Verdict.AUTO_REPLY, "challenge")


def test_a_delivery_report_that_speaks_of_confirming_is_a_bounce():
    text = "Your message has been held until you must confirm your address. It was not delivered."
    assert only(dsn(group(diagnostic="smtp; 550 5.1.1 User unknown"), text=text)).verdict is Verdict.HARD
