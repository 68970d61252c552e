"""Servers that send no delivery status: each test is a family's own words, shortened."""

from __future__ import annotations

import pytest

from bot.audience.bounces import read_reports
from bot.model import Verdict
from tests.audience.returned import MAILED, ORIGINAL, letter, only

HARD, SOFT, NONE = Verdict.HARD, Verdict.SOFT, Verdict.NONE

QMAIL = """\
Hi. This is the qmail-send program at mx.reader.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<mara@reader.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

"""
EXIM = """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  mara@reader.example
    SMTP error from remote mail server after RCPT TO:<mara@reader.example>:
    host mx.reader.example [192.0.2.1]: 550 5.1.1 User unknown

------ This is a copy of the message, including all the headers. ------

"""
POSTFIX = """\
This is the mail system at host mx.record.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

                   The mail system

<mara@reader.example>: host mx.reader.example[192.0.2.1] said: 550
    5.1.1 <mara@reader.example>: Recipient address rejected: User unknown in
    local recipient table (in reply to RCPT TO command)
"""
SENDMAIL = """\
The original message was received at Thu, 26 Nov 2026 01:02:03 GMT
from mx.record.example [192.0.2.10]

   ----- The following addresses had permanent fatal errors -----
<mara@reader.example>
    (reason: 550 5.1.1 <mara@reader.example>... User unknown)

   ----- Transcript of session follows -----
... while talking to mx.reader.example.:
>>> RCPT To:<mara@reader.example>
<<< 550 5.1.1 <mara@reader.example>... User unknown
550 5.1.1 <mara@reader.example>... User unknown
"""
EXCHANGE_55 = """\
Your message

  To:      mara@reader.example
  Subject: Your Tuesday digest
  Sent:    Thu, 26 Nov 2026 01:00:00 -0000

did not reach the following recipient(s):

mara@reader.example on Thu, 26 Nov 2026 01:02:03 -0000
    The recipient name is not recognized
\tThe MTS-ID of the original message is: c=us;a= ;p=org;l=MX-261126
    MSEXCH:IMS:ORG:SITE:MX 0 (000C05A6) Unknown Recipient
"""
EXCHANGE_2010 = """\
Delivery has failed to these recipients or groups:

mara@reader.example<mailto:mara@reader.example>
The e-mail address you entered couldn't be found. Please check the recipient's e-mail address and try to resend the
message. If the problem continues, please contact your helpdesk.

Diagnostic information for administrators:

Generating server: mx.reader.example

mara@reader.example
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

Original message headers:

"""
EXCHANGE_GERMAN = """\
Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:

mara@reader.example
Die eingegebene E-Mail-Adresse konnte nicht gefunden werden: Der Empfänger wurde nicht gefunden.

"""
DOMINO = """\
Your message

  Subject: Your Tuesday digest

was not delivered to:

  mara@reader.example

because:

  User mara (mara@reader.example) not listed in Domino Directory

"""
GROUPWISE = """\
The message that you sent was undeliverable to the following:
\tmara@reader.example (user not found)

Possibly truncated original message follows:

"""
IMAIL = """\
Unknown user: mara@reader.example

Original message follows.

"""
MAILENABLE = """\
Message could not be delivered to some recipients.
The following recipient(s) could not be reached:

\tRecipient: [SMTP:mara@reader.example]
\tReason: Mailbox does not exist

"""
GMAIL = """\
** Address not found **

Your message wasn't delivered to mara@reader.example because the address couldn't be found, or is unable to
receive mail.

The response from the remote server was:
550 5.1.1 No such user - psmtp

"""
YAHOO = """\
Message from  yahoo.example.
Unable to deliver message to the following address(es).

<mara@reader.example>:
This user doesn't have a reader.example account (mara@reader.example) [0]

--- Original message follows.

"""
AOL = """\
Your mail to the following recipients could not be delivered because they are not accepting mail from us:
\tmaravogt

"""
COURIER = """\
This is a delivery status notification from mx.reader.example,
running the Courier mail server, version 0.65.2.

The original message was received on Thu, 26 Nov 2026 01:02:03 +0000

---------------------------------------------------------------------------

                           UNDELIVERABLE MAIL

Your message to the following recipients cannot be delivered:

<mara@reader.example>:
    mx.reader.example [192.0.2.1]:
<<< 550 User unknown.

---------------------------------------------------------------------------

"""
OPENSMTPD = """\
    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

mara@reader.example: 550 5.1.1 <mara@reader.example>... User Unknown

    Below is a copy of the original message:

"""
T_ONLINE = """\
|------------------------- Message log follows: -------------------------|
 no valid recipients were found for this message
|------------------------- Failed addresses follow: ---------------------|
 <mara@reader.example> ... unknown user
|------------------------- Message text follows: ------------------------|
"""
GMX = """\
This message was created automatically by mail delivery software (GMX).

A message that you sent could not be delivered to one or more of
its recipients. This is a permanent error. The following address
failed:

"mara@reader.example":
SMTP error from remote server after RCPT command:
host: mx.reader.example
5.1.1 <mara@reader.example>... User Unknown

--- The header of the original message is following. ---

"""
JAPANESE = """\
あなたの送信したメールは、以下の宛先に配信できませんでした。

<mara@reader.example>
宛先のユーザが存在しません。

"""
MAIL_RU = """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  mara@reader.example
    Local mailbox mara@reader.example is unavailable: user not found

"""
FRENCH = """\
Votre message n'a pas pu être remis aux destinataires suivants :

mara@reader.example
    L'adresse du destinataire est inconnue.

"""
SPANISH = "Su mensaje no ha podido ser entregado a: mara@reader.example\n\nEl usuario no existe.\n"
SURFCONTROL = """\
Your Message could not be delivered

   The following recipients did not receive your message:

   mara@reader.example
   550 5.1.1 User unknown

"""
POWERMTA = """\
Hello, this is the mail server on mx.reader.example.

I am sending you this message to inform you on the delivery status of a
message you previously sent.  Immediately below you will find a list of
the affected recipients;  also attached is a Delivery Status Notification
(DSN) report in standard format, as well as the headers of the original
message.

  <mara@reader.example>  delivery failed; will not continue trying

"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name)
        for name, text in {
            "qmail": QMAIL, "exim": EXIM, "postfix": POSTFIX, "sendmail": SENDMAIL, "exchange 5.5": EXCHANGE_55,
            "exchange 2010": EXCHANGE_2010, "exchange in German": EXCHANGE_GERMAN, "domino": DOMINO,
            "groupwise": GROUPWISE, "imail": IMAIL, "mailenable": MAILENABLE, "gmail": GMAIL, "yahoo": YAHOO,
            "courier": COURIER, "opensmtpd": OPENSMTPD, "t-online": T_ONLINE, "gmx": GMX, "japanese": JAPANESE,
            "mail.ru": MAIL_RU, "french": FRENCH, "spanish": SPANISH, "surfcontrol": SURFCONTROL,
        }.items()
    ],
)  # fmt: skip
def test_the_dead_address_is_found_in_the_words_of(text):
    report = only(letter(text + ORIGINAL))
    assert (report.recipient, report.verdict) == (MAILED, HARD), report


def test_aol_names_its_members_without_their_domain():
    report = only(letter(AOL, From="Mail Delivery Subsystem <MAILER-DAEMON@aol.com>", Subject="Mail Delivery Problem"))
    assert (report.recipient, report.verdict) == ("maravogt@aol.com", SOFT)


def test_a_server_that_says_no_reason_is_soft():
    report = only(letter(POWERMTA + ORIGINAL))
    assert (report.recipient, report.verdict) == (MAILED, SOFT)


def test_each_recipient_of_a_notice_has_its_own_reason():
    text = """\
