"""Understanding a question: what is meant, by which words, and how; and what is not meant."""

from __future__ import annotations

import csv
import threading
import time
from collections import defaultdict
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Triple

from kogge import names, publish
from kogge.errors import BadRequest
from kogge.expertise import words
from kogge.expertise.cues import cues
from kogge.expertise.labels import Labels
from kogge.expertise.phrasebook import Phrasebook
from kogge.expertise.understand import Lexicon, Question, understand
from kogge.store.embedded import EmbeddedStore

TABLE = Path(__file__).resolve().parents[2] / "shared" / "facts" / "german-municipalities.csv"


def repository() -> EmbeddedStore:
    store = EmbeddedStore()
    publish.load(store)
    return store


@cache
def lexicon() -> Lexicon:
    return Lexicon.build(repository())


@cache
def large() -> Lexicon:
    """The lexicon with the names of all German municipalities."""
    if not TABLE.is_file():
        pytest.skip(f"the table {TABLE.name} is not there")
    store, graphs = repository(), defaultdict(list)
    with TABLE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            it = NamedNode(names.thing("municipality", f"{names.slugify(row['short_name'])}-{row['ags']}"))
            label = Literal(row["short_name"], language="de")
            graphs[names.graph("test", row["state_ags"])].append(
                Triple(it, NamedNode(names.SKOS + "prefLabel"), label)
            )
    store.replace_graphs(graphs)
    return Lexicon.build(store)


def asked(text: str, **parameters: Any) -> Question:
    return understand(lexicon(), text, **parameters)


def topics(text: str) -> list[str]:
    """`slug how` of each topic."""
    return [f"{names.slug_of(match.iri)} {match.how}" for match in asked(text).topics]


def things(text: str) -> list[str]:
    return [f"{names.slug_of(match.iri)} {match.how}" for match in asked(text).things]


