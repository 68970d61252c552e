from __future__ import annotations

import pytest

from bot.articles.body import clean_body, text_body
from bot.articles.text import paragraphs
from bot.model import Image
from tests.growth import grows_evenly

PAGE = "https://news.example/2026/11/ferry/"


def clean(markup: str, **said: str) -> str:
    return clean_body(markup, PAGE, **said).html  # type: ignore[arg-type]


def test_prose_links_and_headings_stay_and_addresses_become_absolute() -> None:
    assert clean(
        '<h2 class="wp-block-heading">Aboard</h2><p>The <a href="/gannet">Gannet</a> <em>sailed</em>.</p>'
    ) == ('<h2>Aboard</h2><p>The <a href="https://news.example/gannet">Gannet</a> <em>sailed</em>.</p>')


@pytest.mark.parametrize(
    ("markup", "html"),
    [
        ("one<br><br>two<div>3</div><div>4 <b>b</b></div>5", "<p>one</p><p>two</p><p>3</p><p>4 <b>b</b></p><p>5</p>"),
        ("<div><section><p>a</p>loose</section></div>", "<p>a</p><p>loose</p>"),
        ("<ul><li><div>a</div><div>b</div></li></ul>", "<ul><li><p>a</p><p>b</p></li></ul>"),
        ("<h1>A</h1><h5>B</h5><dl><dt>c</dt><dd>d</dd></dl>", "<h2>A</h2><h4>B</h4><ul><li>c</li><li>d</li></ul>"),
        ("<blockquote>a<footer>b</footer></blockquote>", "<blockquote><p>a</p><cite>b</cite></blockquote>"),
        ("<p>a <del>old</del></p>", "<p>a <s>old</s></p>"),
        ("<p>a</p><p>&nbsp;</p><p><strong></strong></p><h3></h3><ul><li></li></ul>", "<p>a</p>"),
        ("<a href='/x'><div>card</div></a>", "<p>card</p>"),
        ("<p>12</p><!-- more --><?php x ?>", "<p>12</p>"),
        ("<html><head><title>T</title></head><body class=x><p>a</p></body></html>", "<p>a</p>"),
        ("<frameset><frame src=x></frameset>", ""),
        ("", ""),
        ("The ferry", "<p>The ferry</p>"),
        ("<h1<![cdata[>b", "<p>b</p>"),
    ],
)  # fmt: skip
def test_any_markup_becomes_a_flat_order_of_blocks(markup: str, html: str) -> None:
    assert clean(markup) == html


@pytest.mark.parametrize(
    "furniture",
    [
        '<div class="sharedaddy sd-sharing-enabled"><h3>Share this:</h3><ul><li>Twitter</li></ul></div>',
        '<div id="jp-relatedposts" class="jp-relatedposts"><a href="/x">Other</a></div>',
        '<nav><a href="/">Home</a></nav>',
        "<p>Leave a comment</p>",
        "<p>No Comments on The ferry returns</p>",
        "<p>4 minute read</p>",
        "<p>Advertisement</p>",
        '<p>The post <a href="/x">The ferry</a> appeared first on <a href="/">The Strait</a>.</p>',
        '<p><a href="/x">Continue reading “The ferry”</a></p>',
        "<script>track()</script><style>p{}</style>",
        '<p><img src="https://pixel.example.com/t.gif?p=1" width="1" height="1" alt="" style="display:none"></p>',
        '<img src="https://stats.example.com/b.gif">',
        '<img src="/t.gif" width="0" height="0">',
        '<img src="data:image/gif;base64,R0lGODlhAQ">',
        '<p style="display: none">hidden words</p>',
        '<iframe src="https://ads.doubleclick.net/x"></iframe>',
        '<iframe width="1" height="1" src="https://x.example/"></iframe>',
        "<form action=/subscribe><input name=email><button>Go</button></form>",
        '[courier_poll id="77" question="Should slugs have a vote?"]',
        "<p>[courier_poll id=&#8221;77&#8243; question=&#8221;Should slugs have a vote?&#8221;]</p>",
        "<p>[/vc_column]</p><p>[gallery]</p>",
    ],
)
def test_furniture_is_taken_out(furniture: str) -> None:
    words = "<p>The ferry returned to port on Thursday after nine years away, and nobody met it.</p>"
    assert clean(words + furniture + words) == words + words


@pytest.mark.parametrize(
    "words",
    [
        "He said that [sic] it was [LEGAL: check] late [1].",
        "Read more books, the mayor told pupils.",
        "Comments on the plan were sharp.",
        "Related companies won all the contracts.",
        "Share prices fell by four minutes past nine.",
    ],
)
def test_prose_that_looks_like_furniture_stays(words: str) -> None:
    assert clean(f"<p>{words}</p>") == f"<p>{words}</p>"


