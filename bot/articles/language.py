"""Which language a text is in, where its script tells: sites often declare one language and write in two."""

from __future__ import annotations

from collections import Counter

import regex

# Scripts that a language can be told from, and the languages that are written in them.
_WRITTEN = {
    "Arab": {"ar", "fa", "ur", "ps", "ckb", "ug", "sd", "ku"},
    "Hebr": {"he", "iw", "yi"},
    "Kana": {"ja"},
    "Hang": {"ko"},
    "Hani": {"zh", "ja", "yue", "ko"},
    "Thai": {"th"},
    "Grek": {"el"},
}
_LETTER = regex.compile(
    r"(?P<Kana>[\p{Hiragana}\p{Katakana}])|(?P<Hani>\p{Han})|(?P<Hang>\p{Hangul})|(?P<Arab>\p{Arabic})"
    r"|(?P<Hebr>\p{Hebrew})|(?P<Thai>\p{Thai})|(?P<Grek>\p{Greek})|(?P<other>\p{L})"
)
_SAMPLE = 4000
_TAG = regex.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")


def language_of(text: str, declared: str = "") -> str:
    """The BCP 47 tag of ``text``: ``declared``, unless most of its letters are of a script that contradicts it.

    What was declared and is no tag counts as nothing.
    """
    declared = declared.strip().replace("_", "-")
    declared = declared if _TAG.fullmatch(declared) else ""
    counts = Counter(match.lastgroup for match in _LETTER.finditer(text[:_SAMPLE]) if match.lastgroup)
    total = counts.total()
    if counts["Kana"] and (counts["Kana"] + counts["Hani"]) * 2 > total:
        script = "Kana"
    else:
        script, count = counts.most_common(1)[0] if total else ("other", 0)
        script = script if count * 2 > total else "other"
    if script == "other" or declared.lower().split("-")[0] in _WRITTEN[script]:
        return declared
    return _default(script, text)


def _default(script: str, text: str) -> str:
    if script == "Arab":
        # Letters that Arabic does not have: Urdu's first, since it has the Persian ones too.
        return "ur" if regex.search("[ٹڈڑے]", text) else "fa" if regex.search("[پچژگ]", text) else "ar"
    return {"Hebr": "he", "Kana": "ja", "Hang": "ko", "Hani": "zh", "Thai": "th", "Grek": "el"}[script]
