"""One article of our own in each of seven languages, and ways to change what its sentences say."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape

import regex

from bot.demo.articles import town_articles
from bot.model import Article
from bot.summaries.grounding import told
from bot.summaries.sentences import split_sentences

NOW = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


def article(*paragraphs: str, title: str = "", language: str = "en", **fields: object) -> Article:
    known: dict[str, object] = {
        "source": "record",
        "guid": "g1",
        "url": "https://record.example/news/1",
        "title": title,
        "published": NOW,
        "language": language,
        "body": "".join(f"<p>{escape(each, quote=False)}</p>" for each in paragraphs),
    }
    return Article(**(known | fields))  # type: ignore[arg-type]


ENGLISH = article(
    "The harbour board of Port Alder voted on Tuesday to buy two electric ferries for $14.1 billion,"
    " the largest loan in its history. The first boat, the Ida Roe, is due on February 7, 2027.",
    "Nearly 1,056 people cross the estuary each morning, and 38% of them go on by bus. The crossing takes 25 minutes.",
    "“We cannot go on burning nine tonnes of diesel a day,” said Matilda Brandt, who leads the board. Her deputy,"
    " Omar Haddad, abstained and called the price “a leap in the fog”.",
    "Tidewater Electric will lay a cable of 3.5 kilometres from Mill Lane. Twelve fishermen objected in"
    " March, and their"
    " lawyer, Joan O’Neill, wants £2m in damages.",
    title="Port Alder borrows for two electric ferries",
)
GERMAN = article(
    "Der Stadtrat von Lüdenwerth hat am Dienstag den Bau von drei Schulen beschlossen. Sie kosten 14,1 Millionen Euro,"
    " und damit 2,5 Millionen mehr als geplant.",
    "„Wir haben zu lange gewartet“, sagte Bürgermeisterin Karla Wenzel. Im Viertel Osterholz lernen 1.056 Kinder in"
    " Containern, an der Goetheschule sind es fünfundzwanzig Prozent.",
    "Am 7. Februar 2027 sollen die Bagger rollen. Die Firma Brückner & Söhne hat zwölf Kräne gemietet. Ihr Sprecher"
    " Jannis Roth nannte den Zeitplan „ehrgeizig“.",
    title="Lüdenwerth baut drei Schulen",
    language="de",
)
FRENCH = article(
    "Le conseil municipal de Sainte-Aurore a voté mardi l’achat de trois navettes électriques, pour 14,1"
    " millions d’euros."
    " La première doit arriver le 7 février 2027.",
    "« Nous ne pouvons plus attendre », a déclaré la maire, Hélène Marchand. Chaque matin, 14 000 personnes"
    " traversent la"
    " rade, dont 38 % à vélo.",
    "Vingt-cinq pêcheurs du port des Mouettes ont protesté en mars. Leur avocat, Karim Belkacem, réclame 2,5 millions"
    " d’euros à la société Électrique du Ponant.",
    title="Sainte-Aurore achète trois navettes",
    language="fr",
)
SPANISH = article(
    "El ayuntamiento de Puerto Alder aprobó el martes la compra de tres autobuses eléctricos por 14,1"
    " millones de euros."
    " El primero llegará el 7 de febrero de 2027.",
    "«No podemos esperar más», dijo la alcaldesa, Lucía Ferrando. Cada mañana cruzan el puente 1.056"
    " personas, el 38 % en"
    " bicicleta.",
    "Treinta y cinco comerciantes de la plaza Astillero protestaron en marzo. Su abogado, Tomás Quiroga, reclama 2,5"
    " millones de euros a la empresa Tranvías del Sur.",
    title="Puerto Alder compra tres autobuses",
    language="es",
)
JAPANESE = article(
    "汐見市の港湾局は火曜日、電動フェリー2隻を14億円で購入すると発表した。1隻目は2027年2月7日に到着する。",
    "毎朝1056人が湾を渡り、38％がバスに乗り換える。所要時間は25分だ。",
    "「もう待てない」と大久保いね市長は話した。漁師ら三十五人は3月に反対の署名を集めた。ミズシマ電工が工事を請け負う。",
    title="汐見市、電動フェリーを購入",
    language="ja",
)
CHINESE = article(
    "临港市政府星期二宣布，将以14亿元购买2艘电动渡轮。第一艘将于2027年2月7日抵达。",
    "每天早上有1056人过海，其中38%换乘公共汽车。航程为25分钟。",
    "“我们不能再等了，”林若兰市长说。三十五名渔民在3月提出反对。唐纳德·莫里斯的公司负责铺设电缆。",
    title="临港市购买电动渡轮",
    language="zh",
)
ARABIC = article(
    "أعلن مجلس ميناء الريحان يوم الثلاثاء شراء عبارتين كهربائيتين بقيمة 14 مليون دولار. وتصل الأولى في 7 فبراير 2027.",
    "يعبر الخليج كل صباح 1056 شخصا، ويستقل 38 في المئة منهم الحافلة. وتستغرق الرحلة 25 دقيقة.",
    "وقالت رئيسة المجلس سلمى حداد: «لا نستطيع الانتظار». واعترض 35 صيادا في مارس، وطالب محاميهم كريم بن عيسى بتعويض.",
    title="ميناء الريحان يشتري عبارتين",
    language="ar",
)
SEVEN = (ENGLISH, GERMAN, FRENCH, SPANISH, JAPANESE, CHINESE, ARABIC)


def town() -> list[Article]:
    """The articles of the bundled newsroom."""
    return [
        Article(
            source="town",
            guid=str(each.id),
            url=f"https://record.example{each.path}",
            title=each.title,
            standfirst=each.standfirst,
            authors=(each.author,),
            language=each.language,
            published=each.published,
            body=each.content,
        )
        for each in town_articles(NOW)
    ]


def extracts(of: Article, most: int = 3) -> Iterator[str]:
    """All runs of one to ``most`` sentences that follow one another in a paragraph of the article."""
    for paragraph in told(of):
        sentences = split_sentences(paragraph, of.language)
        for first in range(len(sentences)):
            for count in range(1, most + 1):
                if first + count <= len(sentences):
                    glue = "" if of.language in ("ja", "zh") else " "
                    yield glue.join(sentences[first : first + count])


_NUMBER = regex.compile(r"(?<![\p{Latin}\p{N}.,/:-])\d+(?:[.,]\d+)*(?![\p{Latin}\d/:])")
_SPELT = {
    "en": "two three four five six seven eight nine ten eleven twelve fourteen nineteen twenty thirty forty fifty",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig fünfundzwanzig dreißig",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze vingt-cinq trente",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta",
}
_NAME = regex.compile(
    r"(?<=[\p{Ll},] )\p{Lu}[\p{Ll}’-]+\p{Ll}(?: \p{Lu}[\p{Ll}’-]+\p{Ll})*"
    r"|[\p{Katakana}ー]{2,}|(?<=[。、ら者と])\p{Han}{2,4}\p{Hiragana}{0,2}(?=市長)|(?<=”)\p{Han}{3}(?=市长)"
)
_CALENDAR = regex.compile(
    "(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october"
    "|november|december|dienstag|februar|mardi|martes",
    regex.IGNORECASE,
)


def with_numbers_changed(text: str, language: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    """``text`` with one number changed to another, for each number in figures or words, and which."""
    words = _SPELT.get(language, "").split()
    spelt = regex.compile(rf"\b(?:{'|'.join(words)})\b", regex.IGNORECASE) if words else None
    for match in (*_NUMBER.finditer(text), *(spelt.finditer(text) if spelt else ())):
        was = match[0]
        now = was
        while now == was or regex.match(r"0\d", now):
            if was.lower() in words:
                now = chance.choice([each for each in words if each != was.lower()])
            else:
                digits = [place for place, mark in enumerate(was) if mark.isdigit()]
                place = chance.choice(digits)
                now = was[:place] + chance.choice("0123456789") + was[place + 1 :]
        yield f"{text[: match.start()]}{now}{text[match.end() :]}", f"{was} → {now}"


def names(text: str) -> list[str]:
    return [match[0] for match in _NAME.finditer(text) if not _CALENDAR.search(match[0])]


def with_names_changed(text: str, others: list[str], chance: random.Random) -> Iterator[tuple[str, str]]:
    """``text`` with one name changed to one of ``others``, for each name, and which."""
    for match in _NAME.finditer(text):
        now = chance.choice(others)
        if not _CALENDAR.search(match[0]) and now != match[0]:
            yield f"{text[: match.start()]}{now}{text[match.end() :]}", f"{match[0]} → {now}"
