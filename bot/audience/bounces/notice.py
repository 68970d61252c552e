"""The words of a message that came back: where they end, what kind of notice they are, what they quote."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.audience.bounces.address import addresses
from bot.audience.bounces.fields import Fields, read_fields
from bot.audience.bounces.letter import Letter

LONGEST = 24_000
"""Characters of a notice that are read: real ones have some hundreds."""

_COPY = re.compile(
    r"^[ \t>*]{0,4}[-=_*#~]{2,60}[ \t]{0,4}(?:below this line|(?:this is )?(?:a )?copy of|original (?:message|mail)"
    r"|your original|message (?:header|text|content|body|follows)"
    r"|returned m|unsent m|undelivered m|un-?delivered|(?:the )?(?:body|headers?|first|text|start|begin|rejected"
    r"|forwarded|enclosed|included|attached|bounced|failed|source)\b|ursprüngl|originalnachricht"
    r"|message (?:original|d'origine|initial)|mensaje original|mensagem original|messaggio originale|oorspronkelijk"
    r"|исходное|元のメール|original)",
    re.M,
)
_FOLLOWS = re.compile(
    r"^[ \t]{0,8}(?:(?:the )?(?:original|returned|undelivered|failed|rejected|bounced|your) (?:message|mail"
    r"|e-?mail)(?: headers?| text)? (?:follows|is (?:attached|included|below|enclosed))[^\n]{0,40}"
    r"|(?:message|mail) headers? (?:follows?|is|are)[^\n]{0,40}|(?:this|here|the following|below) is (?:a "
    r"|the )?(?:copy|header|text|original|beginning|start|first)[^\n]{0,60}"
    r"|old message: {0,3}$|received: {0,3}(?:from|by) [^\n]{4,})",
    re.M,
)
_HEAD_LINE = re.compile(r"^[> \t]{0,4}[A-Za-z][A-Za-z0-9-]{1,50}:[ \t]")
_HEAD_NAMES = re.compile(
    r"^[> \t]{0,4}(?:received|message-id|return-path|mime-version|dkim-signature|x-[\w-]{1,50}|content-type):", re.I
)

_FROM = re.compile(
    r"mailer-?daemon|post_?master|mail[- _.]?(?:delivery|deamon|daemon|administrator|admin|system|gateway|er)\b"
    r"|mdaemon|double-?bounce|delivery|dsn|bounce|no-?reply-?bounce|symantec|daemon|nondeliver|undeliver|postoffice"
    r"|emailsender|microsoftexchange|system administrator|mail router|mailserver|smtp",
)
_SUBJECT = re.compile(
    r"undeliver|un-deliver|undelivr|returned (?:mail|to sender|e-?mail|message)|returning message|mail returned"
    r"|deliver(?:y|ing)? (?:status|failure|failed|problem|error|notif|report|has failed|incomplete|unsuccessful|not"
    r"|delay|information|attempt|of your|to )|failure (?:notice|delivery|in deliver)|delivery\b.{0,20}fail"
    r"|(?:mail|message|e-?mail)s? (?:delivery|system|could not|could n[o']t|not|un|failed|failure|failing|rejected"
    r"|bounced|problem|error|status|delayed|refused|blocked|denied|cannot|can't|was not|has not|transport"
    r"|notification)\b|could not (?:be delivered|send|deliver)|couldn't be delivered|not delivered|nicht zustellbar"
    r"|unzustellbar|zustell|non[- ]?deliver|non remis|non (?:distribu|délivr|livr)|échec|echec|rapport de"
    r"|no (?:se )?(?:ha )?(?:podido|pudo|entreg)|no entregad|devuelto|n[aã]o (?:entreg|foi)|falha|devolvid|mancata"
    r"|errore|notifica.{0,30}consegna|impossibile|onbestelbaar|niet (?:be|af)|niedostarcz|nie dostarcz|zwrot"
    r"|olevererbar|kunde inte|ikke lever|toimit|недостав|не доставл|возврат|ошибка|не удалось|não"
    r"|無法|无法|退信|投递|系统退信"
    r"|配信|送信(?:エラー|でき|失敗)|配送|エラー|返送|不達|teslim|nedoručit|kézbesít|αποτυχ|bounce|rejected"
    r"|non recapit|user unknown|unknown user|warning: (?:message|could|mail)"
    r"|benachrichtigung|undelivered|nondelivery|warning.{0,12}mail"
    r"|delayed mail|dead letter|smtp server error|^\s*error\b|address error|permanent error|fatal error"
    r"|message status|problem deliver|mail quota|over quota",
)
_BODY = re.compile(
    r"hi\. this is the|this is the (?:qmail|postfix|mail|courier|.{0,30}program)|i'm sorry to have to inform you"
    r"|i'm afraid i wasn't able|unable to deliver|(?:could not|couldn't|cannot|can't|was not|were not|wasn't|not"
    r"|been) (?:be )?(?:delivered|returned|deliver)\b|(?:undeliverable|undelivered|not delivered|bounced"
    r"|returned) (?:mail|message|to)|delivery (?:to the following|has failed|failed|failure|failures|error|status"
    r"|attempt|of)|permanent (?:error|failure|fatal)|following (?:address|recipient|user|destination|error|e-?mail"
    r"|message)|did not reach|failed (?:recipient|address|permanently|to deliver)|returned to sender"
    r"|your (?:message|mail|e-?mail)\b.{0,60}\b(?:rejected|refused|blocked|bounced|not|undeliver|could|couldn't"
    r"|unable|wasn't|fail)"
    r"|user unknown|unknown user|error message below|mailbox (?:full|unavailable)|no such user|was rejected"
    r"|transcript of session|message (?:was )?undeliver|mail delivery (?:failed|system|error)|delivery problem"
    r"|konnte nicht|nicht zugestellt|unzustellbar|n'a (?:pas )?pu|pas (?:été|pu|être) (?:remis|délivr|distribu"
    r"|achemin)|no (?:se )?(?:ha |pudo |puede )|no ha podido|não (?:foi|pôde|pode)|non (?:è|e'|ha|può)|kon niet"
    r"|nie (?:został|można)|не (?:может|было|удалось|доставл)|配信(?:でき|不能|され)|送信(?:でき|され)|届け"
    r"|エラー|不達|无法|無法|退回|被退",
)
_DELAYED_SUBJECT = re.compile(
    r"\bdelay(?:ed)?\b|warning|verzögert|retard[eé]|demor|atras|ritard|vertra|opóź|задерж|遅延"
    r"|遅れ|still trying|not yet",
)
_SURELY = re.compile(
    r"delayed mail|\(delay(?:ed)?\)|delivery delayed|still being retried|could not send message for (?:the )?past"
    r"|message \S{1,40} delayed|delivery (?:is|has been|incomplete)|warning: message .{0,60}delayed"
)
_DELAYED = re.compile(
    r"(?:will|shall|to) (?:now )?(?:continue|keep(?: on)?) (?:to )?(?:try|attempt|retry)|(?:will"
    r"|to) (?:be )?(?:retried|retry|try again|attempt(?:ed)? again|reattempt)|still (?:being )?(?:trying|retried"
    r"|in (?:the )?queue|attempting|undelivered)|not yet been (?:delivered|able)|(?:has"
    r"|have) not (?:yet )?been (?:delivered|able)\b.{0,60}(?:yet|but|still|will)"
    r"|could not send message for (?:the )?past|(?:has|have|is|are|been|being) (?:been )?delayed\b"
    r"|delivery (?:\w{1,12} ){0,3}(?:is |has been |was )?delayed|(?:do|does) not need to re-?send"
    r"|attempts? (?:\w{1,12} ){0,4}will continue|no action is required|warning(?: message)? only"
    r"|transient non-?fatal|temporary problem delivering|will retry|this is (?:only )?(?:a|just a) (?:warning"
    r"|delay)|attempts to deliver .{0,60}will continue|temporary (?:error|problem|failure|non-?fatal"
    r"|fatal)\b.{0,80}(?:will|retr)|no need to resend|(?:is|has been) (?:being )?(?:temporarily )?(?:deferred"
    r"|queued)\b.{0,40}(?:retr|later|will)"
    r"|verzögert|wird weiter(?:hin)? versucht|wurde(?:n)? noch nicht|a été retardé|n'a pas encore|sera réessay"
    r"|(?:se ha|ha sido) (?:retrasado|demorado)|todav[ií]a no|ainda não|sofreu atraso|non è ancora|in ritardo"
    r"|nog niet|vertraagd|nie została jeszcze|не (?:было )?доставлен\w{0,3} (?:пока|ещё|еще)|задерж"
    r"|再送を(?:試|続)|配信が遅|まだ配信|尚未|延迟",
)
_FINAL = re.compile(
    r"permanent(?:ly)?\b|gave up|giving up|given up|i've given up|fatal error(?!s -----\n? {0,4}\(?warn)|(?:no"
    r"|without) (?:further|more) (?:attempt|deliver|retr)|will not (?:be )?(?:retr|continue|try)"
    r"|not (?:be )?retried|has been (?:returned|removed|discarded|deleted)|failed permanently|returned to (?:you"
    r"|sender)|\b5\d\d[ -]5\.\d|undeliverable|endgültig|définitiv|not going to try|too long|unrecoverable"
    r"|could not be delivered (?:for|after|within)|message expired|retry time ?out exceeded",
)
# Said of the future: "you will be told if it fails permanently".
_ONLY_IF = re.compile(r"\b(?:if|unless|until|should|in case|falls|wenn|si|se|jeśli|если)\b[^.!]{0,160}")
_NOT_FATAL = re.compile(r"non-?fatal|not (?:a )?permanent|no (?:longer )?permanent|transient")


@dataclass(frozen=True, slots=True)
class Notice:
    """``text`` is what a server (or a person) wrote, without what it returned; ``returned`` are that one's fields."""

    text: str
    returned: Fields

    @property
    def mailed(self) -> tuple[str, ...]:
        """The addresses the returned message was for, as far as it says."""
        for name in ("x-original-to", "delivered-to", "envelope-to", "to", "cc"):
            found = [each.address for value in self.returned.all(name) for each in addresses(value[:2000])]
            if found:
                return tuple(dict.fromkeys(found))
        return ()


