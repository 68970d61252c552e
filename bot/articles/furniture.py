"""What stands around an article on its page: share bars, comment links, related articles. No word of it is news."""

from __future__ import annotations

import re
from typing import Any

_LINE = re.compile(
    r"""
      (?:no|\d+)\ comments?(?:\ on\ .*)?
    | (?:reading\ time:?\ )?\d+[\ -]?min(?:ute)?s?\.?(?:\ of)?(?:\ read(?:ing)?(?:\ time)?)?
    | (?:leave|post|add|write)\ a\ (?:comment|reply).*      | comments\ (?:are\ )?(?:closed|off)\.?  | \d*\ ?comments?
    | kommentar\ (?:schreiben|hinterlassen)    | laisser\ un\ commentaire   | dej(?:a|ar)\ un\ comentario
    | (?:share|like|follow|tweet|email|print)(?:\ (?:this|us)(?:\ (?:article|post|story|page|on\ .*))?)?:?
    | (?:click\ to\ )?(?:share|email|print|pin|tweet)\ (?:this\ )?(?:on|to|via|with)\b.{0,60}
    | (?:like\ this:?\ )?like\ loading(?:\.\.\.|…)?   | loading(?:\.\.\.|…)
    | related(?:\ (?:posts|articles|stories|news|content|reading|links))?:?     | (?:you\ (?:may|might)\ also\ like):?
    | (?:(?:read|see)\ (?:also|next|more)|also\ (?:read|see)|don['’]t\ miss|related(?:\ (?:story|coverage))?
      |more\ on\ this(?:\ (?:story|topic))?|in\ case\ you\ missed\ it|what\ to\ read\ next
      ):?(?:(?<=:)\ .{1,160})?
    | recommended(?:\ for\ you)?:?   | more\ from\ .{1,60}:?
    | (?:most|editors?['’]?s?)\ (?:popular|read|viewed|commented|shared|picks?)(?:\ (?:stories|articles|posts|news))?:?
    | trending(?:\ (?:now|stories|topics|news))?:? | (?:top|latest|popular)\ (?:stories|news|articles|posts|headlines):?
    | (?:view|show|see|read|hide|load)\ (?:all\ |more\ |the\ )?(?:\d+\ )?(?:comments?|replies)
    | join\ the\ (?:conversation|discussion|debate)[.!]? | have\ your\ say[.!]?
    | (?:you\ must\ )?(?:be\ )?(?:log(?:ged)?|sign(?:ed)?)\ in\ to\ (?:post\ a\ )?(?:comment|reply).{0,20}
    | (?:donate|subscribe|sign\ (?:in|up)|log\ in|register|join\ us)(?:\ (?:now|today|here))?!?
    | (?:make\ a\ donation|support\ (?:us|our\ (?:work|journalism)|independent\ journalism)
      |become\ a\ (?:member|supporter|subscriber)|already\ a\ (?:member|subscriber)\?)(?:\ .{0,30})?[.!]?
    | (?:back|return|jump|scroll|go)\ to\ (?:(?:the\ )?top|home(?:page)?|comments)
    | (?:get|download)\ (?:the|our)\ (?:[\w'’-]{1,20}\ ){0,2}app\b.{0,40}
    | .{0,60}all\ rights\ reserved\.?.{0,60}
    | (?:terms\ (?:of\ (?:use|service)|(?:and|&)\ conditions)|privacy\ policy|cookie\ (?:policy|settings)
      |contact\ us|about\ us|accept(?:\ all)?\ cookies)
    | copy\ link | link\ copied!? | save\ (?:article|story|for\ later) | bookmark | print\ (?:article|page)
    | listen(?:\ to\ (?:this\ )?(?:article|story))? | (?:share|gift)\ (?:full\ )?article
    | (?:open|view|enlarge|expand)\ (?:this\ )?(?:image|photo|picture|gallery)(?:\ in\ .{1,20})?
    | (?:toggle|show|hide)\ caption | (?:image|photo|picture)\ (?:source|caption),?(?:\ .{1,80})?
    | (?:published|updated|posted)(?:\ (?:on|at))?:?\ [\w\ .,:|–-]{6,40}\ [ap]\.m\.
    | (?:getty|ap|afp|reuters|epa)(?:\ (?:images?|photo))?
    | continue\ reading.{0,120}   | read\ more(?:\ ?(?:[:→»…]|\.\.\.|\ (?:about|on|in|at|from)\b).{0,120})?
    | the\ post\ .*\ appeared\ first\ on\ .*     | (?:story|article)\ continues\ (?:below|after).{0,40}
    | (?:advertisement|sponsored(?:\ content)?|anzeige|publicité|publicidad)\.?
    | skip\ to\ (?:main\ )?content   | (?:previous|next)\ (?:post|article)(?::.*)?
    | (?:filed\ under|posted\ in|tags?|tagged(?:\ with)?|categories):.{0,200}
    | (?:subscribe|sign\ up)\ (?:to|for)\ (?:our|the|your)\ .{0,60}
      \b(?:newsletters?|briefings?|e-?mails?|alerts?|updates|podcasts?|digests?|channels?)\b.{0,60}
    | (?:lesezeit|lesedauer|leestijd|tiempo\ de\ lectura|temps\ de\ lecture|tempo\ d[ei]\ (?:leitura|lettura))
      \ ?:?\ ?(?:ca\.?\ )?\d+\ ?min(?:ut[a-z]{1,3})?\.?
    | \d+\ min(?:uten?|utos?|utes?)?\.?\ (?:lesezeit|lesedauer|de\ lectur[ae]|leestijd)
    | alle\ rechte\ vorbehalten\.? | tous\ droits\ réservés\.? | todos\ los\ derechos\ reservados\.?
    | (?:この記事は)?約?\d{1,3}分で読めます[。]? | .{0,30}無断転載.{0,12}禁.{0,8} | 版[权權]所有.{0,40}
    | جميع\ الحقوق\ محفوظة.{0,40}
    """,
    re.IGNORECASE | re.VERBOSE,
)
# The same in other languages, and lines of credit. What ends like a sentence is one, whatever it begins with.
_LABEL = re.compile(
    r"""
      (?:follow|find)\ us\ on\ .{1,80}
    | (?:(?:first|last)\ )?(?:published|updated|modified|posted)(?:\ (?:on|at))?:?
      (?:\ (?:[a-z]{3,9},?\ )?(?:[a-z]{3,9}\.?\ )?\d[\w\ .,:/|–-]{4,40})
    | posted\ (?:in|by)\ .{1,60} | (?:subscribe|sign\ up)\ (?:to|for)\ (?:our|the|your)\ .{1,60}
    | (?:read|watch|listen):\ .{1,160}
    | (?:photo|image|picture|graphic|video|illustration)(?:s|\ credit|\ by)?:\ .{1,80} | (?:©|copyright\b).{0,120}

    | (?:artikel\ |beitrag\ )?teilen(?:\ (?:sie\ (?:dies|diesen\ \w+)\ )?(?:mit|auf|über)\b.{0,60})?:?
    | (?:das|diese\ .{1,20})\ (?:thema\ )?(?:könnte|dürfte)n?\ (?:sie|dich|euch)\ auch\ interessieren:?
    | (?:artikel\ )?drucken | merken | (?:auf|per|via)\ (?:\w+\ )teilen | nach\ oben | zum\ seitenanfang
    | zur\ (?:startseite|übersicht) | (?:\d+\ )?kommentare\ (?:anzeigen|lesen|einblenden)
    | jetzt\ (?:spenden|abonnieren)
    | meist\ ?gelesen(?:e\ artikel)? | (?:beliebte|neueste|weitere)\ (?:artikel|beiträge)
    | (?:unsere\ |die\ )?app\ (?:herunter)?laden | link\ kopieren | artikel\ (?:merken|anhören|verschenken)
    | (?:auch\ lesen|lesen\ sie\ (?:auch|mehr|hier)|mehr\ (?:dazu|lesen|themen|zum\ thema)|siehe\ auch|weiterlesen
      |zum\ (?:thema|weiterlesen)|weitere\ (?:artikel|themen|beiträge|informationen|meldungen|nachrichten)
      ):?(?:\ .{0,80})?
    | (?:jetzt\ )?(?:zum\ )?newsletter\ (?:abonnieren|anmelden|bestellen) | \d*\ ?kommentare?(?:\ lesen)?
    | folg(?:en\ sie|t|e)?\ uns\ (?:auf|bei)\b.{1,80} | quellen?:\ .{1,80}
    | (?:titel)?(?:bild|foto|grafik|abbildung)(?:er|s|quelle)?:\ .{1,80}
    | (?:zuletzt\ |letzte\ )?(?:aktualisiert(?:\ am)?|aktualisierung|änderung):?\ [\d\ .,:/uhr-]{6,30}

    | partager(?:\ (?:sur|l['’]article).{0,60})?:? | imprimer | (?:à\ )?lire\ (?:aussi|également)\ ?:?(?:\ .{0,120})?
    | sur\ le\ même\ (?:sujet|thème)\ ?:? | (?:ces\ )?articles?\ (?:liés|similaires|associés)\ ?:? | voir\ aussi\ ?:?
    | les\ plus\ lus | (?:retour\ en\ )?haut(?:\ de\ page)? | (?:voir|lire|afficher)\ les\ (?:\d+\ )?commentaires
    | (?:ajouter|poster|écrire)\ un\ commentaire | réagir | faire\ un\ don
    | à\ voir\ (?:aussi|également)\ ?:?(?:\ .{0,120})?
    | télécharger?(?:ez)?\ (?:l['’]|notre\ )app.{0,30} | copier\ le\ lien | (?:publié|mis\ à\ jour)\ le\ .{6,40}
    | (?:pour\ )?lire\ la\ suite.{0,120} | (?:suivez|retrouvez)-nous\ sur\ .{1,80}
    | (?:abonnez-vous|inscrivez-vous)\ (?:à|pour)\ .{0,80} | (?:crédits?\ )?(?:photos?|images?)\ ?:\ .{1,80}

    | compartir(?:\ (?:en|por|este).{0,60})?:? | imprimir
    | (?:lea|lee|leer|ver)\ (?:también|más|además)\ ?(?::.{0,120})?
    | (?:te|le)\ (?:puede|podría)\ interesar:? | (?:noticias|artículos|temas|notas)\ relacionad[oa]s:?
    | lo\ más\ (?:leído|visto) | volver\ (?:arriba|al\ inicio) | ver\ (?:los\ )?(?:\d+\ )?comentarios
    | (?:deja|escribe)\ tu\ comentario | (?:dona|suscríbete|regístrate)(?:\ (?:ahora|aquí|ya))? | te\ recomendamos:?
    | descarga\ (?:la|nuestra)\ app.{0,30} | copiar\ enlace | (?:publicado|actualizado)\ (?:el|a\ las)\ .{4,40}
    | s[ií](?:gu?e|ga)nos\ en\ .{1,120} | suscr[ií]b(?:ete|ase)\ (?:a|al)\ .{0,80}
    | (?:foto|imagen|fotograf[ií]a|v[ií]deo)s?:\ .{1,80}

    | (?:関連(?:記事|ニュース|リンク)|あわせて読みたい|続きを読む|こちらもおすすめ
      |(?:この)?(?:記事|ページ)を(?:シェア|共有|印刷|保存)(?:する)?|シェア(?:する)?|ツイート(?:する)?|コメント(?:する|を見る|を書く)?
      |(?:人気|新着|おすすめ|注目)(?:の)?(?:記事|ニュース)?|(?:アクセス)?ランキング|(?:ページの)?(?:トップ|先頭)へ(?:戻る)?
      |メルマガ(?:に)?登録|アプリを(?:入手|ダウンロード))[:：]?
    | (?:相关(?:阅读|新闻|文章|报道)|相關(?:閱讀|新聞|文章|報導)|延伸阅读|延伸閱讀|阅读更多|閱讀更多|分享(?:到)?
      |(?:热门|最新|推荐|熱門|推薦)(?:文章|新闻|新聞|阅读|閱讀)|(?:查看|发表|發表)(?:评论|評論|留言)|返回(?:顶部|頂部)
      )[:：]?
    | (?:责任编辑|責任編輯|编辑|編輯|校对)[:：].{1,30}
    | (?:写真|撮影|图片来源|圖片來源|来源|來源)[:：].{1,40} | [広廣广]告
    | (?:اقرأ\ (?:أيضا|أيضًا|المزيد)|مقالات\ ذات\ صلة|مواضيع\ ذات\ صلة|شارك(?:ها)?|شارك\ المقال|إعلان
      |الأكثر\ (?:قراءة|مشاهدة)|(?:العودة|عودة)\ إلى\ الأعلى|(?:أضف|اكتب)\ تعليقا?|التعليقات)[:：]?(?:\ .{0,80})?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SENTENCE_END = (".", "!", "?", "。", "！", "？", "؟", "…")
_TAIL = re.compile(
    r"(?:related(?:\ (?:posts|articles|stories|news))?|you (?:may|might) also like|more from .{1,60}|read next"
    r"|recommended(?: for you)?|(?:leave|post|add|write) a (?:comment|reply)|comments?|\d+ comments?):?",
    re.IGNORECASE,
)
# Names that themes and plug-ins give to what they add to an article.
_CLASS = re.compile(
    r"""
      sharedaddy | sd-(?:sharing|block|social).* | jp-relatedposts.* | jp-post-flair | addtoany.* | a2a_.* | heateor.*
    | (?:essb|ssba|swp|sfsi)[_-].*
    | (?:social|post|entry)?[_-]?shar(?:e|ing)[_-]?(?:bar|box|buttons?|links?|icons?|tools)
    | social-(?:links|icons|media|buttons) | (?:post|entry|article)?[_-]?related[_-]?(?:posts?|articles?|stories|links)
    | yarpp.* | crp_related
    | wp-block-(?:jetpack-.*|social-links|post-comments.*|comments.*|latest-posts|latest-comments)
    | comments?-(?:area|list|respond|link|form) | comment-respond | newsletter-(?:sign-?up|form|box) | mc4wp.*
    | ez-toc.* | lwptoc.* | toc_container | author-?(?:box|bio) | post-(?:navigation|views|tags|meta) | nav-links
    | ads? | advert(?:isement)?s? | adsbygoogle | code-block(?:-\d+)? | google-auto-placed
    | screen-reader-text | sr-only
    | visually-hidden | no-?print | printfriendly | wpdiscuz.* | simplesocialbuttons | republish.*
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MOST = 0.5


def is_furniture(line: str) -> bool:
    """Whether a whole line of text is page furniture: "No Comments on …", "4 minute read", "Leave a comment"."""
    flat = " ".join(line.split())
    return bool(_LINE.fullmatch(flat) or (not flat.endswith(_SENTENCE_END) and _LABEL.fullmatch(flat)))


def begins_tail(line: str) -> bool:
    """Whether ``line`` heads what follows an article on its page: comments, lists of other articles."""
    return bool(_TAIL.fullmatch(" ".join(line.split())))


def same_words(one: str, other: str) -> bool:
    """Whether two lines say the same, whatever their case, quotation marks and punctuation."""
    return bool(_letters(one)) and _letters(one) == _letters(other)


def drop_furniture(root: Any) -> None:
    """Removes elements that are furniture by tag, role or class from an lxml tree.

    What holds half of the text or more stays: some themes give such names to the article itself.
    """
    whole = len(root.text_content())
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or element is root or element.getparent() is None:
            continue
        names = f"{element.get('class', '')} {element.get('id', '')}".split()
        named = element.tag == "nav" or element.get("role") in ("navigation", "search", "banner", "contentinfo")
        if (named or any(_CLASS.fullmatch(name) for name in names)) and (
            len(element.text_content()) < whole * _MOST or not whole
        ):
            element.drop_tree()


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
