"""Sentences that lean on the one before: "He said …", "But …", "The move …". Alone, they speak of nobody knows whom.

The lists are of our own making, from newspaper prose. They rather name too many: a sentence that is wrongly held to
lean is only taken with its predecessor, or left.
"""

from __future__ import annotations

from collections.abc import Mapping

import regex

_OPENERS = r"""["'`“‘„‚«‹»「『（(\[¿¡\s]*"""


def _beginning(*patterns: str) -> regex.Pattern[str]:
    return regex.compile(rf"{_OPENERS}(?:{'|'.join(patterns)})")


_SPEECH_EN = "said|says|added|adds|told|tells|explained|explains|continued|wrote|writes|asked|asks|noted|warned|argued"

_AUXILIARY_EN = "can|could|did|do|does|will|would|should|might|must|has|have|had|is|was|are|were|do so|done so"
_ENGLISH = _beginning(
    r"(?:He|She|They|It|His|Her|Hers|Their|Its|Him|Them|This|That|These|Those|Such|Both|Neither|Another|Others)\b",
    r"(?:But|And|Or|Nor|So|Yet|However|Still|Instead|Then|Also|Meanwhile|Nevertheless|Nonetheless|Moreover)\b",
    r"(?:Furthermore|Therefore|Thus|Hence|Otherwise|Similarly|Likewise|Consequently|Besides|Afterwards?|Later)\b",
    r"(?:Even so|As a result|In (?:addition|contrast|response|turn|return|fact|that|this)|By contrast|For (?:example"
    r"|instance|that)|On the other hand|That said|At the same time|Because of (?:this|that)|Despite (?:this|that)"
    r"|After that|Before that|Since then|Until then|To (?:that|this))\b",
    r"The (?:move|decision|pair|two|three|trio|duo|couple|former|latter|incident|news|announcement|ruling|comments"
    r"|remarks|findings|same|others?)\b",
    r"The \p{Ll}+ (?:said|says|told|added)\b",
    # "The company that built it" names itself; "The company said" does not.
    r"The (?:company|firm|group|agency|organi[sz]ation|man|woman|men|women|boy|girl|victims?|suspects?|plan|proposal"
    r"|project|measure|deal|attack|accident|crash|fire)"
    r" (?:said|says|also|is|was|are|were|has|had|have|will|would|did|does)\b",
)
_GERMAN = _beginning(
    r"(?:Er|Sie|Es|Ihn|Ihm|Ihnen|Sein|Seine[mnrs]?|Ihr|Ihre[mnrs]?|Dies|Diese[mnrs]?|Jene[mnrs]?|Solche[mnrs]?|Beide[nrs]?)\b",
    r"(?:Letztere|Erstere)[mnrs]?\b",
    r"Das (?:ist|sei|war|wäre|habe|hat|hatte|sagte?|teilte|gilt|wird|wurde|soll|kann|heißt)\b",
    r"(?:Aber|Doch|Und|Oder|Denn|Sondern|Dagegen|Deshalb|Deswegen|Daher|Darum|Dabei|Dazu|Damit|Danach|Davor|Dafür)\b",
    r"(?:Darauf(?:hin)?|Daraus|Daran|Darin|Darüber|Darunter|Davon|Dadurch|Dort|Dorthin|Allerdings|Jedoch|Zudem)\b",
    r"(?:Außerdem|Stattdessen|Trotzdem|Dennoch|Auch|Ebenso|Hingegen|Vielmehr|Schließlich|Anschließend|Später|Zuvor)\b",
    r"(?:Somit|Folglich|Ferner|Gleichzeitig|Hierzu|Hinzu|Zum Beispiel|Im Gegenteil|Im Gegensatz)\b",
    r"(?:Der )?Grund (?:ist|sind|war|waren|dafür)\b",
)
_WEEKDAY_FR = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|matin|soir|midi|week-end|mois"
_FRENCH = _beginning(
    r"(?:Il|Ils)\b(?! (?:y a|y avait|faut|fallait|faudra))",
    r"(?:Elle|Elles|Lui|Eux|Celui|Celle|Ceux|Celles|Cela|Ceci|Ça)\b",
    rf"(?:Cet|Ces|Cette|Ce)\b(?! (?:{_WEEKDAY_FR}|semaine|année|nuit|après-midi))|C['’](?:est|était|en)\b",
    r"(?:Son|Sa|Ses|Leur|Leurs|Mais|Et|Ou|Or|Donc|Car|Puis|Cependant|Toutefois|Pourtant|Néanmoins|Ainsi|Alors)\b",
    r"(?:Ensuite|Enfin|Aussi|Également|Sinon|En revanche|En effet|En outre|De plus|Par ailleurs|Par conséquent"
    r"|À l['’]inverse|Au contraire|De même|Pour autant|Dans le même temps|Tous deux|Toutes deux|Les deux"
    r"|D['’]autres)\b",
)
_DAY_ES = "lunes|martes|miércoles|jueves|viernes|sábado|domingo|semana|mes|año|mañana|tarde|noche|fin"
_SPANISH = _beginning(
    r"(?:Él|Ella|Ello|Ellos|Ellas|Esto|Eso|Aquello|Es[aeo]s?|Aquel(?:la|los|las)?|Dich[oa]s?|Amb[oa]s|Su|Sus)\b",
    rf"Est(?:e|a|os|as)\b(?! (?:{_DAY_ES}))",
    r"(?:Pero|Y|E|O|Ni|Sino|Además|También|Tampoco|Entonces|Luego|Después|Así|Asimismo|Mientras tanto|Sin embargo)\b",
    r"(?:No obstante|Por (?:eso|ello|tanto|lo tanto|otro lado|otra parte|su parte|ejemplo|el contrario)|En cambio"
    r"|A su vez|Al mismo tiempo|De hecho|Es decir|Los dos|Las dos)\b",
)
_ARABIC = _beginning(
    r"(?:[وف]?(?:هو|هي|هم|هما|هن|هذا|هذه|هؤلاء|ذلك|تلك|لكن|لكنه|لكنها|لذلك|كذلك|بذلك))(?!\p{L})",
    r"و(?:أضاف|أضافت|أوضح|أوضحت|تابع|تابعت|أشار|أشارت|أكد|أكدت|ذكر|ذكرت|بين|لفت|استطرد|استدرك|شدد)(?!\p{L})",
    r"(?:كما|غير أن|إلا أن|من جهته|من جهتها|من جانبه|من جانبها|في المقابل|بالمقابل|علاوة|فضلا|إضافة إلى ذلك"
    r"|ومع ذلك|ومن ثم|وبالتالي|ثم)(?!\p{L})",
)
_JAPANESE = _beginning(
    r"彼女?(?:ら|たち)?[はがもをにの、]|これ|それ|あれ|この|その|あの|こうした|そうした|こうして|そこ(?:で|に|へ|、)|ここ",
    r"しかし|だが|ところが|また[、も]|さらに|一方|そして|なお、|ただ[、し]|だから|そのため|このため|でも、|けれども|なぜなら|つまり|例えば",
    r"同(?:氏|社|市|県|町|村|校|店|紙|日|署|館|大学?|容疑者)|両(?:者|氏|社|国)|(?:2|２|二)人[はがも]|加えて|とはいえ|ちなみに|すると|結果",
)
_CHINESE = _beginning(
    r"[他她它][们們]?|[这這]|那(?:么|麼|些|个|個|时|時|里|裡|是|，)|[该該]|此(?!次)|其(?:中|他|它|次|后|後|实|實)?",
    r"但(?!丁)|然而|不[过過]|而(?!立)|因此|因而|所以|另外|同[时時样樣]|于是|於是|[随隨]后|[随隨]後|之[后後]|[后後]来|[后後]來|并且|並且",
    r"[与與]此同[时時]|[对對]此|[为為]此|[两兩]人|[双雙]方|前者|[后後]者|[还還]|也|例如|比如|[总總]之|据此|據此|接着|接著",
)
_FIRST_LETTER = regex.compile(r"\p{L}")
_LEANING: Mapping[str, tuple[regex.Pattern[str], ...]] = {
    "en": (
        _ENGLISH,
        regex.compile(rf"(?:[\"“].*[\"”]|.*,) (?:he|she|they) (?:{_SPEECH_EN})\b", regex.DOTALL),
        # "… that it could not.": the verb stands before.
        regex.compile(rf".*\b(?:{_AUXILIARY_EN})(?: not|n[’']t)?\.$", regex.DOTALL),
    ),
    "de": (
        _GERMAN,
        regex.compile(r".*,\s(?:sagte?|so|erklärte?|betonte?|meinte?|ergänzte?) (?:er|sie)\b", regex.DOTALL),
    ),
    "fr": (_FRENCH, regex.compile(r".*\b\p{Ll}+(?:-t)?-(?:il|elle|ils|elles)\b", regex.DOTALL)),
    "es": (_SPANISH, regex.compile(r".*[,”»\"] (?:dijo|añadió|explicó|agregó|afirmó|señaló)[.,]?\s*$", regex.DOTALL)),
    "ar": (_ARABIC,),
    "ja": (_JAPANESE,),
    "zh": (_CHINESE,),
}


def leans(sentence: str, tag: str) -> bool:
    """Whether ``sentence`` speaks of what only the sentence before it names.

    ``tag`` is a BCP 47 tag; of "" English is assumed, and in a language without a list nothing leans.
    """
    if sentence.islower():
        sentence = _FIRST_LETTER.sub(lambda match: match[0].upper(), sentence, count=1)
    spoken = tag.replace("_", "-").split("-")[0].casefold() or "en"
    return any(pattern.match(sentence) is not None for pattern in _LEANING.get(spoken, ()))
