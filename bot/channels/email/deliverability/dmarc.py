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
from bot.model import Checked, Phrase
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
            Phrase(
                "%(name)s has several DMARC records, which receivers take for none (RFC 9989 §4.10)",
                name=f"_dmarc.{twice.domain}",
            ),
            Phrase("delete all but one"),
        )
    if found is None:
        return fault(
            id,
            Phrase(
                "%(domain)s has no DMARC record; Gmail, Yahoo and Microsoft refuse bulk mail without",
                domain=sending.domain,
            ),
            _publish(sending.domain, "none"),
        )
    inherited = found.domain != sending.domain
    said = found.tags.get("sp" if inherited and "sp" in found.tags else "p", "")
    where = f"_dmarc.{found.domain}"
    if inherited:
        where = Phrase("%(name)s, which holds for %(domain)s too", name=where, domain=sending.domain)
    if said not in POLICIES:
        value = said[:20] or Phrase("(missing)")
        wrong = Phrase("%(where)s: p=%(value)s is no policy", where=where, value=value)
        return fault(id, wrong, _publish(found.domain, "none"))
    if "rua" not in found.tags:
        return warning(
            id,
            Phrase(
                "%(where)s: p=%(policy)s, and no reports are asked for: you would not see who fails",
                where=where,
                policy=said,
            ),
            Phrase("add %(tag)s to it", tag=f"rua=mailto:dmarc@{found.domain}"),
        )
    if said == "none":
        return ok(
            id,
            Phrase(
                "%(where)s: p=none; go on to quarantine when the reports show that all of your mail passes", where=where
            ),
        )
    return ok(id, Phrase("%(where)s: p=%(policy)s", where=where, policy=said))


async def _alignment(at: str, sending: Sending, own: str, policy: Mapping[str, str], dns: Resolver) -> Checked:
    id, domain = f"{at}.alignment", sending.domain

    async def aligned(other: str, mode: str) -> bool:
        if other == domain or policy.get(mode) == "s":
            return other == domain
        return organisation(other, await walk(other, dns)) == own

    by_spf = sending.keeps_sender and await aligned(sending.bounces, "aspf")
    by_dkim = [key.domain for key in sending.signing if await aligned(key.domain, "adkim")]
    strict = "s" in map(policy.get, ("adkim", "aspf"))
    if by_dkim and by_spf:
        both = Phrase(
            "DKIM (d=%(signer)s) and SPF (%(bounces)s) are both aligned with %(domain)s",
            signer=by_dkim[0],
            bounces=sending.bounces,
            domain=domain,
        )
        return ok(id, both)
    if by_dkim:
        return ok(id, _by_dkim_alone(by_dkim[0], sending))
    if by_spf:
        fix = Phrase("sign for %(domain)s as docs/dkim.md says, unless your mail server does", domain=domain)
        return warning(id, _by_spf_alone(sending), _strictly(fix) if strict else fix)
    if not sending.signing and all(origin.relay.signs_dkim for origin in sending.origins):
        return warning(
            id,
            Phrase("SPF proves nothing of %(domain)s, so DMARC rests on your relay's signature for it", domain=domain),
            Phrase("set the domain up there, then read Authentication-Results in a test mail (docs/deliverability.md)"),
        )
    fix = Phrase(
        "set bounces to an address at %(domain)s or below it, and sign for %(domain)s as docs/dkim.md says",
        domain=domain,
    )
    said = Phrase("nothing that we prove is aligned with %(domain)s: DMARC fails", domain=domain)
    return fault(id, said, _strictly(fix) if strict else fix)


def _by_dkim_alone(signer: str, sending: Sending) -> Phrase:
    if sending.keeps_sender:
        return Phrase(
            "DKIM (d=%(signer)s) is aligned with %(domain)s; SPF of %(bounces)s is not",
            signer=signer,
            domain=sending.domain,
            bounces=sending.bounces,
        )
    return Phrase(
        "DKIM (d=%(signer)s) is aligned with %(domain)s; SPF is not: your relay has an envelope sender of its own",
        signer=signer,
        domain=sending.domain,
    )


def _by_spf_alone(sending: Sending) -> Phrase:
    if sending.signing:
        return Phrase(
            "SPF (%(bounces)s) is aligned with %(domain)s; the signature of %(signer)s is not, "
            "and forwarding breaks SPF",
            bounces=sending.bounces,
            domain=sending.domain,
            signer=sending.signing[0].domain,
        )
    return Phrase(
        "SPF (%(bounces)s) is aligned with %(domain)s; nothing here signs, and forwarding breaks SPF",
        bounces=sending.bounces,
        domain=sending.domain,
    )


def _strictly(fix: Phrase) -> Phrase:
    return Phrase("adkim=s or aspf=s asks for the very same domain; %(fix)s", fix=fix)


def _publish(domain: str, policy: str) -> Phrase:
    value = f"v=DMARC1; p={policy}; rua=mailto:dmarc@{domain}"
    return Phrase("publish %(record)s", record=TxtRecord(f"_dmarc.{domain}", value).zone_line)
