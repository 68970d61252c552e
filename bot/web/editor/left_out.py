"""What a selection left out, by the rule that did, as far as a page can show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.editions.compose import reason_of

FIRST, MOST = 5, 300
"""How many articles of a rule are shown, and how many when all were asked for."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The articles that one rule left out: ``number`` in all, and the first of them with their reasons."""

    rule: str
    number: int
    articles: tuple[dict[str, str], ...]

    @property
    def more(self) -> int:
        return self.number - len(self.articles)


def left_out(report: Mapping[str, Any], *, whole: str = "") -> tuple[LeftOut, ...]:
    """By how many a rule left out, most first; of the rule ``whole`` all are there."""
    rules: dict[str, list[dict[str, Any]]] = {}
    for each in report.get("rejections") or ():
        rules.setdefault(str(each.get("rule") or "other"), []).append(each)
    return tuple(
        LeftOut(rule, len(articles), tuple(_named(each) for each in articles[: MOST if rule == whole else FIRST]))
        for rule, articles in sorted(rules.items(), key=lambda item: -len(item[1]))
    )


def _named(article: Mapping[str, Any]) -> dict[str, str]:
    return {**{key: str(article.get(key) or "") for key in ("id", "title", "url")}, "reason": reason_of(article)}