def test_a_theme_that_names_the_whole_article_like_furniture_loses_nothing() -> None:
    assert paragraphs(clean('<div class="ads"><p>All the words there are.</p></div><p>b</p>')) == (
        "All the words there are.",
        "b",
    )


def test_what_the_page_says_above_the_body_is_not_said_again() -> None:
    lead = Image(url="https://news.example/up/gannet.jpg")
    body = clean_body(
        '<h1>The ferry returns</h1><p class="standfirst">After nine years.</p>'
        '<figure><img src="/up/gannet-768x512.jpg"></figure><p>It came at six.</p><p>The ferry returns</p>',
        PAGE,
        title="The Ferry Returns!",
        standfirst="After nine years",
        lead=lead,
    )
    assert body.html == "<p>It came at six.</p><p>The ferry returns</p>"
    assert body.images == ()


def test_pictures_are_found_where_lazy_loading_hides_them() -> None:
    blank = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP"
    for markup in (
        f'<img src="{blank}" data-src="/a.jpg" alt="A"><noscript><img src="/a.jpg" alt="A"></noscript>',
        '<noscript><img src="/a.jpg" alt="A"></noscript>',
        f'<img src="{blank}" alt="A" data-srcset="/tiny.jpg 300w, /a.jpg 1200w, /huge.jpg 2400w">',
        f'<picture><source srcset="/a.jpg 800w"><img src="{blank}" alt="A"></picture>',
        '<p><a href="/up/full.html"><img src="https://i0.wp.com/news.example/a.jpg?resize=1&ssl=1" alt="A"></a></p>',
        '<img src="/spacer.gif" data-lazy-src="//news.example/a.jpg" alt="A">',
    ):
        body = clean_body(markup, PAGE)
        assert [(image.url, image.alt) for image in body.images] == [("https://news.example/a.jpg", "A")]
        assert body.html.count("<img") == 1


def test_pictures_have_alt_text_caption_credit_and_size() -> None:
    body = clean_body(
        '<figure><img src="/a.jpg" alt="A ferry &quot;Gannet&quot;" width="600" height="400px" class=x>'
        "<figcaption>In port. Photo: Ada Lind</figcaption></figure>",
        PAGE,
    )
    assert body.images == (
        Image(
            url="https://news.example/a.jpg",
            alt='A ferry "Gannet"',
            caption="In port.",
            credit="Ada Lind",
            width=600,
            height=400,
        ),
    )
    assert "<figcaption>In port. Photo: Ada Lind</figcaption>" in body.html


def test_galleries_are_figures_of_their_full_pictures() -> None:
    item = (
        '<figure class="gallery-item"><div class="gallery-icon"><a href="/{0}.jpg">'
        '<img width="150" height="150" src="/{0}-150x150.jpg" alt="{0}"></a></div></figure>'
    )
    classic = (
        '<dl class="gallery-item"><dt class="gallery-icon"><a href="/c.jpg">'
        '<img width="150" src="/c-150x150.jpg" alt="c"></a></dt><dd class="wp-caption-text">Sea</dd></dl>'
    )
    body = clean_body(
        f'<p><div class="gallery">{item.format("a")}{item.format("b")}</div></p>'
        f'<figure class="wp-block-gallery"><figure><img src="/d.jpg" alt="d"></figure></figure>{classic}',
        PAGE,
    )
    assert [(image.url[-6:], image.alt, image.width) for image in body.images] == [
        (f"/{name}.jpg", name, None) for name in "abdc"
    ]
    assert body.html.count("<figure>") == 4
    assert "<figcaption>Sea</figcaption>" in body.html


def test_emoji_pictures_become_characters() -> None:
    assert clean(
        '<p>Soup <img src="https://s.w.org/images/core/emoji/14/1f383.png" class="wp-smiley" alt="🎃">!</p>'
    ) == ("<p>Soup 🎃!</p>")


def test_an_embedded_post_is_a_quotation_with_author_and_link() -> None:
    tweet = (
        '<blockquote class="twitter-tweet"><p lang="en">We signed it again.<br>Thank you. 🤝 '
        '<a href="https://t.co/aV">pic.twitter.com/aV</a></p>&mdash; Office of the President (@PresCalder) '
        '<a href="https://twitter.com/PresCalder/status/189?ref_src=twsrc%5Etfw">November 19, 2026</a></blockquote>'
        '<script async src="https://platform.twitter.com/widgets.js"></script>'
    )
    bluesky = (
        '<blockquote class="bluesky-embed"><p>Hello</p>&mdash; Ada Lind (<a href="https://bsky.app/profile/x">@ada.test</a>)'
        ' <a href="https://bsky.app/profile/x/post/3k?ref_src=embed">2026</a></blockquote>'
    )
    status, post = "https://twitter.com/PresCalder/status/189", "https://bsky.app/profile/x/post/3k"
    assert clean(tweet) == (
        "<blockquote><p>We signed it again. Thank you. 🤝</p>"
        f'<cite><a href="{status}">Office of the President (@PresCalder)</a></cite></blockquote>'
    )
    assert clean(bluesky) == (
        f'<blockquote><p>Hello</p><cite><a href="{post}">Ada Lind (@ada.test)</a></cite></blockquote>'
    )
    assert paragraphs(clean(f"<p>Before.</p>{tweet}{bluesky}")) == ("Before.",)