def filters(text: str) -> dict[str, str]:
    question = asked(text)
    chosen = question.filters
    found = {
        "alliance": " ".join(alliance.word for alliance in chosen.alliances),
        "country": " ".join(country.word for country in chosen.countries),
        "state": " ".join(state.word for state in chosen.states),
        "kind": chosen.kind,
        "evidence": chosen.evidence and chosen.evidence.word,
        "holders": " ".join(holder.word for holder in chosen.holders),
        "intent": question.intent if question.intent == "seeks" else None,
    }
    return {name: word for name, word in found.items() if word}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # labels in three languages, umlauts and their transcriptions, ß, case, signs
        ("Wasserstoff", ["wasserstoff exact"]),
        ("HYDROGEN and waterstof", ["wasserstoff exact"]),
        ("H2", ["wasserstoff synonym"]),
        ("H₂", ["wasserstoff synonym"]),
        ("Mobilita\u0308t", ["mobilitaet exact"]),
        ("Mobilitaet", ["mobilitaet exact"]),
        ("mobilitat", ["mobilitaet exact"]),
        ("STRASSEN UND BRÜCKEN", ["staedtische-infrastruktur synonym"]),
        ("Straßen und Brücken", ["staedtische-infrastruktur synonym"]),
        ("geïntegreerde stadsontwikkeling", ["nachhaltige-stadtentwicklung synonym"]),
        ("geintegreerde stadsontwikkeling", ["nachhaltige-stadtentwicklung synonym"]),
        # hyphens and spaces
        ("Smart-City", ["smart-city exact"]),
        ("smartcity", ["smart-city synonym"]),
        ("start ups", ["startups synonym"]),
        ("Verkehrs-Wende", ["verkehrswende synonym"]),
        ("Wasser stoff", ["wasserstoff synonym"]),
        ("co working", ["flexible-arbeitsraeume synonym"]),
        # the longest phrase wins, and its words are consumed
        ("Wasserstoff und Mobilität", ["wasserstoff-mobilitaet exact"]),
        ("digitale Kompetenzen für Erwachsene", ["digitale-kompetenzen-erwachsener synonym"]),
        ("Digitalisierung der Verwaltung", ["verwaltungsdigitalisierung synonym"]),
        # inflection and plural, articles between the words
        ("des Wasserstoffs", ["wasserstoff inflected"]),
        ("die Schule digital machen", ["schuldigitalisierung inflected"]),
        ("put services online", ["online-dienste inflected"]),
        ("Energien", ["energie inflected"]),
        ("digitaler Kompetenzen", ["digitale-kompetenzen inflected"]),
        ("papierlosen Büros", ["papierloses-buero inflected"]),
        ("Digitalisierung unserer Schule", ["schuldigitalisierung inflected"]),
        ("Wohnungslose", ["obdachlosigkeit inflected"]),
        ("electric vehicle", ["elektrische-antriebe inflected"]),
        ("elektrisch voertuig", ["elektrische-antriebe inflected"]),
        ("fietspad", ["radverkehr inflected"]),
        ("duurzaam bouwmateriaal", ["nachhaltige-baustoffe inflected"]),
        # compounds
        ("Wasserstofftankstelle", ["wasserstoff compound"]),
        ("Wasserstofftankstellen", ["wasserstoff compound"]),
        ("Schulcloud", ["schuldigitalisierung synonym"]),
        ("Energieberatung", ["energie compound"]),
        ("Energiewirtschaft", ["energie compound"]),
        ("Windenergie", ["energie compound"]),
        ("Lieferverkehr", ["mobilitaet compound"]),
        ("Radwegenetz", ["radverkehr compound"]),
        ("Mobilitätsstation", ["mobilitaet compound"]),
        ("Bürgerbeteiligungsplattform", ["buergerbeteiligung compound"]),
        ("Obdachlosenunterkunft", ["obdachlosigkeit compound"]),
        ("Suchtberatung", ["sucht compound"]),
        ("afvalscheiding", ["abfallmanagement compound"]),
        ("waterstofbus", ["wasserstoff-mobilitaet inflected"]),
        ("waterstoftrein", ["wasserstoff compound"]),
        ("energietransitie", ["energie synonym"]),
        ("Innovationspreis", ["innovation compound"]),
        # elided compounds
        (
            "Verwaltungs- und Schuldigitalisierung",
            ["verwaltungsdigitalisierung compound", "schuldigitalisierung exact"],
        ),
        ("Energie- und Verkehrswende", ["energie compound", "verkehrswende exact"]),
        ("Online- und Bürgerdienste", ["online-dienste compound"]),
        ("Suchtprävention und -hilfe", ["sucht synonym"]),
        # typos
        ("Waserstoff", ["wasserstoff typo"]),
        ("Wasserstof", ["wasserstoff typo"]),
        ("Wasesrstoff", ["wasserstoff typo"]),
        ("Obdachlosikeit", ["obdachlosigkeit typo"]),
        ("Digitalisirung", ["digitalisierung typo"]),
        ("homelesness", ["obdachlosigkeit typo"]),
        ("dakloosheit", ["obdachlosigkeit typo"]),
        ("digitial skills", ["digitale-kompetenzen typo"]),
        ("smart citty", ["smart-city typo"]),
        ("Waserstofftankstelle", ["wasserstoff typo"]),
        # Sucht as a noun
        ("Sucht", ["sucht exact"]),
        ("wer hat erfahrung mit sucht", ["sucht exact"]),
        ("Obdachlosigkeit und Sucht", ["obdachlosigkeit exact", "sucht exact"]),
        ("Wer sucht Hilfe bei Sucht?", ["sucht exact"]),
        ("https://w3id.org/kogge/topic/energie.", ["energie iri"]),
    ],
)
def test_a_topic_is_understood(text: str, expected: list[str]) -> None:
    assert topics(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("Innovationsmobil", "Bad Belzig", "Schwimmbad", "Mobiltelefon", "Automobil", "Automobilindustrie"),
        *(
            "mobile",
            "mobil",
            "Standort",
            "Tagesenergie",
            "Sehnsucht",
            "Eifersucht",
            "Untersuchung",
            "besucht",
        ),
        *(
            "untersucht",
            "gesucht",
            "Zufall",
            "Druckabfall",
            "Kiel",
            "Kiellinie",
            "Synergie",
            "Synergien",
            "Rad ab",
        ),
        *(
            "radikal",
            "Geschlechtsverkehr",
            "Zahlungsverkehr",
            "Zahlungsverkehrs",
            "verkehrt",
            "Wasser",
            "Stoff",
        ),
        *(
            "Park",
            "Parks",
            "Gründe",
            "gründlich",
            "Müller",
            "Landwirtschaft",
            "Wasserstoffperoxid",
            "Drogerie",
        ),
        *(
            "Kohlenwasserstoffe",
            "Wer sucht wen?",
            "Bibel",
            "Schule",
            "Stadt",
            "city",
            "gemeente",
            "energisch",
        ),
        *(
            "Allergie",
            "Digitaluhr",
            "H",
            "KI",
            "42",
            "der die das",
            "Wie wird das Wetter?",
            "waste\u0000"[:3],
        ),
    ],
)
def test_a_false_friend_is_no_topic(text: str) -> None:
    assert topics(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wasserstoff in der Smarten Hanse", {"alliance": "smarte-hanse"}),
        ("Smarte Hansa", {"alliance": "smarte-hanse"}),
        ("smart hanse", {"alliance": "smarte-hanse"}),
        ("im Regio.hub", {"alliance": "regio-hub"}),
        ("Partner des Regio.hubs", {"alliance": "regio-hub"}),
        ("der trilateralen Kooperation", {"alliance": "trilaterale-kooperation"}),
        ("Trilateral cooperation Bremen–Oldenburg–Groningen", {"alliance": "trilaterale-kooperation"}),
        ("Was weiß Kiel über Energie?", {"holders": "kiel"}),
        ("LÜBECK", {"holders": "luebeck"}),
        ("Luebeck", {"holders": "luebeck"}),
        ("lubeck", {"holders": "luebeck"}),
        ("Lübek", {"holders": "luebeck"}),
        ("Bremens Bibliotheken", {"holders": "bremen"}),
        ("Bremer Erfahrungen", {"holders": "bremen"}),
        ("Bremen und Oldenburg", {"holders": "bremen oldenburg"}),
        ("Neubrandenburg", {"holders": "neubrandenburg"}),
        ("Brandenburg an der Havel", {"holders": "brandenburg-havel"}),
        ("Brandenburg", {"state": "land-brandenburg"}),
        ("Energie in Bremen", {"holders": "bremen"}),
        ("Land Bremen", {"state": "land-bremen"}),
        ("Freie Hansestadt Bremen", {"state": "land-bremen"}),
        ("Groningen", {"holders": "groningen"}),
        ("Provinz Groningen", {"state": "provincie-groningen"}),
        ("provincie Groningen", {"state": "provincie-groningen"}),
        ("Havelland", {"holders": "lk-havelland"}),
        ("Planungsregion Havelland-Fläming", {}),
        ("Hauptstadtregion Berlin-Brandenburg", {}),
        ("Wiesenburg", {"holders": "wiesenburg-mark"}),
        ("Mecklenburg Vorpommern", {"state": "land-mecklenburg-vorpommern"}),
        ("in den Niederlanden", {"country": "NL"}),
        ("Dutch cities", {"country": "NL", "kind": "municipality"}),
        ("Welche Landkreise", {"kind": "district"}),
        ("which municipalities", {"kind": "municipality"}),
        ("gemeenten met ervaring", {"kind": "municipality"}),
        ("Welche Stadt kennt sich aus?", {"kind": "municipality"}),
        ("Was ist in der Stadt los?", {}),
        ("Städte und Landkreise", {}),
        # of several any will do
        ("Smarte Hanse oder Regio.hub", {"alliance": "smarte-hanse regio-hub"}),
        ("Hessen oder Thüringen", {"state": "land-hessen land-thueringen"}),
        ("Bremen oder Niedersachsen", {"state": "land-niedersachsen land-bremen"}),
        ("Groningen oder Niedersachsen", {"state": "land-niedersachsen provincie-groningen"}),
        ("Oldenburg in Niedersachsen", {"holders": "oldenburg", "state": "land-niedersachsen"}),
        ("Kiel und Lübeck", {"holders": "kiel luebeck"}),
        ("Germany and the Netherlands", {"country": "DE NL"}),
        # who helps a city is another
        ("Wer kann Schwerin bei Energie helfen?", {}),
        ("Who could advise Kiel on smart city?", {}),
        ("Wie kan Schwerin helpen met energie?", {}),
        ("Wer in Kiel hilft bei Energie?", {"holders": "kiel"}),
        ("Kann Kiel uns bei Energie helfen?", {"holders": "kiel"}),
        ("Wie kann Bremen bei Wasserstoff helfen?", {"holders": "bremen"}),
        ("deutsche und niederländische Städte", {"country": "DE NL", "kind": "municipality"}),
        ("Wer hat Wasserstoff umgesetzt?", {"evidence": "practised"}),
        ("Wer setzt Online-Dienste um?", {"evidence": "practised"}),
        ("Who has implemented hydrogen?", {"evidence": "practised"}),
        ("Wie heeft waterstof uitgevoerd?", {"evidence": "practised"}),
        ("Wer wurde ausgezeichnet?", {"evidence": "recognised"}),
        ("Welche Städte werden gefördert?", {"evidence": "recognised", "kind": "municipality"}),
        ("Wo wurde Wasserstoff gezeigt?", {"evidence": "shown"}),
        ("Wer plant Radwege?", {"evidence": "intended"}),
        ("Wer will Radwege bauen?", {"evidence": "intended"}),
        ("Who will help us?", {}),
        ("Ich will wissen, wer Radwege hat", {}),
        ("Wer sucht Wissen zu Energie?", {"intent": "seeks"}),
        ("Welche Stadt sucht Energie?", {"intent": "seeks", "kind": "municipality"}),
        ("Was sucht Schwerin?", {"intent": "seeks", "holders": "schwerin"}),
        ("who is looking for energy", {"intent": "seeks"}),
        ("wie zoekt hulp bij energie", {"intent": "seeks"}),
        ("Wie wil hulp bij energie?", {"intent": "seeks"}),
        ("Wie biedt hulp bij energie?", {}),
        ("Wer braucht Hilfe bei Energie?", {"intent": "seeks"}),
        ("Wer will etwas über Energie lernen?", {"intent": "seeks"}),
        ("Wir suchen Städte mit Energie", {"kind": "municipality"}),
        ("Wir brauchen Energie", {}),
        ("Wir wüssten gern, wer Energie sucht", {"intent": "seeks"}),
        ("ik zoek iemand voor energie", {}),
    ],
)
def test_a_filter_is_understood(text: str, expected: dict[str, str]) -> None:
    assert filters(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Innovationsmobil", ["innovationsmobil name"]),
        ("die Kosten des Innovationsmobils", ["innovationsmobil name"]),
        ("Innovation mobile", ["innovationsmobil name"]),
        ("Barcamp Smart Water", ["barcamp-smart-water name"]),
        ("Expertentreffen 2019", ["expertentreffen-2019 name"]),
        ("Trixpert Meeting 2019", ["expertentreffen-2019 name"]),
        ("Digital Castle", ["exkursion-digital-castle-2019 name"]),
        ("Next City", ["groningen-next-city name"]),
        ("Strategie Next City", ["groningen-next-city name"]),
        ("Der Mensch im Mittelpunkt", ["oldenburg-smart-city name"]),
        ("MPSC", ["mpsc name"]),
        ("Modelprojekte Smart Cities", ["mpsc typo"]),
        ("Ideenschmiede", ["ideenschmiede-regio-hub-2022 name"]),
        ("Was war bei Avebe?", ["exkursion-avebe-2019 name"]),
        ("Was war im Rathaus?", []),
        ("Welche Strategie?", []),
        ("Projekte zu Nachhaltigkeit", []),
        ("Jan Lindenau", []),
    ],
)
def test_a_thing_is_understood_by_its_name(text: str, expected: list[str]) -> None:
    assert things(text) == expected


