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
    | like\ loading(?:\.\.\.|…)?   | loading(?:\.\.\.|…)
    | related(?:\ (?:posts|articles|stories|news|content|reading|links))?:?     | (?:you\ (?:may|might)\ also\ like):?
    | (?:read|see)\ (?:also|next):?   | recommended(?:\ for\ you)?:?   | more\ from\ .{1,60}:?
    | continue\ reading.{0,120}   | read\ more(?:\ ?(?:[:→»…]|\.\.\.|\ (?:about|on|in|at|from)\b).{0,120})?
    | the\ post\ .*\ appeared\ first\ on\ .*     | (?:story|article)\ continues\ (?:below|after).{0,40}
    | (?:advertisement|sponsored(?:\ content)?|anzeige|publicité|publicidad)\.?
    | skip\ to\ (?:main\ )?content   | (?:previous|next)\ (?:post|article)(?::.*)?
    | (?:filed\ under|posted\ in|tags?|tagged(?:\ with)?|categories):.{0,200}
    | (?:subscribe|sign\ up)\ (?:to|for)\ (?:our|the)\ .{0,40}newsletter.{0,40}
    """,
    re.IGNORECASE | re.VERBOSE,
)
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
    return bool(_LINE.fullmatch(" ".join(line.split())))


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
