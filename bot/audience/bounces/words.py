"""The table of words by which servers say why they refuse: first row that matches decides.

The rows are ordered so that what blames the sender, or a passing state, comes before what blames the address: a wrong
"hard" loses a reader for good, a wrong "soft" costs one more mail. docs/bounces.md shows the same rows. Words are
looked for in small letters, without addresses and without the paths of URLs, on one line.

Sources: RFC 3463 §3 and its registry (https://www.iana.org/assignments/smtp-enhanced-status-codes), the texts in the
sources of Postfix, Exim, qmail, sendmail and Courier, and the vendors' lists that bot/channels/email/answers.py names
(checked 2026-11-26). Each pattern has bounded repeats only: foreign text cannot make it slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.model import Verdict


@dataclass(frozen=True, slots=True)
class Row:
    """``words`` mean ``reason``, and that means ``verdict`` under a permanent answer."""

    reason: str
    verdict: Verdict
    words: re.Pattern[str]


def _row(reason: str, verdict: Verdict, *words: str) -> Row:
    return Row(reason, verdict, re.compile("|".join(words)))


_SOFT, _HARD = Verdict.SOFT, Verdict.HARD

_WHOM = (
    r"(?:user|recipient|receiver|mailbox|account|address|addressee|e-?mail|destination|customer|subscriber|username"
    r"|userid)"
)
_NOT = r"(?:(?:does|do|did|is|was|are|were|could|can|dos|dose|doe)(?: ?not|n['o]?t)(?: be)?|not|no longer)"

ROWS: tuple[Row, ...] = (
    _row(
        "sender",
        _SOFT,
        r"sender (?:address |domain |verif\w{0,8} |host |e-?mail )?(?:is )?(?:rejected|refused|denied|failed"
        r"|unknown|invalid|blocked|not)",
        r"(?:unknown|invalid|bad|unroutable|unrouteable|forged|unverifiable|illegal|unqualified"
        r"|unresolvable) (?:return|sender|from|envelope)",
        r"(?:sender|from|envelope|return)[- ](?:address|domain|path)?.{0,30}(?:does ?n[o']t (?:exist|resolve)"
        r"|not found|unresolvable|no mx|not valid|misconfigured)",
        r"domain of sender|sender'?s? (?:domain|address)|your (?:e-?mail )?(?:address|domain) (?:is|has been"
        r"|was) (?:blocked|rejected|not)",
        r"after mail from\b.{0,60}: ?5\d\d|in reply to mail from|rejected your message.{0,40}sender|backscatter"
        r"|sendasdenied|send mail as",
        r"not (?:accepted|allowed|permitted) from (?:this|your) (?:domain|address|sender)"
        r"|mail from .{0,40}(?:not allowed|refused|denied|rejected)",
        r"sending address not accepted|sender .{0,20}(?:spoof|forg)|access denied - invalid helo",
    ),
    _row(
        "delivery program",
        _SOFT,
        r"procmail|maildrop:|can(?:no|')t create|couldn't create|dovecot-lda|deliver: (?:lock|write)"
        r"|no such file or directory|(?:file|path|maildir)\b.{0,60}(?:does not exist|not found)",
    ),
    _row(
        "no such user",
        _HARD,
        # What can be nothing else, before anything that a long text may say besides.
        r"\b(?:user|recipient|mailbox|addressee) unknown\b|\b(?:unknown|no such) (?:user|recipient|mailbox"
        r"|addressee)\b|no mailbox here by that name|(?:account|recipient|mailbox"
        r"|user) that you tried to reach does not exist|recipient ?not ?found|badrcptto|not our customer",
    ),
    _row(
        "authentication",
        _SOFT,
        r"\b(?:spf|dkim|dmarc|arc|senderid|sender id|domainkeys)\b|unauthenticated|not authenticated"
        r"|authentication (?:is )?(?:required|failed|checks)",
        r"5\.7\.(?:9|2[0-46-9]|30|515)\b|authenticat\w{0,8} (?:required|failure)",
    ),
    _row(
        "reputation",
        _SOFT,
        r"black ?-?list|block ?-?list|block list|deny ?-?list|\b[rd]?bl\b|dnsbl|spamhaus|spamcop|barracudacentral"
        r"|sorbs|uceprotect|senderscore|senderbase|cloudmark|proofpoint|sophos|trustedsource|invaluement|abusix",
        r"reputation|reverse dns|\brdns\b|\bptr\b|reverse (?:lookup|address|mapping|hostname)|no reverse|fcrdns"
        r"|dynamic (?:ip|address|host)|residential|generic (?:ip|hostname|ptr)",
        r"client host|(?:your|sending|connecting|client) (?:ip|mta|host|mail ?server|server|network|system"
        r"|host ?name)\b.{0,60}(?:block|reject|refus|denied|list|banned|deferred|not (?:allow|permit|accept"
        r"|resolv))",
        r"(?:block|reject|refus|denied|list|banned).{0,40}(?:your|this|sending|connecting|from) (?:ip\b|ip address"
        r"|mta|mail ?server|network|isp)|helo (?:command )?rejected|\bhelo\b.{0,40}(?:invalid|reject|forged|bad)"
        r"|your access to this mail",
        r"(?:cannot|can't|could not|couldn't) (?:resolve|find|verify) your|bad dns ptr|access from ip"
        r"|ip address .{0,40}(?:blocked|listed|rejected|refused|banned)|(?:ip|host) name (?:lookup|mismatch)"
        r"|unable to verify your|your mail server|invalid ip\b",
    ),
    _row(
        "quota/rate",
        _SOFT,
        r"too many (?:messages|mails|e-?mails|connections|recipients|concurrent|sessions|errors|invalid|unknown|bad"
        r"|smtp|message|rcpt)|too much mail|rate ?-?(?:limit|control)|throttl|slow down|sending (?:limit|rate"
        r"|quota)|message rate|speed(?:ing)? limit",
        r"(?:daily|hourly|monthly|per day|per hour|sending|message|submission|user|outgoing) (?:message |user "
        r"|sending |mail )?(?:limit|quota)|(?:exceed|limit|quota|max).{0,50}per (?:hour|day|minute|month)"
        r"|credits? exceeded|relay limit",
        r"receiving mail (?:at a rate|too quickly)|too (?:fast|frequent|quickly)|connections? (?:limit|rate)"
        r"|gr[ea]y-?list|exceeded the (?:rate|maximum number)|maximum (?:number of )?(?:recipients|connections)"
        r"|excessive (?:message|mail|connection|unknown)|unusual(?:ly high)? rate",
    ),
    _row(
        "content",
        _SOFT,
        r"\bspam|anti-?spam|unsolicited|\bu[cb]e\b|junk ?mail|bulk (?:e?-?mail|sender)|phish|virus|malware|infected"
        r"|worm|trojan|content (?:filter|scan|reject|restrict|policy|not)|(?:message|mail|e-?mail|data|body|subject"
        r"|attachment)\b.{0,30}(?:content|looks like|identified as|classified as|considered|contains|appears to)",
        r"objectionable|inappropriate|banned (?:content|word|attachment|file)|(?:attachment|executable|file type"
        r"|extension)s?\b.{0,40}(?:not|block|reject|prohib|banned|strip|refus|denied)|mail filter|filtered (?:by"
        r"|out)|(?:surbl|uribl|dbl|spamassassin|bayes)|scored? \d|profanity|rejected by (?:the )?(?:content|filter"
        r"|milter)",
        r"(?:header|mime|encoding|charset|bare (?:lf|cr)|line too long|rfc ?2822|rfc ?5322"
        r"|rfc ?822)\b.{0,50}(?:invalid|bad|missing|reject|not|illegal|error|violat|malformed|complian|accept)"
        r"|(?:bare|stray) newline|messages? (?:missing|without|with no)|duplicate header|eight-?bit|8-?bit|smtputf8"
        r"|not compliant|non-?compliant|multiple (?:from|addresses in from)",
        r"unerwünscht|indésirable|no deseado|спам|垃圾|迷惑メール|ウイルス|ウィルス",
    ),
    _row(
        "too large",
        _SOFT,
        r"(?:message|mail|e-?mail|data|file|attachment|body|header|this)s?\b.{0,40}(?:too (?:large|big)|(?:message"
        r"|line|mail|header) (?:is |was )?too long|(?:exceeds?|exceeding|exceeded|over|larger than|bigger than"
        r"|greater than).{0,40}(?:size|limit|maximum|max|bytes|\dmb|\dkb))|size limit|size exceed"
        r"|exceeds? (?:the )?(?:size|maximum message|maximum size|fixed maximum)|max(?:imum)? (?:message "
        r"|mail )?(?:file ?)?size|message ?length|message size|too big|oversized?",
        r"zu gro(?:ß|ss)|trop volumineux|demasiado grande|troppo grande"
        r"|サイズ.{0,20}(?:超|制限|大き)|слишком (?:большо|велик)",
    ),
    _row(
        "relay",
        _SOFT,
        r"relay(?:ing)?\b.{0,30}(?:denied|not|prohibit|disallow|refus|reject|disabled|forbidden|blocked|access)"
        r"|(?:not|n't|unable to|cannot|denied|no|attempted?|we do not|never|refus\w{0,4} to) relay|open relay"
        r"|third-party relay|rcpthosts|not a (?:relay|gateway)|must (?:first )?(?:check|authenticate|issue|log)"
        r"|does not handle mail for|(?:not|n't) (?:configured to )?accept (?:mail|e-?mail|messages?) (?:for"
        r"|to) (?:this|that|the) (?:domain|host)",
        r"insecure mail relay|authorized relay|weiterleitung verweigert",
    ),
    _row(
        "mailbox full",
        _SOFT,
        r"(?:mail ?box|inbox|mail ?drop|account|user|storage|disk|folder|recipient|message store"
        r"|directory).{0,50}(?:\bfull\b|exceed|over (?:its |the |his |their )?(?:quota|limit|size)|out of (?:space"
        r"|storage)|too full|limit reached|capacity)|over ?-?quota|quota.{0,30}(?:full|exceed|over|violation"
        r"|reached)|(?:exceed\w{0,3}|over|out of|beyond|reached|insufficient|not enough).{0,40}(?:quota|disk ?space"
        r"|storage|mailbox|allocation|allotted)|full (?:mail|in) ?box|quotaexceeded|(?:mail ?box|storage"
        r"|disk) space (?:is )?not enough|overdrawn|no space left for|mailfolder is full|too many messages (?:in"
        r"|on)|maximum (?:mailbox|storage|number of messages)|mailbox (?:size|limit)|disk quota|quota (?:has been"
        r"|is)",
        r"(?:postfach|mailbox|speicher).{0,40}(?:voll|überschritt)|quota überschritt|bo[iî]te.{0,40}pleine"
        r"|quota dépassé|capacité.{0,20}dépass|(?:mailbox|buz[oó]n).{0,30}(?:lleno|sobre ?utilizad|llena"
        r"|excedid)|cuota.{0,20}excedid"
        r"|caixa.{0,40}(?:cheia|lotada)|cota.{0,20}excedid|casella.{0,30}piena|quota.{0,20}superata"
        r"|vol(?:le)? (?:postvak|mailbox)|skrzynk\w{0,3}.{0,40}(?:pełn|przepełn|limit|przekrocz)|przepełnion"
        r"|переполнен|превышен|квот|容量.{0,10}(?:超|不足|オーバー)|(?:メールボックス|受信箱).{0,20}(?:一杯|いっぱい|満杯|フル|超)|(?:邮箱|信箱|郵箱"
        r"|空间).{0,10}(?:已?满|已?滿|不足)|kota.{0,20}(?:dolu|aş)",
    ),
    _row(
        "policy",
        _SOFT,
        r"not a (?:list )?member|(?:permission|authori[sz]ed|allowed|permitted|right|authority) to (?:post|send"
        r"|submit|deliver|e-?mail)|only (?:accepts?|allows?|members|subscribers|receives?|authenticated)"
        r"|members? only|restrict(?:ed|ion)|moderat(?:ed|or)|not (?:on|in) (?:the |my |his |our )?(?:white|allow"
        r"|safe|approved|guest) ?-?list|white ?-?list|challenge|posting (?:is|to)|closed list",
        r"(?:user|recipient|account|mailbox)\b.{0,40}(?:not accept(?:ing)? (?:mail|messages|e-?mail|any mail) from"
        r"|has (?:chosen|blocked|opted)|refuses? (?:to accept )?(?:mail|messages?) from|is only accepting)"
        r"|not accepting (?:mail|messages) (?:from|with)|blocked by (?:the )?(?:recipient|user|customer|addressee)"
        r"|rejected by (?:the )?(?:recipient|user|addressee)|group .{0,80}(?:may not exist|permission)"
        r"|you tried to contact|groups\.google\.com",
    ),
    _row(
        "loop",
        _SOFT,
        r"\bloop(?:s|ing|ed)?\b|too many (?:hops|received)|hop count|hops exceeded|maximum hop|redirect(?:ed"
        r"|ion) (?:count|too)|routing loop",
    ),
    _row(
        "network",
        _SOFT,
        r"name ?server.{0,30}(?:time|fail|unreach|malformed|unexpected|try again)|malformed or unexpected name"
        r"|not found, try again|temporar\w{0,3} (?:failure in name|dns|lookup|unable to resolve)|servfail"
        r"|dns (?:time|server fail|temp)|(?:domain|host|name) (?:name )?lookup (?:time|temp)|lookup timed? ?out"
        r"|try again later|loops back to myself|mx (?:list|points|record)?.{0,30}(?:points? (?:back )?to (?:me"
        r"|localhost|loopback)|loopback|local ?host)|i'm not going to try",
    ),
    _row(
        "disabled",
        _SOFT,
        r"temporar\w{1,4} (?:been )?(?:disabled|deactivated|inactive|suspended|locked|frozen|closed|blocked"
        r"|unavailable)"
        r"|(?:disabled|deactivated|suspended|locked|blocked|unavailable|closed) temporar",
    ),
    _row(
        "moved",
        _HARD,
        r"(?:user|recipient|mailbox|address|account|has|have)\b.{0,30}\bmoved|no forwarding address"
        r"|recipient (?:is )?no longer on|new e?-?mail address (?:is|of)|been replaced by|no longer (?:accept(?:s"
        r"|ed|ing)?\b(?!.{0,20} from)|at|with|works?|working|employed|a valid|valid|in use|exists?|available at"
        r"|an? (?:valid|active|employee|customer|user)|on server|have an account|accept(?:s|ing) mail|monitored"
        r"|with us)|(?:address|account|user) (?:has )?changed|(?:not|isn't) our (?:user|customer)"
        r"|has left (?:the )?(?:company|organi)|moved (?:to|temporarily|permanently|without)|user not local"
        r"|adresse .{0,30}(?:geändert|nicht mehr)|n'est plus (?:valide|employ)",
    ),
    _row(
        "disabled",
        _HARD,
        rf"{_WHOM}s?(?:\(s\))?\b[^;!?]{{0,50}}\b(?:disabled|deactivated|de-activated|inactive|not active"
        rf"|suspended|locked"
        rf"|frozen|discontinued|terminated|cancell?ed|closed|deleted|archived|been removed|abandoned|dormant"
        rf"|unavailable due to inactivity|not activated)",
        r"(?:account|mailbox|compte)\b.{0,40}\bblocked",
        rf"(?:disabled|deactivated|inactive|suspended|discontinued|expired|closed|terminated|locked|deleted|frozen"
        rf"|blocked) (?:e-?mail )?{_WHOM}|not an? active (?:address|user|account|mailbox)|disableduser|(?:account"
        rf"|mailbox|address) (?:has |is )?expired|expired account|account ?(?:inactive|suspended|disabled|closed"
        rf"|locked)|has been (?:closed|deactivated|discontinued|terminated)|mailbox currently suspended",
        r"(?:konto|postfach|adresse).{0,30}(?:gesperrt|deaktiviert|gelöscht|inaktiv|geschlossen)"
        r"|compte.{0,30}(?:désactivé|desactive|bloqu|ferm|suspendu|inactif)|(?:casilla|cuenta"
        r"|buz[oó]n).{0,30}(?:no activ|expirad|caducad|vencid|desactivada|deshabilitada|suspendida|bloqueada|cancelada"
        r"|inactiva)|conta.{0,30}(?:desativada|suspensa|bloqueada|inativa|cancelada)|casella.{0,30}(?:disabilitata"
        r"|disattivata|sospesa|chiusa)|konto.{0,30}(?:zablokowane|nieaktywne|zawieszone)|(?:заблокирован|отключен"
        r"|неактив|удал[её]н)|停用|(?:账户|帐户|邮箱).{0,8}(?:禁用|冻结|锁定)|利用停止|停止され",
    ),
    _row(
        "no such user",
        _HARD,
        # An adjective, then whom: "unknown user", "invalid final delivery userid".
        rf"\b(?:unknown|no such|invalid|bad|unrecogni[sz]ed|incorrect|illegal|nonexist[ea]nt|non-exist[ea]nt|undefined"
        rf"|unlisted|un-?routeable|unroutable|wrong|unavailable) (?:or \w{{1,12}} )?(?:local |final delivery |e-?mail "
        rf"|smtp |mail |destination |virtual |rcpt |exchange )?"
        rf"(?:{_WHOM}|person|alias|rcpt|local[- ]?part|mail ?drop|mbx|people|list|group|member|id\b)",
        # Whom, then what is not so: "the user you wrote to does not exist".
        rf"{_WHOM}s?(?:\(s\))?\b[^;!?]{{0,60}}\b{_NOT} (?:exist|(?:a )?known|found|valid|recogni[sz]ed|listed|match"
        rf"|have an?\b|registered|correct|local\b|in (?:our|this) |here\b|belong|unique|on (?:this"
        rf"|our) (?:server|system)"
        rf"|an? (?:active|known|valid|existing|local|registered)|available (?:on|here))",
        rf"{_WHOM}s?\b[^;!?]{{0,20}}(?:unknown|invalid|nonexist[ea]nt|non-exist[ea]nt|unrouteable|unroutable"
        rf"|unrecogni[sz]ed|notfound|not found|not exist|no existe)\b",
        r"\b(?:no|not a|n't a|n't an|not an) (?:mail ?-?box|account|valid|known|local|user|recipient|current|existing"
        r"|registered)\b[^;!?]{0,30}(?:here|by that name|with that name|found|available|user|recipient|mailbox|address"
        r"|account|customer|for this|under|at this|on this|person|named|of that name)",
        r"(?:there is|there's|have|has) no [^;!?]{0,20}(?:account|mailbox|user|such|one here)|\bno (?:valid|such)"
        r" (?:recipient|hosts?\b.{0,4}$|address|mailbox|user|account|alias|person|local user|one|id\b)"
        r"|nobody (?:here )?(?:by|with)|no ?one at this|\bnot (?:a )?(?:known|valid|existing|current|listed|local)\b"
        r".{0,12}(?:user|mailbox|address|account|recipient|here|at this)|not (?:a )?user of|not one of our",
        r"\bnot known (?:at|to)\b|is unknown at\b|not listed in|not found in (?:the )?directory|(?:did|does) ?n[o']t"
        r" exactly match|did not match|is not handled here|not (?:a )?deliverable|does ?n[o']t receive mail",
        r"validrcptto|bad_recipient|bad destination mailbox|resolver\.adr|nosuchuser|unknown_user"
        r"|user_unknown|addres{1,2}ee? unknown"
        r"|adres{1,2}ee unknown|non-?local\b|mailbox name not allowed|i cannot deliver mail for|no match(?:es)? found"
        r"|destination server rejected recipients|server do(?:es)? ?n[o']t exist",
        r"unable to (?:find|locate|validate|verify) (?:the |a |this )?(?:recipient|user|mailbox|alias|address|account)"
        r"|(?:could|can)(?:no|n'| no|')t find (?:a |any |the )?(?:user|mailbox|account|recipient)"
        r"|(?:recipient|rcpt|user) (?:address )?(?:verif\w{0,8}|validation) failed|recipient (?:can(?:no|')t|could not)"
        r" be verified|address lookup failed|account (?:is )?(?:unavailable|not (?:available|activated))",
        r"(?:does|dos|dose|doe)n['o]?t exist\b|do(?:es)? not exist|\bnot exist\b|rcpt .{0,6}(?:does|unknown)",
        r"existiert nicht|(?:empfänger|empfaenger|benutzer|adresse|user|postfach|konto|teilnehmer).{0,40}(?:unbekannt"
        r"|nicht (?:gefunden|existent|bekannt|vorhanden|vergeben))|unbekannte[rsnm]? (?:empf|benutzer"
        r"|adress|user|teiln)"
        r"|ungültige (?:adresse|e-?mail|empfänger)|hat hier kein|kein(?:e|en)? (?:solche|postfach|benutzer|empfänger)",
        r"n'existe pas|(?:utilisateur|adresse|destinataire|compte)\b.{0,40}(?:inconnu|introuvable|invalide"
        r"|erron|inexist)"
        r"|no existe|(?:usuario|destinatario|direcci[oó]n|buz[oó]n|cuenta)\b.{0,30}(?:desconocid|no encontrad"
        r"|inv[aá]lid|inexistente|no se encontr)|n[aã]o existe|(?:usu[aá]rio|destinat[aá]rio|endere[cç]o|conta)\b"
        r".{0,30}(?:desconhecid|n[aã]o encontrad|inv[aá]lid|inexistente)|non esiste"
        r"|(?:utente|destinatario|indirizzo|casella|account)\b.{0,30}(?:sconosciut|inesistente|non trovat|non esist"
        r"|non valid)",
        r"bestaat niet|(?:gebruiker|ontvanger|adres).{0,30}(?:onbekend|niet gevonden)"
        r"|onbekende (?:gebruiker|ontvanger|adres)"
        r"|finns inte|findes ikke|finnes ikke|ei löydy|(?:okänd|ukjent|ukendt) (?:mottag|användar|adress|bruker|modtag)"
        r"|(?:mottag|användar|bruker|modtag)\w{0,6}.{0,30}(?:okänd|ukjent|ukendt)",
        r"nie istnieje|nieznan\w{1,3} (?:użytkownik|odbiorc|adres)|(?:użytkownik|odbiorc|adres)\w{0,4}.{0,30}nieznan"
        r"|nie ma tak|brak (?:takiego|skrzynki|konta)|niepoprawn\w{1,3} adres|neexistuje|nenalezen|nem (?:létezik"
        r"|található)|bulunamadı|mevcut değil",
        r"нет такого|не существует|несуществующ|неизвестн\w{1,4} (?:пользов|получ|адрес)"
        r"|(?:пользовател|получател|адрес|ящик)\w{0,3}.{0,40}(?:неизвест|не найден)",
        r"存在しません|存在しない|(?:宛先|ユーザ|受信者|アドレス|メールボックス).{0,60}見つか|宛先不明|不明なユーザ"
        r"|ユーザ.{0,6}(?:不明|存在)|不存在|(?:用户|用戶|收件人|邮箱|郵箱).{0,10}找不到|找不到.{0,6}(?:用户|用戶|收件人|邮箱)"
        r"|无此用户|無此用戶|查無|无效.{0,4}(?:用户|地址|收件)|존재하지|찾을 수 없|없는 (?:사용자|계정|주소)",
    ),
    _row(
        "no such domain",
        _HARD,
        r"\b(?:host|domain)(?: name| or domain name)?s?\b[^:;\[]{0,40}(?:not found|unknown|does ?n[o']t exist|not exist"
        r"|invalid|nonexist[ea]nt|non-exist[ea]nt|could ?n[o']t be found|no such|not valid|unresolvable|unrouteable"
        r"|can'?t be found|cannot be found|is not reachable|lookup failure|lookup failed|not accept(?:ing)? (?:mail"
        r"|network)|does ?n[o']t receive mail|never accept)|(?:unknown|no such|invalid|bad|illegal|nonexist[ea]nt"
        r"|unrouteable|unroutable|unresolvable|unknown mail) (?:host|domain|mail domain|destination (?:host|domain"
        r"|system)|mail exchanger|mx|system)|illegal host|host/domain name found|(?:no|can(?:no|')t find"
        r"|unable to resolve) (?:such )?host\b|no (?:mx|a|dns) records?|unrouteable mail|does not exist in dns"
        r"|nxdomain|authoritative host not found|name or service not known|no (?:address associated|dns|mx"
        r"|a record)\b.{0,40}|couldn't find any host|couldn't find a mail exchanger"
        r"|all relevant mx records point to non-?existent hosts|null ?mx|no smtp service"
        r"|an mx or srv record indicated|domain not found|nodename nor servname|no mail hosts"
        r"|bad destination (?:host|system)|has no mail exchangers?|no valid hosts?\b|unrouteable address|unroutable"
        r"|system not accepting network|does not accept (?:mail|e-?mail)\b.{0,20}$|recipient domain",
        r"(?:domain|domäne|domaine|dominio|domínio|домен)\b.{0,30}(?:unbekannt|nicht gefunden"
        r"|existiert nicht|inconnu|introuvable|desconocid"
        r"|no existe|inexist|não exist|non esist|не (?:найден|существует))",
    ),
    _row(
        "expired",
        _SOFT,
        r"(?:retry|delivery|queue|connection|session|message|conversation|operation|dns)?\b.{0,20}(?:time-?out"
        r"|timed ?-?out|time limit|time expired|expired)|retries exceeded|delivery failed \d{1,3} attempts|(?:too"
        r"|been) (?:long|old)\b.{0,20}|giving up|maximum (?:retry|time|delivery)|(?:been|queue|queued|tried|trying"
        r"|attempted|undeliverable|unreachable|deferred|delivered|retried|within|after|past|last|for) (?:for "
        r"|more than |over |at least |in |the past |the last )?\d{1,4} (?:days?|hours?|minutes?|attempts?|times?"
        r"|seconds?)|not respond|no response|unable to contact|couldn'?t (?:contact|connect)|could not (?:contact"
        r"|connect)|can(?:no|')t (?:contact|connect)|retry time not reached|final attempt",
    ),
    _row(
        "network",
        _SOFT,
        r"connection (?:refused|reset|lost|dropped|closed|failed|died|timed|aborted|error|was)|(?:lost|refused"
        r"|dropped|closed|failed|broken|no|reset) (?:the )?(?:smtp )?connection|network (?:is )?(?:unreachable"
        r"|error|down|problem)|no route|unreachable|host (?:is )?(?:down|not respond)|can(?:no|')t (?:assign|reach)"
        r"|broken pipe|socket|unable to (?:connect|reach|route|establish|resolve)|(?:dns|lookup"
        r"|name service) (?:error|failure|problem)|routing (?:error|problem)|mx (?:lookup|problem|error)|tls|ssl"
        r"|certificate|starttls|handshake|establish an? smtp|server (?:unavailable|not available|busy|down)"
        r"|no transport|no mailer",
    ),
    _row(
        "system",
        _SOFT,
        r"(?:system|server|local|internal|software|configuration|unexpected|mailer|service|i/o|processing|program"
        r"|pipe|procmail|maildrop|sieve|script|filter|command|transport|database|ldap|unknown) (?:resources? "
        r"|mail ?er |is )?(?:error|failure|fault|problem|crash|died|exited|failed|unavailable|not available|busy"
        r"|shutting|closing)|insufficient (?:system|disk|server)|system (?:storage|full|resources|i/o)|disk (?:full"
        r"|space|error)|no space|out of (?:memory|disk)|not writ|(?:can|could) ?(?:no|')t? (?:open|create|write"
        r"|append|lock|chdir|execute|save|read|get|update)|cannot (?:open|create|write|append|lock|execute|save)"
        r"|unable to (?:open|create|write|append|lock|chdir|execute|save|process|deliver message)|permission denied"
        r"|mailer-?error|command (?:failed|died|output|line usage)|exit(?:ed)? (?:status|code|with)|child"
        r"|service (?:unavailable|not available)|queue (?:file|disk|error)|bad file|local delivery failed"
        r"|temporar\w{1,3}|transaction failed(?: by)? (?:system|server)|bug in|unexpanded|misconfigur",
    ),
    _row(
        "protocol",
        _SOFT,
        r"syntax error|command (?:not|unrecogni|unknown|rejected)|unrecogni[sz]ed command|bad sequence|need (?:rcpt"
        r"|mail)|protocol (?:error|violation)|not implemented|invalid (?:argument|parameter|command|data)"
        r"|unsupported|improper|bad (?:syntax|command|argument)|pipelining|no valid recipients",
    ),
    _row(
        "policy",
        _SOFT,
        r"polic(?:y|ies)|access denied|not (?:allowed|permitted|authori[sz]ed|acceptable|welcome)|unauthori[sz]ed"
        r"|prohibit|forbidden|administrativ|violat|block|unacceptable|disallow|banned|abuse|security|legal\b"
        r"|delivery not authori[sz]ed|\brules?\b|verboten",
    ),
    _row(
        "refused",
        _SOFT,
        r"denied|not accepted|refus|reject|declin|abgelehnt|rejeté|rechazad|rejeitad|rifiutat|odrzucon"
        r"|отклон|отказ|拒否|拒绝",
    ),
)

LATE = re.compile(
    r"in reply to (?:the )?(?:end of )?data|after (?:the )?(?:end of )?data|end of data|>>> (?:data|\.)(?: |$)"
    r"|smtp command data|\[(?:body|data|eom)\]|response (?:from .{0,60} )?to (?:the )?(?:end of )?data"
    r"|did not like our data"
)
"""Said after the message itself."""

CARRIERS = re.compile(
    r"\b(?:docomo|ezweb|auone-net|softbank|vodafone|willcom|ymobile|uqmobile|disney)\.(?:ne\.jp|jp)\b|\bau\.com\b"
)

UNAVAILABLE = re.compile(
    r"mailbox (?:<+>+ )?(?:is )?(?:currently )?(?:unavailable|not available)"
    r"|recipient(?: address)? (?:was )?(?:rejected|refused)\W{0,8}(?:$|\(|in reply|5\d\d)"
    r"|(?:address|recipient|rcpt) (?:was )?(?:rejected|refused|not accepted)\W{0,4}$|unable to receive mail"
    r"|not deliverable|undeliverable address"
)
"""What RFC 5321 §4.2.3 has a server say of a mailbox that is not there, and of much else."""
