"""How a preflight is told on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model import Finding, Grade


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """What is to be mended and what to be known, one line each; what holds is only counted. No line for no finding."""
    if findings:
        yield f"preflight: {_summed(findings)}"
    for each in findings:
        if each.grade is not Grade.OK:
            where = f": {each.where}" if each.where else ""
            fix = f"; {each.fix}" if each.fix else ""
            yield f"  {each.grade:<7} {each.said}{where}{fix}"


def _summed(findings: Sequence[Finding]) -> str:
    grades = [each.grade for each in findings]
    mend, know, hold, unseen = (grades.count(grade) for grade in (Grade.FAULT, Grade.WARNING, Grade.OK, Grade.OPEN))
    # Faults alone are told where the rest is no news.
    told = [
        f"{mend or 'nothing'} to mend",
        f"{know or 'nothing'} to know",
        f"{hold} {'holds' if hold == 1 else 'hold'}",
    ]
    if unseen:
        told.append(f"{unseen} not looked at yet")
    return ", ".join(told if know or hold or unseen else told[:1])
