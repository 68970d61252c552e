"""The fonts that cards are set in: those that are shipped, and the machine's own for what they do not draw.

Shipped are Gelasio (of Georgia's widths) and Inter, for Latin; Inter knows Greek and Cyrillic too. Others are looked
for by the names of the Noto and DejaVu families in the usual folders, then through fontconfig.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal, get_args

import regex
from PIL import ImageFont, features

Style = Literal["serif", "bold", "text", "roman"]
"""Headlines and names in ``serif``, the wrong value of a correction in ``roman``, its plain cut; labels, and headlines
of who wants them so, in ``bold``; bylines in ``text``."""
STYLES: tuple[Style, ...] = get_args(Style)

SHIPPED = Path(__file__).parent / "fonts"
_SHIPPED = {
    "serif": "Gelasio_700Bold.ttf",
    "roman": "Gelasio_400Regular.ttf",
    "bold": "Inter_700Bold.ttf",
    "text": "Inter_400Regular.ttf",
}
_SERIF, _PLAIN = ("serif", "roman"), ("text", "roman")
_FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    *("/Library/Fonts", "/System/Library/Fonts", "~/Library/Fonts"),
)
_FILES = 20_000
_CJK = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "KATAKANA-HIRAGANA"}
_EUROPEAN = {"LATIN", "GREEK", "CYRILLIC"}
# The faces within a file of Noto CJK, in this order.
_FACES = {"ja": 0, "ko": 1, "zh-hans": 2, "zh-hant": 3}
# What needs no shape of its own: joiners, variation selectors.
_SHAPELESS = regex.compile(r"[\p{Z}\u200c\u200d\ufe00-\ufe0f]")
_SYMBOL = regex.compile(r"[\p{S}\p{C}]")


@dataclass(frozen=True, slots=True)
class Face:
    """A font: its file, and which of the faces in it."""

    path: Path
    index: int = 0

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """It in ``size`` pixels, shaped as its script asks where the machine can."""
        return _opened(self.path, self.index, size)

    def spaced(self, text: str) -> str:
        """``text`` with plain spaces for those that it has no shape for: a no-break space would be an empty box."""
        drawn = _drawn(self.path, self.index)
        return regex.sub(r"\p{Z}", lambda match: match[0] if ord(match[0]) in drawn else " ", text)

    def draws(self, text: str) -> bool:
        """Whether it has a shape for each letter of ``text``."""
        return characters(text) <= _drawn(self.path, self.index)


@dataclass(frozen=True, slots=True)
class Setting:
    """A text and the fonts that draw it: the first one most of its letters, the others what is left."""

    text: str
    faces: tuple[Face, ...]

    def face_of(self, piece: str) -> Face:
        """The font that draws ``piece`` of the text."""
        return next((each for each in self.faces if each.draws(piece)), self.faces[0])


def setting(text: str, language: str, style: Style) -> Setting | None:
    """``text`` with the fonts that draw it; without its symbols where no font has them. None: its letters have none.

    ``language`` (BCP 47) decides between faces of the same script: Japanese, Korean, Chinese.
    """
    for shown in dict.fromkeys((text, regex.sub(" {2,}", " ", _SYMBOL.sub("", text)).strip(" "))):
        faces = _faces(shown, language, style)
        if faces:
            return Setting(shown, faces)
    return None


def _faces(text: str, language: str, style: Style) -> tuple[Face, ...]:
    """The fewest that draw all of ``text``, the one that draws most of it first; none when its letters have none.

    What no font made for the script draws may come from one that draws a little of everything.
    """
    left = characters(text)
    found: list[Face] = []
    while left or not found:
        best = _most(_chosen(text, language, style), left) or _most(_any(language, style), left)
        if best is None:
            return ()
        found.append(best)
        left -= _drawn(best.path, best.index)
    return tuple(found)


def _most(candidates: Iterable[Face], left: frozenset[int]) -> Face | None:
    """The first of those that draw most of ``left``."""
    most, best = 0, None
    for each in candidates:
        drawn = len(left & _drawn(each.path, each.index))
        if drawn > most or not left:
            most, best = drawn, each
        if drawn == len(left):
            break
    return best


def characters(text: str) -> frozenset[int]:
    """The characters of ``text`` that a font must have."""
    return frozenset(map(ord, _SHAPELESS.sub("", text)))


def shapes() -> bool:
    """Whether this machine joins Arabic letters and stacks Indic ones (Pillow with Raqm, and its FriBiDi)."""
    return bool(features.check("raqm"))


def _chosen(text: str, language: str, style: Style) -> Iterator[Face]:
    """Those made for the scripts of ``text``."""
    scripts = _scripts(text)
    shipped = Face(SHIPPED / _SHIPPED[style])
    asian = bool(scripts & _CJK)
    if not asian:
        yield shipped
    weight, ours = ("Regular" if style in _PLAIN else "Bold"), _installed()
    for kind in ("Serif", "Naskh", "Sans") if style in _SERIF else ("Sans", "Naskh", "Serif"):
        if asian and f"Noto{kind}CJK-{weight}.ttc" in ours:
            yield Face(ours[f"Noto{kind}CJK-{weight}.ttc"], _FACES.get(_asian(language), 0))
        names = [each.title() for each in sorted(scripts - _CJK - _EUROPEAN)] + [""]
        for name in (f"Noto{kind}{each}-{weight}.{suffix}" for each in names for suffix in ("ttf", "otf")):
            if name in ours:
                yield Face(ours[name])
    if asian:
        yield shipped


def _any(language: str, style: Style) -> Iterator[Face]:
    """Those that draw many scripts, and what fontconfig takes."""
    dejavu = f"DejaVu{'Serif' if style in _SERIF else 'Sans'}{'' if style in _PLAIN else '-Bold'}.ttf"
    for name in (dejavu, dejavu.replace("Serif", "Sans")):
        if name in _installed():
            yield Face(_installed()[name])
    yield from _matched(language, style)


def _scripts(text: str) -> set[str]:
    """The first words of the names of its letters: LATIN, ARABIC, CJK."""
    letters = (each for each in set(text) if unicodedata.category(each)[0] in "LMN")
    words = {unicodedata.name(each, "").partition(" ")[0] for each in letters}
    return {each for each in words if each.isalpha() or each in _CJK} - {"DIGIT", "COMBINING"}


def _asian(language: str) -> str:
    tag = language.replace("_", "-").lower()
    if tag.startswith("zh"):
        return "zh-hant" if re.search(r"hant|-(tw|hk|mo)\b", tag) else "zh-hans"
    return tag.partition("-")[0]


@cache
def _installed() -> dict[str, Path]:
    """The files in the folders of fonts, by name."""
    found: dict[str, Path] = {}
    for folder in (Path(each).expanduser() for each in _FOLDERS):
        for path in _fonts_in(folder):
            found.setdefault(path.name, path)
    return found


def _fonts_in(folder: Path) -> Iterable[Path]:
    try:
        files = [each for each, _ in zip(folder.rglob("*"), range(_FILES), strict=False)]
    except OSError:
        return []
    return sorted(each for each in files if each.suffix.lower() in (".ttf", ".otf", ".ttc"))


@cache
def _matched(language: str, style: Style) -> tuple[Face, ...]:
    """What fontconfig would take for ``language``, the best first; nothing where it is not installed."""
    program = shutil.which("fc-match")
    if program is None or not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*", language):
        return ()
    family = "serif" if style in _SERIF else "sans-serif"
    pattern = f"{family}{'' if style in _PLAIN else ':bold'}:lang={language.lower()}"
    try:
        made = subprocess.run(  # noqa: S603
            [program, "--sort", "--format", "%{file}\t%{index}\n", pattern],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return ()
    rows = [line.split("\t") for line in made.stdout.splitlines()[:20]]
    # The upper half of an index names an instance of a variable font.
    return tuple(Face(Path(row[0]), int(row[1]) & 0xFFFF) for row in rows if len(row) == 2 and row[1].isdigit())


@lru_cache(maxsize=200)
def _drawn(path: Path, index: int) -> frozenset[int]:
    # Only here: commands that draw nothing should not wait for it.
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, fontNumber=index, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (OSError, TTLibError, KeyError, ValueError, AssertionError):
        # Not a font that can be set in: bitmaps, a broken file.
        return frozenset()


@lru_cache(maxsize=64)
def _opened(path: Path, index: int, size: int) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if shapes() else ImageFont.Layout.BASIC
    return ImageFont.truetype(path, size, index=index, layout_engine=engine)
