"""DMARC: the policy of From's domain, and whether what SPF and DKIM prove is aligned with it.

Source, checked 2026-11-26: RFC 9989 (May 2026, in the place of RFC 7489) §4.10: policy and organisational domain are
found by walking up the DNS. Receivers that still go by RFC 7489 look at a list of public suffixes instead; where both
see the same, as with one record at the domain you registered, nothing depends on which one it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.channels.email.deliverability.sending import Sending, tags
from bot.channels.email.signing_key import TxtRecord
from bot.dns import Resolver
from bot.model import Checked
from bot.model.checked import fault, ok, warning

POLICIES = ("none", "quarantine", "reject")
_MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One domain of a walk that has a record. ``twice``: it has several, which count for nothing."""

    domain: str
    tags: Mapping[str, str]
    twice: bool = False


async def walk(domain: str, dns: Resolver) -> list[Step]:
    """The domains from ``domain`` up that have a record, the nearest first (RFC 9989 §4.10). Raises ``DnsError``."""
    labels = domain.split(".")
    above = [labels[at:] for at in range(1, len(labels))]
    if len(labels) > _MOST_LABELS:
        above = [each for each in above if len(each) < _MOST_LABELS]
    steps = []
    for each in [labels, *above]:
        name = ".".join(each)
        answer = await dns.look(f"_dmarc.{name}", "TXT")
        records = [found for text in answer.values if (found := _record(text))]
        if records:
            steps.append(Step(name, records[0], twice=len(records) > 1))
    return steps


def _record(text: str) -> Mapping[str, str] | None:
    found = tags(text)
    # The version comes first and its value is exact (§4.7).
    return found if found and next(iter(found.items())) == ("v", "DMARC1") else None


def organisation(domain: str, steps: list[Step]) -> str:
    """The organisational domain of ``domain``, from the walk up from it (§4.10.2)."""
    valid = [step for step in steps if not step.twice]
    for step in valid:
        if step.tags.get("psd") == "n":
            return step.domain
        if step.tags.get("psd") == "y" and step.domain != domain:
            return ".".join(domain.split(".")[-len(step.domain.split(".")) - 1 :])
    return valid[-1].domain if valid else domain


async def inspect(at: str, sending: Sending, dns: Resolver) -> list[Checked]:
    """Lines on the policy and on what is aligned with it. Raises ``DnsError``."""
    steps = await walk(sending.domain, dns)
    own = organisation(sending.domain, steps)
    valid = [step for step in steps if not step.twice and (step.domain == sending.domain or step.domain == own)]
    policy = valid[0].tags if valid else {}
    lines = [_policy(at, sending, steps, valid[0] if valid else None)]
    if policy:
        lines.append(await _alignment(at, sending, own, policy, dns))
    return lines


def _policy(at: str, sending: Sending, steps: list[Step], found: Step | None) -> Checked:
    id = f"{at}.dmarc"
    twice = next((step for step in steps if step.twice), None)
    if twice and found is None:
        return fault(
            id,
            f"_dmarc.{twice.domain} has several DMARC records, which receivers take for none (RFC 9989 §4.10)",
            "delete all but one",
        )
    if found is None:
        return fault(
            id,
            f"{sending.domain} has no DMARC record; Gmail, Yahoo and Microsoft refuse bulk mail without",
            _publish(sending.domain, "none"),
        )
    inherited = found.domain != sending.domain
    said = found.tags.get("sp" if inherited and "sp" in found.tags else "p", "")
    where = f"_dmarc.{found.domain}" + (f", which holds for {sending.domain} too" if inherited else "")
    if said not in POLICIES:
        return fault(id, f"{where}: p={said[:20] or '(missing)'} is no policy", _publish(found.domain, "none"))
    if "rua" not in found.tags:
        return warning(
            id,
            f"{where}: p={said}, and no reports are asked for: you would not see who fails",
            f"add rua=mailto:dmarc@{found.domain} to it",
        )
    if said == "none":
        return ok(id, f"{where}: p=none; go on to quarantine when the reports show that all of your mail passes")
    return ok(id, f"{where}: p={said}")


async def _alignment(at: str, sending: Sending, own: str, policy: Mapping[str, str], dns: Resolver) -> Checked:
    id, domain = f"{at}.alignment", sending.domain

    async def aligned(other: str, mode: str) -> bool:
        if other == domain or policy.get(mode) == "s":
            return other == domain
        return organisation(other, await walk(other, dns)) == own

    by_spf = sending.keeps_sender and await aligned(sending.bounces, "aspf")
    by_dkim = [key.domain for key in sending.signing if await aligned(key.domain, "adkim")]
    strict = "adkim=s or aspf=s asks for the very same domain; " if "s" in map(policy.get, ("adkim", "aspf")) else ""
    if by_dkim and by_spf:
        return ok(id, f"DKIM (d={by_dkim[0]}) and SPF ({sending.bounces}) are both aligned with {domain}")
    if by_dkim:
        why = (
            f"of {sending.bounces} is not"
            if sending.keeps_sender
            else "is not: your relay has an envelope sender of its own"
        )
        return ok(id, f"DKIM (d={by_dkim[0]}) is aligned with {domain}; SPF {why}")
    if by_spf:
        signed = f"the signature of {sending.signing[0].domain} is not" if sending.signing else "nothing here signs"
        return warning(
            id,
            f"SPF ({sending.bounces}) is aligned with {domain}; {signed}, and forwarding breaks SPF",
            f"{strict}sign for {domain} as docs/dkim.md says, unless your mail server does",
        )
    fix = f"{strict}set bounces to an address at {domain} or below it, and sign for {domain} as docs/dkim.md says"
    if not sending.signing and all(origin.relay.signs_dkim for origin in sending.origins):
        return warning(
            id,
            f"SPF proves nothing of {domain}, so DMARC rests on your relay's signature for it",
            "set the domain up there, then read Authentication-Results in a test mail (docs/deliverability.md)",
        )
    return fault(id, f"nothing that we prove is aligned with {domain}: DMARC fails", fix)


def _publish(domain: str, policy: str) -> str:
    value = f"v=DMARC1; p={policy}; rua=mailto:dmarc@{domain}"
    return f"publish {TxtRecord(f'_dmarc.{domain}', value).zone_line}"