def read_notice(letter: Letter) -> Notice:
    """The notice in ``letter``."""
    texts = [part.text for part in letter.of("text/plain") if part.text.strip()]
    if not any(len(text.strip()) > 40 for text in texts):
        texts += [part.text for part in letter.of("text/html") if part.text.strip()]
    whole = "\n".join(texts)[: 2 * LONGEST]
    end = _end(whole)
    head = next((part.fields for part in letter.of("returned", level=1) if part.fields), Fields())
    quoted = whole[end : end + 16_000]
    if not head and quoted:
        head = _quoted_head(quoted)
    return Notice(whole[:end][:LONGEST], head)


def is_bounce(letter: Letter, notice: Notice) -> bool:
    """Whether a server says in its own words that a message did not, or not yet, arrive."""
    fields = letter.fields
    if any(name in fields for name in ("x-failed-recipients", "x-failed-recipient")):
        return True
    subject = fields.words("subject").lower()
    text = notice.text[:6000].lower()
    by_subject, by_body = bool(_SUBJECT.search(subject)), bool(_BODY.search(text))
    sender = f"{fields.words('from')[:300]} {fields.get('return-path')[:100]}"
    by_sender = bool(_FROM.search(sender.lower())) or fields.get("return-path").replace(" ", "") == "<>"
    if by_sender and (by_body or by_subject):
        return True
    if letter.kind == "multipart/report" and by_body:
        return "disposition-notification" not in fields.get("content-type").lower()
    # Whoever is no server and answers our mail is a person, whatever they write of.
    return by_subject and by_body and "in-reply-to" not in fields


