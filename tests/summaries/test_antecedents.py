"""Which sentences lean on the one before, in each language that has a list."""

from __future__ import annotations

import pytest

from bot.summaries.antecedents import leans


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("en", "He paid the fine on Friday."),
        ("en", "But the ferry company disagrees."),
        ("en-GB", "“They never asked us,” said Ida Roe."),
        ("en", "The move surprised the harbour."),
        ("en", "The company said the ferry would sail on Monday."),
        ("en", "“Nobody asked us,” she said."),
        ("en", "The bridge is safe, he added on Tuesday."),
        ("en", "On Monday the council decided that it could not."),
        ("", "However, the pier is closed."),
        ("en", "`` they never asked us , '' said ida roe ."),
        ("en", "but the ferry company disagrees ."),
        ("de", "Sie zahlte am Freitag."),
        ("de", "Grund sind Risse im Pfeiler."),
        ("de", "Dagegen wehrt sich die Reederei."),
        ("de", "Das sagte der Bürgermeister am Montag."),
        ("de", "„Niemand hat uns gefragt“, sagte sie."),
        ("de-AT", "Diese Entscheidung überraschte den Hafen."),
        ("fr", "Elle a payé vendredi."),
        ("fr", "Cette décision a surpris le port."),
        ("fr", "« Personne ne nous a consultés », a-t-elle dit."),
        ("es", "Sin embargo, la naviera no está de acuerdo."),
        ("es", "Esta decisión sorprendió al puerto."),
        ("es", "Su hermano pagó el viernes."),
        ("ar", "وأضاف أن الجسر آمن."),
        ("ar", "لكن الشركة ترفض القرار."),
        ("ar", "هذا القرار فاجأ الميناء."),
        ("ja", "しかし、船会社は反対している。"),
        ("ja", "同社は月曜に再開する。"),
        ("ja", "彼は金曜日に支払った。"),
        ("ja", "この決定に港は驚いた。"),
        ("zh", "但轮渡公司不同意。"),
        ("zh-Hant", "這項決定令港口意外。"),
        ("zh", "他周五缴了罚款。"),
        ("zh", "该公司将于周一复航。"),
    ],
)
def test_pronouns_and_connectives_lean(tag: str, sentence: str) -> None:
    assert leans(sentence, tag)


@pytest.mark.parametrize(
    ("tag", "sentence"),
    [
        ("en", "The council of Port Alder voted on Monday."),
        ("en", "Helen Roe paid the fine on Friday."),
        ("en", "The company that built the ferry is bankrupt."),
        ("en", "The man, 34, was taken to hospital."),
        ("en", "Italy's ports are closed."),
        ("en", "When Ida Roe arrived, the pier was closed."),
        ("de", "Das Rathaus bleibt am Montag geschlossen."),
        ("de", "Der Stadtrat stimmte am Montag ab."),
        ("fr", "Il y a cent ans, le pont ouvrait."),
        ("fr", "Ce lundi, le conseil a voté."),
        ("fr", "Le pont reste ouvert."),
        ("es", "Este lunes votó el concejo."),
        ("es", "El puente sigue abierto."),
        ("ar", "قرر المجلس يوم الاثنين إبقاء الجسر مفتوحا."),
        ("ja", "市議会は橋の通行を認めた。"),
        ("zh", "但丁的手稿周一展出。"),
        ("zh", "市议会周一投票决定大桥继续开放。"),
    ],
)
def test_what_names_its_own_subject_stands_alone(tag: str, sentence: str) -> None:
    assert not leans(sentence, tag)


def test_a_language_without_a_list_leans_never() -> None:
    assert not leans("But this is Welsh to the program.", "cy")