@pytest.mark.parametrize(
    ("markup", "link"),
    [
        (
            '<iframe title="The weighing" src="https://www.youtube.com/embed/aqz-KE-bpKQ?feature=oembed"></iframe>',
            '<a href="https://www.youtube.com/watch?v=aqz-KE-bpKQ">The weighing</a>',
        ),
        ('<iframe src="//player.vimeo.com/video/12"></iframe>', '<a href="https://vimeo.com/12">vimeo.com</a>'),
        (
            '<iframe src="https://www.facebook.com/plugins/post.php?href=https%3A%2F%2Fwww.facebook.com%2Frecord%2Fposts%2F7'
            '&amp;show_text=true"></iframe>',
            '<a href="https://www.facebook.com/record/posts/7">facebook.com</a>',
        ),
        (
            '<iframe src="https://www.facebook.com/plugins/video.php?href=javascript:alert(1)"></iframe>',
            '<a href="https://www.facebook.com/plugins/video.php?href=javascript:alert(1)">facebook.com</a>',
        ),
        ('<video><source src="/v.mp4">old browser</video>', '<a href="https://news.example/v.mp4">news.example</a>'),
        ('<iframe src="javascript:alert(1)"></iframe>', ""),
        (
            '<blockquote class="instagram-media" data-instgrm-permalink="https://www.instagram.com/p/a/?utm_source=x">'
            "<p>View this</p></blockquote>",
            '<a href="https://www.instagram.com/p/a/">View this</a>',
        ),
    ],
)
def test_players_become_links(markup: str, link: str) -> None:
    assert clean(markup) == (f"<p>{link}</p>" if link else "")


def test_a_frame_of_mastodon_becomes_a_quotation_of_who_wrote_it_with_a_link_to_the_post() -> None:
    frame = '<iframe src="https://mastodon.example/@mara/113535353535353535/embed" class="mastodon-embed"></iframe>'
    post = "https://mastodon.example/@mara/113535353535353535"
    assert clean(frame) == f'<blockquote><cite><a href="{post}">@mara on mastodon.example</a></cite></blockquote>'


def test_the_language_of_all_of_a_body_is_told() -> None:
    assert clean_body('<div dir="rtl" lang="ar"><p>عاد السوق</p><p>إلى الحياة</p></div>').language == "ar"
    assert clean_body('<p>The word <i lang="ar">سوق</i> means market.</p>').language == ""
    assert clean_body('<div lang="x&quot;onload"><p>a</p></div>').language == ""


def test_plain_text_becomes_paragraphs() -> None:
    assert text_body("One\nline.\n\nTwo <b> & three") == "<p>One\nline.</p><p>Two &lt;b&gt; &amp; three</p>"
    assert text_body("One.\r\nTwo.") == "<p>One.</p><p>Two.</p>"
    assert text_body("  ") == ""


@pytest.mark.parametrize(
    "bomb",
    ["<a>" * 20_000, "<img src=/a.jpg>" * 5_000, "<p>x</p><ul><li>" * 20_000, "<br>" * 50_000, "[a b=c " * 50_000]
    + ["<span><p>" * 30_000, "<div>x" * 30_000, "<blockquote class=twitter-tweet><p>x</p>" * 8_000]
    + ["<noscript><img src=/a></noscript>" * 20_000, "<figure>" + "<img src=/a>" * 40_000, "<em><p>a</p></em>" * 45_000]
    + [f"<img src='https://{'pixel.' * 3_000}'>" * 20, "<picture>" + "<img>" * 90_000],
)
def test_markup_made_to_take_minutes_takes_no_longer_than_its_length(bomb: str) -> None:
    assert grows_evenly(clean, bomb)


@pytest.mark.parametrize("mark", ["'", '"', "“", "«", "a=", " a='"])
def test_a_shortcode_of_nothing_but_quotation_marks_is_read_in_its_length(mark):
    # Read in every way there is, 2,000 of them took minutes.
    assert clean_body(f"<p>[ab c={mark * 50_000}</p>").html
