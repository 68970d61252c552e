"""What a person writes who wants no more mail (checklist of RFC 2369's mailto:, in the words of each language)."""

from __future__ import annotations

import re

from bot.audience.bounces.letter import Letter

_ASKED = re.compile(
    r"\s{0,4}(?:(?:re|aw|fw|fwd|sv|antw|tr)\s{0,2}:\s{0,3}){0,2}[\"'(\[<]{0,2}(?:please |bitte |pls )?(?:"
    r"unsubscribe|un-subscribe|opt[- ]?out|signoff|sign off|stop|remove|cancel(?: my)? subscription|list-unsubscribe"
    r"|abmeld\w{0,4}|abbestell\w{0,4}|newsletter (?:abmelden|abbestellen|unsubscribe)|austragen|d[eé]sabonn\w{0,8}"
    r"|d[eé]sinscri\w{0,8}|(?:se |me )?d[eé]sabonner|darse de baja|dar(?:me)? de baja|baja"
    r"|cancelar(?: (?:la )?suscripci[oó]n)?|desuscribir\w{0,3}|cancelar inscri\w{0,6}|descadastr\w{0,4}|remover"
    r"|cancella(?:mi|zione|ti)|disiscri\w{0,6}|uitschrijven|afmelden|avregistrera|avsluta|avmeld\w{0,3}|afmeld\w{0,3}"
    r"|peruuta|wypisz|rezygnuj[eę]|odhl[aá]sit|leiratkoz\w{0,6}|отписа\w{0,6}|отписк\w{0,2}"
    r"|配信停止|購読解除|退会|退订|取消订阅|取消訂閱|구독 ?취소|수신 ?거부|إلغاء الاشتراك)"
    r"(?=$|[\s\"')\]>:;,.!_+=/-])"
)
_MOST_WORDS = 5
_SMALL = frozenset(
    [
        "me",
        "us",
        "my",
        "from",
        "to",
        "the",
        "a",
        "this",
        "all",
        "your",
        "our",
        "please",
        "now",
        "list",
        "lists",
        "mailing",
        "newsletter",
        "newsletters",
        "newsletter's",
        "digest",
        "email",
        "e-mail",
        "emails",
        "mail",
        "mails",
        "subscription",
        "address",
        "it",
        "thanks",
        "thank",
        "you",
        "mich",
        "bitte",
        "von",
        "vom",
        "ihrem",
        "diesem",
        "dem",
        "der",
        "newsletters",
        "moi",
        "de",
        "la",
        "du",
        "votre",
        "cette",
        "lettre",
        "me",
        "por",
        "favor",
        "mi",
        "mis",
        "su",
        "correo",
        "correos",
        "boletín",
        "lista",
        "del",
        "el",
        "dalla",
        "dal",
        "vostra",
        "aan",
        "van",
        "nieuwsbrief",
        "bij",
    ]
)
# Others' tokens have a digit or a mark; of ours, which are 26 letters and digits, one in 220 has none.
_TOKEN = re.compile(r"(?=.{0,300}[\d._@-])[\w.+=:@/-]{8,300}|[a-z2-7]{26}")
# What Mail on Apple's systems sends when its reader presses "Unsubscribe": as automatic, though a person asked.
_OF_APPLE = re.compile(r"apple mail sent this e-?mail to unsubscribe")


def is_requested(text: str) -> bool:
    """Whether a reader's program says that its reader asked it to unsubscribe."""
    return bool(_OF_APPLE.match(text[:200].lstrip().lower()))


def asks_to_stop(letter: Letter, text: str) -> bool:
    """Whether a person asks for no more mail: with the subject, or with the first line of a mail without one.

    The whole line has to be the request, with nothing beside it but small words or a token: "stop" also begins
    headlines.
    """
    subject = letter.fields.words("subject").strip().lower()
    if subject:
        return _is_request(subject)
    return _is_request(next((line.strip().lower() for line in text.splitlines() if line.strip()), ""))


def _is_request(line: str) -> bool:
    match = _ASKED.match(line[:400])
    if not match:
        return False
    rest = [word.strip("\"'()[]<>:;,.!") for word in line[match.end() : 400].split()]
    return len(rest) <= _MOST_WORDS and all(not word or word in _SMALL or _TOKEN.fullmatch(word) for word in rest)
