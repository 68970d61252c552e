"""Abbreviations with a point that seldom ends a sentence, and the words a new sentence often begins with.

Where both meet ("in the U.S. The House …"), the word decides. Lists are of our own making, from newspaper prose.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """What a splitter must know of a language.

    ``titles`` never end a sentence; ``abbreviations`` only before one of ``starters``; ``numbered`` not before a
    digit. ``ordinals``: a number with a point is mostly an ordinal ("am 3. Oktober"). All without their last point.
    """

    titles: frozenset[str]
    abbreviations: frozenset[str]
    numbered: frozenset[str]
    starters: frozenset[str]
    ordinals: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = Language(
    titles=_words(
        "Mr Mrs Ms Mx Dr Prof Rev Fr Sen Sens Rep Reps Gov Govs Gen Lt Col Sgt Cpl Capt Cmdr Maj Adm Pvt Det Insp Supt "
        "Hon Pres Sec Atty Messrs Mme Mlle vs e.g i.e cf viz approx Brig Ofc Spc Pfc Amb Dist"
    ),
    abbreviations=_words(
        "U.S U.K U.N E.U U.A.E U.S.A U.S.S.R D.C N.Y N.J N.C S.C N.D S.D N.M N.H R.I L.A B.C P.E.I a.m p.m A.M P.M "
        "Inc Co Corp Ltd Bros LLC Jr Sr St Ste Mt Ft Ave Blvd Rd Hwy Ln Pl Sq Bldg Apt Dept Assn Univ etc al Ph.D M.D "
        "B.A M.A Ala Ariz Ark Calif Colo Conn Del Fla Ga Ill Ind Kan Ky La Md Mass Mich Minn Miss Mo Mont Neb Nev Okla "
        "Ore Pa Penn Tenn Tex Vt Va Wash Wis Wyo D-Mass R-Ala Ont Que Alta Sask Man Jan Feb Mar Apr Jun Jul Aug Sept "
        "Sep Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun est dept oz lb lbs ft sq mph min max Esq"
    ),
    numbered=_words("No Nos no nos p pp Vol vol Fig fig Sec sec Art art Ch ch Op op c ca"),
    starters=_words(
        "The A An This That These Those It Its He She They We You I His Her Their Our My Your In On At By For From Of "
        "To With Without After Before During Since Until While When Where Why How What Who Which If But And Or Yet So "
        "Because Although Though As Both Each Every All Some Most Many Few Several Another Other Others Also Then "
        "There Here Now Not No Yes Once Still However Meanwhile Instead Despite Under Over About Among Between Last "
        "Next Earlier Later Police Officials One Two Three Four Five"
    ),
)

_GERMAN = Language(
    titles=_words("Dr Prof Hr Fr Frl Dipl Ing Mag med jur phil rer nat hc bzw z d u i o s v Z D U I gest geb ev röm"),
    abbreviations=_words(
        "usw etc Str St Mio Mrd Tsd ca Abs evtl ggf inkl exkl vgl sog Jan Feb Mär Apr Jun Jul Aug Sep Sept Okt Nov Dez "
        "Std Min Sek Tel Co Nr Art Kap Bd Jh Jhd Chr B H A h a e V z.B d.h u.a i.d.R o.ä v.a z.T u.U max min zzgl lt "
        "Mo Di Mi Do Sa So bes allg ehem gegr Ges Hbf"
    ),
    numbered=_words("Nr Art Abs Kap Bd S"),
    starters=_words(
        "Der Die Das Den Dem Des Ein Eine Einen Einem Einer Er Sie Es Wir Ihr Ich Man Im In Am An Auf Aus Bei Mit Nach "
        "Von Vor Zu Zum Zur Für Gegen Ohne Um Unter Über Durch Seit Während Wegen Trotz Als Wenn Weil Dass Ob Wie Was "
        "Wer Wo Warum Und Aber Oder Doch Denn Auch Nur Noch Schon Jetzt Dann Damit Dabei Dazu Darum Dagegen Deshalb "
        "Dort Hier Heute Gestern Morgen Sein Seine Ihre Dieser Diese Dieses Jeder Alle Viele Einige Mehr Insgesamt "
        "Zudem Außerdem Allerdings Bislang Bisher Laut Nun So Zwei Drei Vier"
    ),
    ordinals=True,
)

_FRENCH = Language(
    titles=_words("M MM Mme Mmes Mlle Mlles Dr Pr Me Mgr Cie av apr cf env ex"),
    abbreviations=_words("etc J.-C St Ste bd boul p.ex c.-à-d janv févr avr juil sept oct nov déc min max tél hab"),
    numbered=_words("no nos n p pp vol art chap fig"),
    starters=_words(
        "Le La Les L Un Une Des Du De Ce Cet Cette Ces Il Elle Ils Elles On Nous Vous Je Tu Son Sa Ses Leur Leurs "
        "Notre Dans Sur Sous Avec Sans Pour Par Après Avant Pendant Depuis Selon Mais Et Ou Donc Or Car Quand Si Comme "
        "Que Qui Où À Au Aux En Chez Entre Tous Toutes Plusieurs Quelques Deux Trois Quatre Cela Ici Là Alors Ainsi"
    ),
)

_SPANISH = Language(
    titles=_words("Sr Sra Sres Sras Srta D Da Dr Dra Dres Prof Profa Lic Ing Gral Gob Ud Uds Vd Vds p pág"),
    abbreviations=_words(
        "etc EE UU EE.UU a.m p.m m S.A S.L Cía Ltda Inc av Avda aprox dpto ej p.ej ene feb mar abr may jun jul ago "
        "sept oct nov dic tel máx mín hab C.V"
    ),
    numbered=_words("núm Núm núms n.º pág págs art Art cap vol fig"),
    starters=_words(
        "El La Los Las Lo Un Una Unos Unas Este Esta Estos Estas Ese Esa Eso Esto Aquel Él Ella Ellos Ellas Su Sus "
        "Nuestro En De Del Al A Con Sin Por Para Según Sobre Tras Desde Hasta Durante Entre Pero Y O Si Cuando Como "
        "Que Quien Donde También No Ya Así Además Todos Todas Muchos Varios Dos Tres Cuatro Ahora Hoy Ayer Allí"
    ),
)

LANGUAGES = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH, "es": _SPANISH}


def language(tag: str) -> Language:
    """The knowledge of a BCP 47 tag's language; English where we have none."""
    return LANGUAGES.get(tag.replace("_", "-").split("-")[0].casefold(), _ENGLISH)
