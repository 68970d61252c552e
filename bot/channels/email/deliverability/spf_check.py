"""Whether SPF lets our servers send (RFC 7208)."""

from __future__ import annotations

from collections.abc import Iterator

from bot.channels.email.deliverability import spf
from bot.channels.email.deliverability.sending import Origin, Sending
from bot.channels.email.signing_key import TxtRecord
from bot.dns import Resolver
from bot.model import Checked
from bot.model.checked import fault, ok, warning


async def inspect(at: str, sending: Sending, dns: Resolver) -> list[Checked]:
    """Lines on the record of the envelope sender's domain, and on each server in it. Raises ``DnsError``."""
    policy = await spf.read(sending.bounces, dns)
    return [_record(at, sending, policy), *(_sender(at, each, policy) for each in sending.origins if policy.records)]


def _record(at: str, sending: Sending, policy: spf.Policy) -> Checked:
    name, id = policy.domain, f"{at}.spf"
    if not policy.records:
        said = f"{name} has no SPF record"
        publish = _publish(name, " ".join(["v=spf1", *_terms(sending), "~all"]))
        if sending.keeps_sender:
            return fault(id, f"{said}; Gmail, Yahoo and Microsoft refuse bulk mail without (RFC 7208 §3)", publish)
        return warning(id, f"{said}; your relay's own domain passes, and anybody may forge yours", publish)
    if len(policy.records) > 1:
        said = f"{name} has {len(policy.records)} SPF records, which receivers take for none (RFC 7208 §3.2)"
        return fault(id, said, "delete them and " + _publish(name, spf.joined(policy.records)))
    record = policy.records[0]
    if policy.error:
        return fault(id, f"receivers drop the SPF record: {policy.error}", f"correct it: {record}")
    if policy.lookups > spf.LOOKUPS:
        return fault(
            id,
            f"the SPF record of {name} costs {policy.lookups} lookups; above {spf.LOOKUPS} receivers drop it "
            "(RFC 7208 §4.6.4)",
            "take out includes of services that no longer send for you, or put ip4: and ip6: in their place",
        )
    if policy.ending == "+all":
        return fault(
            id,
            f"the SPF record of {name} lets everybody send for you (+all)",
            _publish(name, _ending(record, "~all")),
        )
    if policy.void_lookups > spf.VOID_LOOKUPS:
        return warning(
            id,
            f"{policy.void_lookups} names in the SPF record of {name} do not exist; above {spf.VOID_LOOKUPS} receivers "
            "may drop it (RFC 7208 §4.6.4)",
            "take those names out",
        )
    if policy.ending not in ("-all", "~all"):
        return warning(
            id,
            f"the SPF record of {name} says nothing of all other servers",
            _publish(name, _ending(record, "~all")),
        )
    said = f"{name} has one record, {policy.lookups} of {spf.LOOKUPS} lookups, ends in {policy.ending}"
    return ok(id, said)


def _sender(at: str, origin: Origin, policy: spf.Policy) -> Checked:
    id, relay = f"{at}.spf.{origin.key}", origin.relay
    if not relay.keeps_sender:
        return ok(id, f"{relay.name} sends under an envelope sender of its own, whose SPF is its business")
    if relay.spf:
        if policy.names(relay.spf):
            return ok(id, f"the record includes {relay.spf}")
        said = f"the SPF record of {policy.domain} does not name {relay.name}, which sends for you"
        return fault(id, said, _publish(policy.domain, spf.with_term(policy.records[0], f"include:{relay.spf}")))
    if not origin.addresses:
        return warning(
            id,
            f"from which addresses {origin.host} sends cannot be told from here, so SPF was not tried on them",
            'name them: sends_from = ["…"] in the settings of that server',
        )
    missing = [each for each in origin.addresses if policy.verdict(each) != "pass"]
    if missing:
        terms = " ".join(f"ip{each.version}:{each}" for each in missing)
        said = f"the SPF record of {policy.domain} does not let {' and '.join(map(str, missing))} send"
        return fault(id, said, _publish(policy.domain, spf.with_term(policy.records[0], terms)))
    return ok(id, f"passes for {', '.join(map(str, origin.addresses))}")


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


def _publish(name: str, value: str) -> str:
    return f"publish {TxtRecord(name, value).zone_line}"
