"""Whether what must be signed is signed, read from a message as it would go out."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy

from bot.channels.email.deliverability.sending import Origin, Sending, tags
from bot.model import Checked, Phrase, Several, Way
from bot.model.checked import fault, ok, warning

ONE_CLICK = ("List-Unsubscribe", "List-Unsubscribe-Post")


def inspect(at: str, sending: Sending) -> list[Checked]:
    """Lines on who signs the mail of each server, and whether one-click unsubscribing is covered (RFC 8058 §4)."""
    return [line for origin in sending.origins for line in _lines(f"{at}.signed.{origin.key}", sending, origin)]


def _lines(id: str, sending: Sending, origin: Origin) -> Iterator[Checked]:
    found = message_from_bytes(origin.message, policy=policy.compat32).get_all("DKIM-Signature") or []
    for each in found:
        signature = tags(str(each)) or {}
        of = f"{id}.{signature.get('s')}"
        names = [name.strip().lower() for name in signature.get("h", "").split(":")]
        missing = [name for name in ONE_CLICK if name.lower() not in names]
        if missing:
            left_out = Several(tuple(missing), Way.BOTH)
            said = Phrase("the signature leaves out %(headers)s (RFC 8058 §4)", headers=left_out)
            yield fault(of, said, Phrase("report this, please"))
        else:
            said = Phrase(
                "the %(algorithm)s signature covers List-Unsubscribe and List-Unsubscribe-Post (RFC 8058 §4)",
                algorithm=str(signature.get("a")),
            )
            yield ok(of, said)
    if not found:
        yield _unsigned(id, sending, origin)


def _unsigned(id: str, sending: Sending, origin: Origin) -> Checked:
    relay = origin.relay
    if sending.keys:
        return warning(
            id,
            Phrase(
                "there is a key, but %(relay)s puts a Message-ID or Date of its own into mails, so we sign nothing",
                relay=relay.name,
            ),
            Phrase("let %(relay)s sign for %(domain)s", relay=relay.name, domain=sending.domain),
        )
    if relay.signs_dkim:
        said = Phrase(
            "%(relay)s signs for %(domain)s once that is set up there; a test mail shows it, and whether "
            "List-Unsubscribe is covered (docs/deliverability.md)",
            relay=relay.name,
            domain=sending.domain,
        )
        return ok(id, said)
    return warning(
        id,
        Phrase("nothing here signs; unless your mail server does, Gmail, Yahoo and Microsoft refuse bulk mail"),
        Phrase("broadsheet keys dkim, then as it says"),
    )