def is_delayed(letter: Letter, notice: Notice) -> bool:
    """Whether the server is still trying."""
    subject, flat = letter.fields.words("subject").lower(), " ".join(notice.text[:4000].lower().split())
    if _DELAYED.search(flat) and not _FINAL.search(_NOT_FATAL.sub(" ", _ONLY_IF.sub(" ", flat))):
        return True
    return bool(_DELAYED_SUBJECT.search(subject) and (_DELAYED.search(flat) or _SURELY.search(subject)))


def _end(text: str) -> int:
    """Where the returned message begins in ``text``."""
    ends = [len(text)]
    low = text.lower()
    for pattern in (_COPY, _FOLLOWS):
        for match in pattern.finditer(low):
            # What stands at the very top is what the notice calls itself.
            if text[: match.start()].strip():
                ends.append(match.start())
                break
    run, known, start, at = 0, False, 0, 0
    for line in text.split("\n"):
        if _HEAD_LINE.match(line):
            start = at if not run else start
            run, known = run + 1, known or bool(_HEAD_NAMES.match(line.lower()))
            if run >= 3 and known and text[:start].strip():
                ends.append(start)
                break
        elif not (run and line[:1] in (" ", "\t") and line.strip()):
            run, known = 0, False
        at += len(line) + 1
    return min(ends)


def _quoted_head(text: str) -> Fields:
    lines = [line.lstrip("> \t") if line.startswith(">") else line.removeprefix("    ") for line in text.split("\n")]
    first = next((at for at, line in enumerate(lines) if _HEAD_LINE.match(line)), None)
    if first is None:
        return Fields()
    last = next((at for at in range(first, len(lines)) if not lines[at].strip()), len(lines))
    return read_fields("\n".join(lines[first:last]))
