"""How a preflight is told on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model import Finding, Grade


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """What is to be mended and what to be known, one line each; what holds is only counted. No line for no finding."""
    if findings:
        yield f"preflight: {summed(findings)}"
    for each in findings:
        if each.grade is not Grade.OK:
            where = f": {each.where}" if each.where else ""
            fix = f"; {each.fix}" if each.fix else ""
            yield f"  {each.grade:<7} {each.said}{where}{fix}"


def summed(findings: Sequence[Finding]) -> str:
    """``2 to mend, 1 to know, 9 hold``."""
    mend, know, hold = (
        sum(each.grade is grade for each in findings) for grade in (Grade.FAULT, Grade.WARNING, Grade.OK)
    )
    return f"{mend or 'nothing'} to mend, {know or 'nothing'} to know, {hold} {'holds' if hold == 1 else 'hold'}"
