"""Whether SPF lets our servers send (RFC 7208)."""

from __future__ import annotations

from collections.abc import Iterator

from bot.channels.email.deliverability import spf
from bot.channels.email.deliverability.sending import Origin, Sending
from bot.channels.email.signing_key import TxtRecord
from bot.dns import Resolver
from bot.model import Checked, Phrase, Several, Way, plural
from bot.model.checked import fault, ok, warning


async def inspect(at: str, sending: Sending, dns: Resolver) -> list[Checked]:
    """Lines on the record of the envelope sender's domain, and on each server in it. Raises ``DnsError``."""
    policy = await spf.read(sending.bounces, dns)
    return [_record(at, sending, policy), *(_sender(at, each, policy) for each in sending.origins if policy.records)]


def _record(at: str, sending: Sending, policy: spf.Policy) -> Checked:
    name, id = policy.domain, f"{at}.spf"
    if not policy.records:
        publish = _publish(name, " ".join(["v=spf1", *_terms(sending), "~all"]))
        if sending.keeps_sender:
            said = Phrase(
                "%(name)s has no SPF record; Gmail, Yahoo and Microsoft refuse bulk mail without (RFC 7208 §3)",
                name=name,
            )
            return fault(id, said, publish)
        said = Phrase(
            "%(name)s has no SPF record; your relay's own domain passes, and anybody may forge yours", name=name
        )
        return warning(id, said, publish)
    if len(policy.records) > 1:
        said = plural(
            len(policy.records),
            "%(name)s has %(count)s SPF record, which receivers take for none (RFC 7208 §3.2)",
            "%(name)s has %(count)s SPF records, which receivers take for none (RFC 7208 §3.2)",
            name=name,
        )
        one = TxtRecord(name, spf.joined(policy.records)).zone_line
        return fault(id, said, Phrase("delete them and publish %(record)s", record=one))
    record = policy.records[0]
    if policy.error:
        said = Phrase("receivers drop the SPF record: %(why)s", why=policy.error)
        return fault(id, said, Phrase("correct it: %(record)s", record=record))
    if policy.lookups > spf.LOOKUPS:
        return fault(
            id,
            plural(
                policy.lookups,
                "the SPF record of %(name)s costs %(count)s lookup; above %(most)s receivers drop it (RFC 7208 §4.6.4)",
                "the SPF record of %(name)s costs %(count)s lookups; above %(most)s receivers drop it "
                "(RFC 7208 §4.6.4)",
                name=name,
                most=spf.LOOKUPS,
            ),
            Phrase("take out includes of services that no longer send for you, or put ip4: and ip6: in their place"),
        )
    if policy.ending == "+all":
        return fault(
            id,
            Phrase("the SPF record of %(name)s lets everybody send for you (+all)", name=name),
            _publish(name, _ending(record, "~all")),
        )
    if policy.void_lookups > spf.VOID_LOOKUPS:
        return warning(
            id,
            plural(
                policy.void_lookups,
                "%(count)s name in the SPF record of %(name)s does not exist; above %(most)s receivers may drop it "
                "(RFC 7208 §4.6.4)",
                "%(count)s names in the SPF record of %(name)s do not exist; above %(most)s receivers may drop it "
                "(RFC 7208 §4.6.4)",
                name=name,
                most=spf.VOID_LOOKUPS,
            ),
            Phrase("take those names out"),
        )
    if policy.ending not in ("-all", "~all"):
        return warning(
            id,
            Phrase("the SPF record of %(name)s says nothing of all other servers", name=name),
            _publish(name, _ending(record, "~all")),
        )
    said = Phrase(
        "%(name)s has one record, %(lookups)s of %(most)s lookups, ends in %(ending)s",
        name=name,
        lookups=policy.lookups,
        most=spf.LOOKUPS,
        ending=policy.ending,
    )
    return ok(id, said)


def _sender(at: str, origin: Origin, policy: spf.Policy) -> Checked:
    id, relay = f"{at}.spf.{origin.key}", origin.relay
    if not relay.keeps_sender:
        said = Phrase(
            "%(relay)s sends under an envelope sender of its own, whose SPF is its business", relay=relay.name
        )
        return ok(id, said)
    if relay.spf:
        if policy.names(relay.spf):
            return ok(id, Phrase("the record includes %(name)s", name=relay.spf))
        said = Phrase(
            "the SPF record of %(name)s does not name %(relay)s, which sends for you",
            name=policy.domain,
            relay=relay.name,
        )
        return fault(id, said, _publish(policy.domain, spf.with_term(policy.records[0], f"include:{relay.spf}")))
    if not origin.addresses:
        return warning(
            id,
            Phrase(
                "from which addresses %(host)s sends cannot be told from here, so SPF was not tried on them",
                host=origin.host,
            ),
            Phrase('name them: sends_from = ["…"] in the settings of that server'),
        )
    missing = [each for each in origin.addresses if policy.verdict(each) != "pass"]
    if missing:
        terms = " ".join(f"ip{each.version}:{each}" for each in missing)
        said = Phrase(
            "the SPF record of %(name)s does not let %(addresses)s send",
            name=policy.domain,
            addresses=Several(tuple(map(str, missing)), Way.BOTH),
        )
        return fault(id, said, _publish(policy.domain, spf.with_term(policy.records[0], terms)))
    return ok(id, Phrase("passes for %(addresses)s", addresses=Several(tuple(map(str, origin.addresses)))))


def _terms(sending: Sending) -> Iterator[str]:
    for origin in sending.origins:
        if origin.relay.spf:
            yield f"include:{origin.relay.spf}"
        elif origin.addresses:
            yield from (f"ip{each.version}:{each}" for each in origin.addresses)
        else:
            yield "mx"


def _ending(record: str, ending: str) -> str:
    words = [word for word in record.split() if word.lower().lstrip("+?~-") != "all"]
    return " ".join([*words, ending])


def _publish(name: str, value: str) -> Phrase:
    return Phrase("publish %(record)s", record=TxtRecord(name, value).zone_line)