def test_everything_understood_is_told_with_its_words() -> None:
    question = asked("Welche Städte in der Smarten Hanse haben Smrat City in Holland umgesetzt?")
    assert [(match.matched, match.how) for match in question.topics] == [("Smrat City", "typo")]
    chosen = question.filters
    assert [(one.matched, one.how) for one in chosen.alliances] == [("Smarten Hanse", "inflected")]
    assert [one.matched for one in chosen.countries] == ["Holland"]
    assert dict(question.said) == {"kind": "Städte", "evidence": "umgesetzt"}


def test_a_parameter_wins_over_the_text() -> None:
    question = asked(
        "Was sucht Kiel in der Smarten Hanse?", municipality="luebeck", alliance="regio-hub", intent="knows"
    )
    assert [holder.word for holder in question.filters.holders] == ["luebeck"]
    assert [alliance.word for alliance in question.filters.alliances] == ["regio-hub"]
    assert question.intent == "knows"
    assert "intent" not in dict(question.said)
    by_iri = asked("", municipality=names.thing("municipality", "kiel"))
    assert [holder.word for holder in by_iri.filters.holders] == ["kiel"]


@pytest.mark.parametrize(
    "parameters", [{"municipality": "nirgends"}, {"intent": "wants"}, {"kind": "person"}], ids=str
)
def test_a_parameter_that_cannot_be_meant_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        asked("Energie", **parameters)


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Wer kennt sich mit Smart City aus?", "de"),
        ("who knows about smart city", "en"),
        ("wie weet er iets over smart city", "nl"),
        ("Wer hat Erfahrung mit hydrogen?", "de"),
        ("", "de"),
    ],
)
def test_the_language_is_that_of_most_words(text: str, lang: str) -> None:
    assert asked(text).lang == lang