Hi. This is the qmail-send program at mx.reader.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<one@reader.example>:
Sorry, no mailbox here by that name. (#5.1.1)

<two@reader.example>:
The user's mailbox is over quota. (#5.2.2)

--- Below this line is a copy of the message.
"""
    said = {each.recipient: (each.verdict, each.reason) for each in read_reports(letter(text))}
    assert said == {"one@reader.example": (HARD, "no such user"), "two@reader.example": (SOFT, "mailbox full")}


def test_of_an_alias_the_address_that_was_mailed_is_reported():
    text = EXIM.replace("  mara@reader.example\n", "  m.vogt@inner.example\n    (generated from mara@reader.example)\n")
    assert only(letter(text)).recipient == MAILED


def test_addresses_of_helpers_and_our_own_are_not_those_that_failed():
    text = f"""\
Your message to the following recipient was not delivered:

    {MAILED}

550 5.1.1 unknown user. For more information write to support@reader.example or postmaster@reader.example.
Sender: news@record.example
"""
    assert [each.recipient for each in read_reports(letter(text + "\n" + ORIGINAL))] == [MAILED]


def test_an_administrator_may_be_a_reader():
    assert only(letter(QMAIL.replace("mara@", "admin@"))).recipient == "admin@reader.example"


def test_the_field_of_exim_and_gmail_that_names_the_failed_ones_is_believed():
    report = only(letter("Something went wrong.\n", X_Failed_Recipients=MAILED))
    assert (report.recipient, report.verdict) == (MAILED, SOFT)


def test_a_notice_without_an_address_is_of_whom_the_returned_message_was_for():
    text = "Your message could not be delivered: 550 5.1.1 no such user here.\n\n----- Original message -----\n\n"
    assert only(letter(text + ORIGINAL)).recipient == MAILED


def test_a_notice_in_html_only_is_read():
    style = "<style>p { color: red }</style>"
    markup = (
        f"<html>{style}<p>Your message to <b>{MAILED}</b> couldn&#39;t be delivered.</p><p>550 User unknown</p></html>"
    )
    report = only(letter(markup, Content_Type="text/html; charset=utf-8"))
    assert (report.recipient, report.verdict) == (MAILED, HARD)


DELAYS = {
    "sendmail": (
        "Warning: could not send message for past 4 hours",
        "    ** THIS IS A WARNING MESSAGE ONLY  **\n    ** YOU DO NOT NEED TO RESEND YOUR MESSAGE **\n\n"
        "   ----- The following addresses had transient non-fatal errors -----\n<mara@reader.example>\n\n"
        "Deferred: Connection refused by mx.reader.example.\nWarning: message still undelivered after 4 hours\n"
        "Will keep trying until message is 5 days old\n",
    ),
    "exim": (
        "Warning: message 1aBcDe delayed 24 hours",
        "A message that you sent has not yet been delivered to one or more of its recipients after more than\n"
        "24 hours on the queue on mx.example.\n\n  mara@reader.example\n    550 5.1.1 user unknown\n\n"
        "No action is required on your part. Delivery attempts will continue for some time.\n",
    ),
    "exchange": (
        "Delivery delayed: Your Tuesday digest",
        "Delivery is delayed to these recipients:\n\nmara@reader.example\n\nThis message has not yet been delivered."
        " Microsoft Exchange will continue to try delivering the message on your behalf.\n",
    ),
    "gmail": (
        "Delivery Status Notification (Delay)",
        "** Delivery incomplete **\n\nThere was a temporary problem delivering your message to mara@reader.example."
        " Gmail will retry for 47 more hours. You'll be notified if the delivery fails permanently.\n",
    ),
    "opensmtpd": (
        "Delivery status notification: error",
        "Please note that this is only a temporary failure report. The message is kept in the queue for up to 4 days."
        " You DO NOT NEED to re-send the message to these recipients.\n\nmara@reader.example: Network error\n",
    ),
    "german": (
        "Zustellung verzögert",
        "Die Zustellung an mara@reader.example ist verzögert. Es wird weiter versucht, die Nachricht zuzustellen.\n",
    ),
}


@pytest.mark.parametrize("name", DELAYS)
def test_b5_a_delay_notice_never_counts(name):
    subject, text = DELAYS[name]
    report = only(letter(text, Subject=subject))
    assert (report.verdict, report.reason) == (NONE, "delayed")


def test_a_last_notice_that_speaks_of_retries_counts():
    text = EXIM.replace("550 5.1.1 User unknown", "retry timeout exceeded")
    assert (only(letter(text)).verdict, only(letter(text)).reason) == (SOFT, "expired")
    text = "I couldn't connect.\nI'm not going to try again; this message has been in the queue too long.\n"
    assert only(letter(f"Hi. This is the qmail-send program.\n\n<{MAILED}>:\n{text}")).verdict is SOFT


@pytest.mark.parametrize("late", ["in reply to end of DATA command", "in reply to RCPT TO command"])
def test_a_carriers_unknown_user_after_the_message_may_be_a_readers_filter(late):
    text = f"<mara@docomo.ne.jp>: host mx.docomo.ne.jp[192.0.2.1] said: 550 Unknown user mara@docomo.ne.jp ({late})\n"
    report = only(letter("This is the mail system. Your message could not be delivered.\n\n" + text))
    assert report.verdict is (SOFT if "DATA" in late else HARD)
