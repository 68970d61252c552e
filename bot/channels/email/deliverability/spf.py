"""SPF as receivers read it: the whole tree of a record, what it costs in lookups, what it says of an address.

Source, checked 2026-11-26: RFC 7208 §3.2 (one record), §4.6.4 (10 lookups, 2 void ones, 10 names of an ``mx``), §5
(mechanisms), §6.1 (redirect). Macros (§7) depend on the single message: such a term is counted and matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from bot.dns import Address, Answer, Resolver, addresses
from bot.model import Phrase, plural, said_by

LOOKUPS = 10
VOID_LOOKUPS = 2
_WALKED = 3 * LOOKUPS
"""Where we stop counting: a record that costs more is as broken as one that costs 11."""
_TERM = re.compile(r"([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:[:](\S*?))?(/\d{1,3})?(//\d{1,3})?", re.I)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
_COSTS = {"include", "a", "mx", "ptr", "exists", "redirect"}
_RESULT = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

Network = IPv4Network | IPv6Network


class _Broken(Exception):
    """The record has an error that no receiver reads over (permerror)."""


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism, or the modifier ``redirect``. ``networks`` are those it stands for."""

    text: str
    qualifier: str
    kind: str
    target: str = ""
    networks: tuple[Network, ...] = ()
    inner: Policy | None = None
    void: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """A domain's SPF. ``records`` are all TXT records that claim to be it; ``problem`` is why receivers drop it."""

    domain: str
    records: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    problem: str = ""

    def walk(self) -> Iterator[Term]:
        """All terms, those of included records too."""
        for term in self.terms:
            yield term
            if term.inner:
                yield from term.inner.walk()

    @property
    def lookups(self) -> int:
        return sum(term.kind in _COSTS for term in self.walk())

    @property
    def void_lookups(self) -> int:
        return sum(term.void for term in self.walk())

    @property
    def error(self) -> str:
        """The first problem of this record or of an included one; "" when there is none."""
        inner = (term.inner.error for term in self.terms if term.inner)
        found = next((each for each in inner if each), "")
        if self.problem or not found:
            return self.problem
        return Phrase("include of %(domain)s: %(problem)s", domain=self.domain, problem=found)

    @property
    def ending(self) -> str:
        """``-all``, ``~all``, ``?all``, ``+all``, or "" when the record ends without a word on all others."""
        for term in self.terms:
            if term.kind == "all":
                return f"{term.qualifier}all"
        last = self.terms[-1] if self.terms else None
        return last.inner.ending if last and last.kind == "redirect" and last.inner else ""

    def names(self, domain: str) -> bool:
        """Whether the record of ``domain`` is part of this one."""
        return any(term.kind in ("include", "redirect") and term.target == domain for term in self.walk())

    def verdict(self, address: Address) -> str:
        """``pass``, ``fail``, ``softfail`` or ``neutral``, as far as no macro decides."""
        for term in self.terms:
            if term.kind == "redirect" and term.inner:
                return term.inner.verdict(address)
            included = term.kind == "include" and term.inner and term.inner.verdict(address) == "pass"
            if term.kind == "all" or included or any(address in net for net in term.networks):
                return _RESULT[term.qualifier]
        return "neutral"


async def read(domain: str, dns: Resolver) -> Policy:
    """The SPF of ``domain`` with all it includes. Raises ``DnsError`` when a part of it is not answered."""
    return await _Reader(dns).policy(domain, ())


