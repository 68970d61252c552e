"""Which language a text is in: by its script, since sites often declare one language and write in two; and by its
letters, where nothing declares any.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

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
_ENOUGH = 60
"""Letters. In fewer, languages that are near each other cannot be told apart."""
_SURE = 0.9
_NONE = ("zxx", "und")
"""What is no language (ISO 639-2)."""
_TAG = regex.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,4}")


def language_of(text: str, declared: str = "") -> str:
    """The BCP 47 tag of ``text``: ``declared``, unless most of its letters are of a script that contradicts it.

    What was declared and is no tag counts as nothing. Then the text itself decides, if it is long and plain enough;
    "" if it is not.
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
    if script == "other":
        return declared or (_identified(text[:_SAMPLE]) if total >= _ENOUGH else "")
    if declared.lower().split("-")[0] in _WRITTEN[script]:
        return declared
    return _default(script, text)


def forget_languages() -> None:
    """Frees what telling languages apart holds, some 70 MB, until it is needed again."""
    _identifier.cache_clear()


def _identified(text: str) -> str:
    language, sure = _identifier().classify(text)
    return str(language) if sure >= _SURE and language not in _NONE else ""


@cache
def _identifier() -> Any:
    # Takes a second to load, which sources that name their language need not pay.
    from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_modelpath(MODEL_DIR / MODEL_FILE, norm_probs=True)


def _default(script: str, text: str) -> str:
    if script == "Arab":
        # Letters that Arabic does not have: Urdu's first, since it has the Persian ones too.
        return "ur" if regex.search("[ٹڈڑے]", text) else "fa" if regex.search("[پچژگ]", text) else "ar"
    return {"Hebr": "he", "Kana": "ja", "Hang": "ko", "Hani": "zh", "Thai": "th", "Grek": "el"}[script]
