from __future__ import annotations

import pytest

from bot.articles.language import language_of


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("The ferry returned.", "en-GB", "en-GB"),
        ("The ferry returned.", "", ""),
        ("雨の川沿いに屋台が戻る", "en-US", "ja"),
        ("雨の川沿いに屋台が戻る", "ja-JP", "ja-JP"),
        ("渡輪回來了", "en", "zh"),
        ("渡輪回來了", "zh-TW", "zh-TW"),
        ("페리가 돌아왔다", "en", "ko"),
        ("عاد سوق الكتب القديمة (Open Lab)", "en-US", "ar"),
        ("بازار کتاب‌های گذشته پس از سه سال", "", "fa"),
        ("یہ بازار بڑا ہے", "", "ur"),
        ("המעבורת חזרה", "en", "he"),
        ("Το πλοίο επέστρεψε", "en", "el"),
        ("The Greek word πλοίο means ship.", "en", "en"),
        ("Паром вернулся", "bg", "bg"),
        ("12:30 – 14:00", "en", "en"),
        ("", "sv", "sv"),
    ],
)
def test_the_script_decides_when_it_contradicts_the_declaration(text: str, declared: str, language: str) -> None:
    assert language_of(text, declared) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The ferry returns to the harbour on Friday, the mayor said, and it will be free for a week.", "en"),
        ("Die Fähre kehrt am Freitag in den Hafen zurück, sagte die Bürgermeisterin am Montag.", "de"),
        ("Le bac revient vendredi dans le port, a dit la maire lundi, et il sera gratuit une semaine.", "fr"),
        ("El transbordador vuelve al puerto el viernes, dijo la alcaldesa, y será gratis una semana.", "es"),
        ("Il traghetto torna in porto venerdì, ha detto la sindaca lunedì, e sarà gratis per una settimana.", "it"),
        ("De veerboot keert vrijdag terug naar de haven, zei de burgemeester, en is een week lang gratis.", "nl"),
        ("Färjan återvänder till hamnen på fredag, sade borgmästaren i måndags, och är gratis en vecka.", "sv"),
        ("Prom wraca do portu w piątek, powiedziała w poniedziałek burmistrz, i przez tydzień będzie darmowy.", "pl"),
        ("Паром вернётся в порт в пятницу, сказала мэр в понедельник, и неделю будет бесплатным.", "ru"),
        ("Ferry, Aldmouth, 07:30 – 19:45", ""),
        ("xkcd qwrt zzyx " * 20, ""),
    ],
)
def test_where_nothing_is_declared_the_text_tells_its_language(text, language):
    assert language_of(text) == language


def test_what_is_declared_in_the_same_script_is_believed():
    assert language_of("The ferry returns to the harbour on Friday, the mayor said, and it will be free.", "de") == "de"


@pytest.mark.parametrize("declared", ["\ud800", "english!", "<b>", "e" * 50, "en us"])
def test_what_is_no_language_tag_counts_as_nothing(declared):
    assert language_of("The ferry returns on Friday.", declared) == ""


def test_an_underscore_is_read_as_the_hyphen_it_stands_for():
    assert language_of("The ferry returns on Friday.", "en_GB") == "en-GB"