class _Reader:
    def __init__(self, dns: Resolver) -> None:
        self._dns = dns
        self._spent = 0

    async def policy(self, domain: str, above: tuple[str, ...]) -> Policy:
        if domain in above:
            return Policy(domain, problem=Phrase("%(domain)s includes itself", domain=domain))
        answer = await self._dns.look(domain, "TXT")
        records = tuple(
            each for each in answer.values if each.lower() == "v=spf1" or each.lower().startswith("v=spf1 ")
        )
        if len(records) != 1:
            return Policy(domain, records, problem=_number_wrong(domain, len(records)) if records or above else "")
        terms: list[Term] = []
        redirect: Term | None = None
        try:
            for text in records[0].split()[1:]:
                term = await self._term(text, domain, (*above, domain))
                if term and term.kind == "redirect":
                    if redirect:
                        raise _Broken(Phrase("names redirect twice"))
                    redirect = term
                elif term:
                    terms.append(term)
        except _Broken as error:
            problem = Phrase("%(domain)s: %(problem)s", domain=domain, problem=said_by(error))
            return Policy(domain, records, tuple(terms), problem=problem)
        # A redirect counts only where there is no "all" (§6.1), and then after all else.
        if redirect and not any(term.kind == "all" for term in terms):
            terms.append(redirect)
        return Policy(domain, records, tuple(terms))

    async def _term(self, text: str, domain: str, above: tuple[str, ...]) -> Term | None:
        modifier = _MODIFIER.fullmatch(text)
        if modifier:
            if modifier[1].lower() != "redirect":
                return None
            return await self._inner(text, "+", "redirect", modifier[2], above)
        found = _TERM.fullmatch(text)
        if not found:
            raise _Broken(Phrase("%(term)s is nothing that SPF knows", term=_quoted(text)))
        qualifier, kind = found[1] or "+", found[2].lower()
        target = (found[3] or "").lower().rstrip(".")
        if kind in ("ip4", "ip6"):
            return Term(text, qualifier, kind, networks=(_network(text, kind, (found[3] or "") + (found[4] or "")),))
        if kind == "include":
            return await self._inner(text, qualifier, kind, target, above)
        if kind == "exists" and not target:
            raise _Broken(Phrase("%(term)s lacks a domain", term=_quoted(text)))
        if kind in ("a", "mx"):
            return await self._hosts(text, qualifier, kind, target or domain, found[4], found[5])
        if kind != "all":
            self._spend()
        return Term(text, qualifier, kind, target)

    async def _inner(self, text: str, qualifier: str, kind: str, target: str, above: tuple[str, ...]) -> Term:
        target = target.lower().rstrip(".")
        if not target:
            raise _Broken(Phrase("%(term)s lacks a domain", term=_quoted(text)))
        if "%" in target or not self._spend():
            return Term(text, qualifier, kind, target)
        inner = await self.policy(target, above)
        return Term(text, qualifier, kind, target, inner=inner, void=not inner.records)

    async def _hosts(
        self, text: str, qualifier: str, kind: str, target: str, width4: str | None, width6: str | None
    ) -> Term:
        if "%" in target or not self._spend():
            return Term(text, qualifier, kind, target)
        hosts, nothing = [target], False
        if kind == "mx":
            answer = await self._dns.look(target, "MX")
            hosts, nothing = exchangers(answer), not answer.values
            if len(hosts) > LOOKUPS:
                raise _Broken(
                    plural(
                        len(hosts),
                        "%(term)s leads to %(count)s mail server; 10 are allowed",
                        "%(term)s leads to %(count)s mail servers; 10 are allowed",
                        term=_quoted(text),
                    )
                )
        found = [address for host in hosts for address in await addresses(self._dns, host)]
        widths = {4: (width4 or "/32"), 6: (width6 or "//128")[1:]}
        try:
            networks = tuple(ip_network(f"{each}{widths[each.version]}", strict=False) for each in found)
        except ValueError as error:
            raise _Broken(Phrase("%(term)s is no network", term=_quoted(text))) from error
        return Term(text, qualifier, kind, target, networks, void=nothing or (kind == "a" and not found))

    def _spend(self) -> bool:
        self._spent += 1
        return self._spent <= _WALKED


def exchangers(answer: Answer) -> list[str]:
    """The mail servers of an MX answer, the preferred first; none when the domain takes no mail (RFC 7505)."""
    split = [value.split(" ", 1) for value in answer.values]
    return [host for _, host in sorted((int(preference), host) for preference, host in split) if host != "."]


def _network(text: str, kind: str, value: str) -> Network:
    try:
        network = ip_network(value, strict=False)
    except ValueError as error:
        raise _Broken(Phrase("%(term)s is no network", term=_quoted(text))) from error
    if network.version != int(kind[-1]):
        raise _Broken(Phrase("%(term)s is no network of that kind", term=_quoted(text)))
    return network


def _number_wrong(domain: str, records: int) -> Phrase:
    if not records:
        return Phrase("%(domain)s has no SPF records", domain=domain)
    return plural(records, "%(domain)s has %(count)s SPF record", "%(domain)s has %(count)s SPF records", domain=domain)


def _quoted(term: str) -> str:
    return repr(term[:60])


def with_term(record: str, term: str) -> str:
    """``record`` with ``term`` before its ending."""
    words = record.split()
    place = next(
        (at for at, word in enumerate(words) if re.fullmatch(r"[+?~-]?all|redirect=.*", word, re.I)), len(words)
    )
    return " ".join([*words[:place], term, *words[place:]])


def joined(records: tuple[str, ...]) -> str:
    """Several records as the one they should be."""
    words = [word for record in records for word in record.split()[1:]]
    last = next((word for word in words if re.fullmatch(r"[~-]all", word, re.I)), "~all")
    terms = [word for word in dict.fromkeys(words) if not re.fullmatch(r"[+?~-]?all", word, re.I)]
    return " ".join(["v=spf1", *terms, last])
