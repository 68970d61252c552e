"""Words that stand in any article of a language, so that they tell of no event.

In an archive of some size the counts say the same; a newsroom has none on its first day. A word that means something in
another of these languages is left out ("war", "die"). English, German, French, Spanish, Portuguese, Italian, Dutch,
Russian, Arabic.
"""

from __future__ import annotations

import string

_WORDS = """
about after again against all also am an and any are as at be been before being but by can could did do does during
each for from had has have he her here him his how if in into is it its just more most much must my new no not now of
off on one only or other our out over own said same say says she should so some still such than that the their them
then there these they this those three through to too two under until up very was we were what when where which while
who whom why will with would year years yesterday you your today tomorrow monday tuesday wednesday thursday friday
saturday sunday week weekend morning afternoon evening night january february march april may june july august
september october november december aber alle als auch auf aus bei bis das dass dem den der des diese dieser doch drei
durch ein eine einem einen einer eines er es für gegen habe haben hatte ich ihr ihre im ist jahr jahre jahren kann
können mehr mit nach nicht noch nun nur oder ohne schon sei sein seine seit sich sind soll sollen über um und uns
unter vom von vor waren wegen wenn werden wie wieder wir wird wurde wurden zu zum zur zwei montag dienstag mittwoch
donnerstag freitag samstag sonntag à au aux avant avec aussi ce ces cet cette ceux chez comme contre dans de depuis
deux dont du elle elles en encore entre est et était être eu fait il ils je jusqu la le les leur leurs lors lui mais
mardi même ne nous ont ou où par pas pendant plus pour qu que qui sa sans se selon ses si sont sous sur tous tout très
trois un une vers vous ans année lundi mercredi jeudi vendredi samedi dimanche al antes año años así aún cada como con
contra cual cuando del desde después donde dos durante el ella ellos eran esa ese eso esta está están este esto fue
fueron ha había han hasta hay las lo los más me mientras muy ni nos para pero por porque quien según ser sin sobre su
sus también tiene todo todos tras tres una unos ya lunes martes miércoles jueves viernes sábado domingo ao aos às até
com da ele ela em foi mas na nas não nem os pela pelo quando são sem seu sua também uma alla anche che ci dal dalla
degli dei della delle di dopo ed gli hanno ma nel nella non per più questa questo sono stato sul sulla tra uno aan bij
dan dat deze dit door een haar heeft hem het hij hun ik kan maar meer met naar niet nog om onder ook op te tot uit van
voor wat wel werd wordt zal ze zei zich zijn в во и на не с со что как по из за от для это его её их был была было
были к до у о об при في من على إلى أن إن عن مع التي الذي هذا هذه بعد قبل كان كانت قال وقال ما لا بين خلال كما
"""

COMMON = frozenset(_WORDS.split()) | frozenset(string.ascii_lowercase)
"""In lower case; single letters too."""
