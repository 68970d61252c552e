"""A newsroom's brand settings → the colours, faces and direction that mails and pages are set in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.editions import colour
from bot.editions.script import Script, script_of
from bot.errors import RenderError
from bot.model import Newsroom, Phrase

READABLE = 4.5
"""WCAG 2.2 AA for text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """One scheme's colours, each ``#RRGGBB``: grounds, text from strong to quiet, lines, states, the newsroom's own.

    ``box`` frames a correction, ``edge`` a field or quiet button; ``line`` is decoration and carries no meaning.
    """

    paper: str
    panel: str
    ink: str
    ink2: str
    ink3: str
    line: str
    edge: str
    warn: str
    error: str
    box: str
    accent: str = ""
    on_accent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a template or page sets type in. Stacks hold single quotes only; ``start``/``end`` are left or right.

    ``headline`` is the stack of names, headlines and numbers; ``headline_weight`` its bold. ``tracked`` is false for
    scripts that letter-spacing or italics would harm. ``leading`` is the factor on line heights (see ``line``).
    ``notice`` is "" or a sentence saying that a colour of the settings had to be changed to stay readable.
    """

    language: str
    direction: str
    light: Palette
    dark: Palette
    serif: str
    sans: str
    headline: str
    outlook_sans: str
    outlook_headline: str
    headline_weight: int
    tracked: bool
    leading: float
    notice: str

    @property
    def start(self) -> str:
        return "right" if self.direction == "rtl" else "left"

    @property
    def end(self) -> str:
        return "left" if self.direction == "rtl" else "right"

    def line(self, height: int) -> int:
        """A line height of the type scale in this script: px, a multiple of 4."""
        return height if self.leading == 1 else round(height * self.leading / 4) * 4


_LIGHT = Palette(
    paper="#FFFFFF",
    panel="#F3F5F5",
    ink="#14181A",
    ink2="#454C51",
    ink3="#5E666C",
    line="#D5D9DB",
    edge="#7B848A",
    warn="#8A5300",
    error="#A8231B",
    box="#14181A",
)
_DARK = Palette(
    paper="#121516",
    panel="#1C2022",
    ink="#ECEEEE",
    ink2="#C3C9CC",
    ink3="#9BA4A9",
    line="#343B3F",
    edge="#7D868C",
    warn="#EDB45A",
    error="#FF9488",
    box="#9BA4A9",
)


@dataclass(frozen=True, slots=True)
class _Faces:
    serif: str
    sans: str
    outlook: str = ""
    """Outlook falls back to Times New Roman on an unknown stack; "" where it needs no help."""


_LATIN = _Faces(
    "Georgia, 'Times New Roman', 'Noto Serif', serif",
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
)
_FACES = {
    "Jpan": _Faces(
        "'Hiragino Mincho ProN', 'Yu Mincho', YuMincho, 'Noto Serif CJK JP', 'Noto Serif JP', Georgia, serif",
        "'Hiragino Sans', 'Hiragino Kaku Gothic ProN', 'Yu Gothic', Meiryo, 'Noto Sans CJK JP', 'Noto Sans JP', "
        "sans-serif",
        "Meiryo, sans-serif",
    ),
    "Hans": _Faces(
        "'Songti SC', STSong, SimSun, 'Noto Serif CJK SC', Georgia, serif",
        "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
        "'Microsoft YaHei', sans-serif",
    ),
    "Hant": _Faces(
        "'Songti TC', PMingLiU, 'Noto Serif CJK TC', Georgia, serif",
        "'PingFang TC', 'Microsoft JhengHei', 'Noto Sans CJK TC', sans-serif",
        "'Microsoft JhengHei', sans-serif",
    ),
    "Kore": _Faces(
        "AppleMyungjo, Batang, 'Noto Serif CJK KR', serif",
        "'Apple SD Gothic Neo', 'Malgun Gothic', 'Noto Sans CJK KR', sans-serif",
        "'Malgun Gothic', sans-serif",
    ),
    "Arab": _Faces(
        "'Geeza Pro', 'Noto Naskh Arabic', 'Sakkal Majalla', 'Times New Roman', serif",
        "'SF Arabic', 'Geeza Pro', 'Noto Sans Arabic', 'Segoe UI', Tahoma, Arial, sans-serif",
        "'Times New Roman', serif",
    ),
}
_LEADING = {"Arab": 1.14, "Jpan": 1.08}


def tokens(newsroom: Newsroom, language: str = "") -> Tokens:
    """The tokens of ``newsroom`` for text in ``language`` (BCP 47; the newsroom's own when "").

    Raises ``RenderError`` when a colour is none.
    """
    tag = language or newsroom.language
    script = script_of(tag)
    faces = _FACES.get(script.code, _LATIN)
    serifs = newsroom.headlines == "serif"
    light, dark, notice = palettes(newsroom)
    return Tokens(
        language=tag,
        direction=script.direction,
        light=light,
        dark=dark,
        serif=faces.serif,
        sans=faces.sans,
        headline=faces.serif if serifs else faces.sans,
        outlook_sans=faces.outlook or "'Segoe UI', Arial, sans-serif",
        outlook_headline=faces.outlook or ("Georgia, serif" if serifs else "'Segoe UI', Arial, sans-serif"),
        headline_weight=600 if script.code == "Jpan" else 700,
        tracked=_takes_tracking(script),
        leading=_LEADING.get(script.code, 1),
        notice=notice,
    )


def palettes(newsroom: Newsroom) -> tuple[Palette, Palette, str]:
    """Light, dark, and the sentence for ``check`` ("" when every colour of the settings stands as it was set)."""
    for key, value in (("accent", newsroom.accent), ("accent_dark", newsroom.accent_dark)):
        if not colour.is_colour(value) and (value or key == "accent"):
            raise RenderError(
                Phrase(
                    'brand.%(key)s: %(value)s is no colour; write six hexadecimal digits: "#0B5D4B"',
                    key=key,
                    value=repr(value[:40]),
                )
            )
    wanted = newsroom.accent.upper()
    light = colour.darkened(wanted, (_LIGHT.paper, _LIGHT.panel), READABLE)
    notices = [] if light == wanted else [_notice("accent", wanted, light, Phrase("paper"))]
    if newsroom.accent_dark:
        dark = colour.lightened(newsroom.accent_dark, (_DARK.paper, _DARK.panel), READABLE)
        if dark != newsroom.accent_dark.upper():
            notices.append(_notice("accent_dark", newsroom.accent_dark, dark, Phrase("dark paper")))
    else:
        dark = colour.lightened(colour.muted(wanted, 0.8), (_DARK.paper,), 7)
    return (
        replace(_LIGHT, accent=light, on_accent=colour.on(light)),
        replace(_DARK, accent=dark, on_accent=colour.on(dark)),
        _both(notices),
    )


def _notice(key: str, wanted: str, used: str, ground: str) -> Phrase:
    return Phrase(
        "brand.%(key)s: %(wanted)s is too faint on %(ground)s (below %(least)s:1); %(used)s is used instead.",
        key=key,
        wanted=wanted,
        ground=ground,
        least=str(READABLE),
        used=used,
    )


def _both(notices: list[Phrase]) -> str:
    if len(notices) == 2:
        return Phrase("%(one)s %(other)s", one=notices[0], other=notices[1])
    return notices[0] if notices else ""


def _takes_tracking(script: Script) -> bool:
    return script.code in {"Latn", "Cyrl", "Grek"}
