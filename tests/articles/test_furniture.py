"""Lines that stand around an article are told from sentences that begin like them, in each language."""

from __future__ import annotations

import pytest

from bot.articles.furniture import is_furniture


@pytest.mark.parametrize(
    "line",
    [
        "4 minute read",
        "Photo: Ines Okafor / Coast Wire",
        "© 2026 The Port Alder Record",
        "Last updated: 24.11.2026, 10:40",
        "Follow us on Mastodon",
        "Teilen Sie dies mit:",
        "Das könnte Sie auch interessieren:",
        "Lesen Sie auch: Die Fähre kehrt zurück",
        "Mehr zum Thema",
        "12 Kommentare",
        "Foto: Mara Lindqvist/dpa",
        "Aktualisiert am 24.11.2026, 10:40 Uhr",
        "Lire aussi : Le bac revient au port",
        "Sur le même sujet",
        "Partager sur Facebook",
        "Le puede interesar",
        "Lea también: Vuelve el transbordador",
        "Síguenos en Telegram, Instagram y Mastodon",
        "関連記事",
        "続きを読む",
        "写真：海野さくら",
        "相关阅读",
        "اقرأ أيضا",
        "مقالات ذات صلة",
    ],
)
def test_a_line_of_the_page_is_furniture(line):
    assert is_furniture(line)


@pytest.mark.parametrize(
    "line",
    [
        "Photo: that is the word which the archive of the harbour uses for everything it has.",
        "Weitere Informationen will die Polizei am Montag geben.",
        "Mehr lesen wollen die Kinder der dritten Klasse.",
        "Quellen: Aus ihnen speist sich der Fluss, der die Stadt seit 900 Jahren teilt.",
        "Compartir este dolor es lo que nos une.",
        "Ver más allá de la crisis es difícil",
        "Partager l’article serait une faute, dit la maire.",
        "Folgen hat der Streik auch für die Fähre",
        "Share prices fell",
        "Das könnte teuer werden",
        "Copyright law is not what the case is about, the judge said.",
        "来源于山区的水流入港口。",
        "شارك ثلاثون شخصا في الاجتماع الذي عقد مساء الاثنين في المدينة القديمة قرب الميناء.",
    ],
)
def test_a_sentence_that_begins_like_one_stays(line):
    assert not is_furniture(line)