@pytest.mark.parametrize(
    "text",
    [
        *("a" * 1000, "a-" * 500, "?!" * 500, "🙂" * 1000, "\x00\x01\u202e" * 300, "\u0308" * 1000),
        *("Waserstoff Digitalisirung " * 38, "wer sucht sucht " * 60, "Verwaltungs- und " * 55, "neu " * 250),
    ],
    ids=lambda text: repr(text[:8]),
)
def test_adverse_texts_are_read_in_time(text: str) -> None:
    lexicon()
    begun = time.process_time()
    asked(text)
    assert time.process_time() - begun < 1


def test_a_text_that_is_no_question_is_refused() -> None:
    with pytest.raises(BadRequest):
        asked("a" * 1001)
    with pytest.raises(BadRequest):
        asked("Energie " * 1300)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_understood_somehow(text: str) -> None:
    question = asked(text)
    normal = words.normal(text)
    assert all(match.matched in normal for match in question.topics + question.things)
    assert asked(text) == question


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["Wasserstoff", "Digitalisierung", "Obdachlosigkeit", "Bibliotheken"]), st.data())
def test_one_letter_added_lost_changed_or_swapped_is_forgiven(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(word) - 3))
    letter = data.draw(st.sampled_from("eqx"))
    wrong = data.draw(
        st.sampled_from(
            [
                word[:at] + letter + word[at:],
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    )
    assert [match.iri for match in asked(wrong).topics] == [match.iri for match in asked(word).topics]


def test_stems_join_no_two_topics() -> None:
    for lang, stems in lexicon().stems.items():
        for phrases in stems.values():
            meant = [{meaning.iri for meaning in lexicon().phrases[phrase]} for phrase in phrases]
            assert set.intersection(*meant), (lang, phrases)
    assert all(" " in collision for collision in lexicon().collisions)


def test_threads_do_not_disturb_each_other() -> None:
    words.stem.cache_clear()
    found: list[list[str]] = []
    texts = [f"Wasserstoffs Bibliothek{ending} Energien" for ending in ("en", "s", "e", "")] * 5
    expected = [topics(text) for text in texts]
    words.stem.cache_clear()
    threads = [
        threading.Thread(target=lambda: found.append([*map(" ".join, map(topics, texts))])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[*map(" ".join, expected)]] * 4


def test_the_cues_have_no_word_that_is_a_label_only() -> None:
    labels = {
        phrase for phrase, meanings in lexicon().phrases.items() if any(m.kind == "topic" for m in meanings)
    }
    function = frozenset[str]().union(*cues().function.values())
    assert not labels & function
    assert not labels & cues().never


def test_with_all_german_municipalities_it_stays_right() -> None:
    def meant(text: str) -> tuple[set[str], set[str]]:
        question = understand(large(), text)
        holders = {
            words.plain(holder.word).rpartition("-")[0] or holder.word for holder in question.filters.holders
        }
        return {names.slug_of(match.iri) for match in question.topics}, holders

    assert meant("Energie in Flensburg") == ({"energie"}, {"flensburg"})
    assert meant("Was weiß Flensburg über Energie?")[1] == {"flensburg"}
    assert meant("Wasserstoff in Groningen")[1] == {"groningen"}
    assert meant("Wer hat Wissen über Essen und Trinken in der Schule?")[1] == set()
    assert meant("Regen und Wetter in der Stadt")[1] == set()
    assert meant("Wer kennt sich mit Wasserstoff aus?") == ({"wasserstoff"}, set())
    assert meant("Bremse, Kasse, Wälder, Rasen")[1] == set()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wasserstoff in Timbuktu", ("Timbuktu",)),
        ("Welche Städte in der Schweiz haben Bibliotheken?", ("Schweiz",)),
        ("Wer kennt sich mit Wasserstoff und Quantencomputern aus?", ("Quantencomputern",)),
        ("cycling in Copenhagen or in Copenhagen's suburbs", ("Copenhagen", "suburbs")),
        ("bibliotheken in Utrecht 2019", ("Utrecht", "2019")),
        ("Wer hat Erfahrung mit Bibliotheken in Niedersachsen?", ()),
        ("Waserstoff und Schulcloud in der Smarten Hanse", ()),
        ("Welche Gemeinden wollen etwas über Energie lernen?", ()),
        ("Who has implemented digital public services?", ()),
        ("Wie heeft ervaring met waterstof in Nedersaksen?", ()),
    ],
)
def test_words_that_were_not_understood_are_told(text: str, words: tuple[str, ...]) -> None:
    assert understand(lexicon(), text).unknown == words


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("slimme steden in nedersaksen", "land-niedersachsen"),
        ("smart city in Beieren", "land-bayern"),
        ("smart cities in Noordrijn-Westfalen", "land-nordrhein-westfalen"),
        ("smart city in Lower Saxony", "land-niedersachsen"),
        ("slimme stad Saksen", "land-sachsen"),
        ("slimme stad in Saksen-Anhalt", "land-sachsen-anhalt"),
        ("smart city in deelstaat Berlijn", "land-berlin"),
        ("energie in Sleeswijk-Holstein", "land-schleswig-holstein"),
    ],
)
def test_a_state_is_known_by_its_name_in_three_languages(text: str, state: str) -> None:
    assert [chosen.word for chosen in understand(lexicon(), text).filters.states] == [state]


def test_with_all_german_municipalities_it_stays_fast() -> None:
    texts = [
        *("Wer kennt sich mit Wasserstoff aus?", "Was weiß Flensburg über Energie?", "Obdachlosikeit"),
        *("Radwegenetz", "Welche Städte in der Smarten Hanse haben Smart City umgesetzt?"),
    ]
    times = []
    for text in texts * 20:
        begun = time.perf_counter()
        understand(large(), text)
        times.append(time.perf_counter() - begun)
    assert median(times) < 0.002


def test_a_phrasebook_is_read_as_it_was_written() -> None:
    labels = Labels.of(repository())
    made = Phrasebook.of(labels)
    assert Phrasebook.read(made.written()) == made
    assert labels.phrasebook() == made.written()
