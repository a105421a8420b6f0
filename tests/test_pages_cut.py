"""What a page shows of many things: how many there are, which part stands here, and a way to all of them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Final

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kogge import artefacts, names
from kogge.desk import open_ledger
from kogge.settings import Settings
from kogge.web import create_app
from kogge.web.pages import portrait
from kogge.web.pages.municipality import FIRST

from .reading import BROWSER, page, words

AT: Final = datetime(2026, 11, 22, 12, tzinfo=UTC)
GRAPH: Final = names.graph("wismar", "viele")
TOWN: Final = names.thing("municipality", "wismar")
PROJECTS, MEMBERS, PLACES = 155, 310, 505
HEAD: Final = f"""@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix id: <{names.ID}> .
@prefix kogge: <{names.KOGGE}> .
@prefix org: <http://www.w3.org/ns/org#> .
@prefix schema: <https://schema.org/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix time: <http://www.w3.org/2006/time#> .
@prefix topic: <{names.TOPIC}> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def turtle() -> str:
    """A town with many projects, an alliance with many members, each since another year, a state of many."""
    source = f"dcterms:source <{GRAPH}>"
    said = [
        f'<{names.ID}alliance/gross> a kogge:Alliance ; skos:prefLabel "Der große Bund"@de ; {source} .',
        f'<{names.ID}state/land-weit> a kogge:State ; skos:prefLabel "Weites Land"@de ; {source} .',
    ]
    said += [
        f'<{names.ID}project/wismar/{each}> a kogge:Project ; skos:prefLabel "Projekt {each}"@de ; {source} ;'
        f" kogge:lead <{TOWN}> ; kogge:topic topic:parken ; kogge:status kogge:running ."
        for each in range(PROJECTS)
    ]
    for each in range(PLACES):
        said.append(
            f'<{names.ID}municipality/ort-{each}> a kogge:Municipality ; skos:prefLabel "Ort {each}"@de ;'
            f" schema:containedInPlace <{names.ID}state/land-weit> ; {source} ."
        )
    for each in range(MEMBERS):
        status = "intendedMembership" if each % 10 == 0 else "inForce"
        said.append(
            f"<{names.ID}membership/gross-{each}> a org:Membership ; kogge:status kogge:{status} ; {source} ;"
            f" org:member <{names.ID}municipality/ort-{each}> ; org:organization <{names.ID}alliance/gross> ;"
            f" org:memberDuring <{names.ID}interval/gross-{each}> ."
            f"<{names.ID}interval/gross-{each}> a time:Interval ;"
            f" time:hasBeginning <{names.ID}instant/gross-{each}> ."
            f"<{names.ID}instant/gross-{each}> a time:Instant ; {source} ;"
            f' dcterms:date "{1700 + each}"^^xsd:gYear .'
        )
    return HEAD + "\n".join(said)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings.from_environment(
        {"KOGGE_HOME": str(tmp_path_factory.mktemp("cut")), "KOGGE_CLIENT_QUERIES": "0"}
    )
    with TestClient(create_app(settings)):
        pass
    ledger = open_ledger(settings)
    body = ox.serialize(ox.parse(turtle(), format=ox.RdfFormat.TURTLE), format=ox.RdfFormat.N_TRIPLES)
    assert body
    ledger.append(GRAPH, body, origin="contribution", who=TOWN, at=AT)
    ledger.close()
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        end = time.monotonic() + 60
        while client.get("/health/ready").status_code != 200 and time.monotonic() < end:
            time.sleep(0.2)  # the lookup of so many is being opened
        yield client


def everything(client: TestClient, text: str) -> int:
    """How many rows the table has to which a page leads for all."""
    links = re.findall(r'class="note cut">[^<]*<a href="([^"]+)"', text)
    assert len(links) == 1
    said = words(client.get(unescape(links[0]), headers=BROWSER).text)
    found = re.search(r"(\d+) Zeilen", said)
    assert found, said
    return int(found[1])


@pytest.mark.parametrize(
    ("path", "said", "rows"),
    [
        ("municipality/wismar", r"Von (\d+) Einträgen stehen hier (\d+)\.", 0),
        ("alliance/gross", rf"Von {MEMBERS} Mitgliedschaften stehen hier 300\.", MEMBERS),
        ("state/land-weit", rf"Von {PLACES} Orten darin stehen hier 500\.", PLACES),
        ("topic/parken", r"Von (\d+) Einträgen stehen hier 24\.", 0),
    ],
)
def test_what_is_cut_says_how_many_there_are_and_leads_to_all(
    served: TestClient, path: str, said: str, rows: int
) -> None:
    text = page(served, "/de/" + path)
    found = re.search(said, words(text))
    assert found, words(text)[-1500:]
    number = everything(served, text)
    if rows:
        assert number == rows
    else:
        assert number == int(found[1]) >= PROJECTS


def test_members_are_counted_whole_and_each_that_is_shown_has_its_year(served: TestClient) -> None:
    text = page(served, "/de/alliance/gross")
    said = words(text)
    intended = MEMBERS // 10
    assert f"{MEMBERS - intended} Mitglieder · {intended} beabsichtigte Mitglieder" in said
    shown = re.findall(r"Ort (\d+) seit (\d+)", said)
    assert len(shown) == 300
    assert all(int(year) == 1700 + int(number) for number, year in shown)


def test_of_many_partners_the_first_are_named_and_the_alliance_has_the_rest(served: TestClient) -> None:
    text = page(served, "/de/municipality/ort-1")
    partners = text[text.index("Partner in Bündnissen") :]
    assert partners.count("vergleichen<span") == FIRST
    rest = MEMBERS - MEMBERS // 10 - 1 - FIRST
    assert re.search(rf'und {rest} weitere:\s*<a href="/de/alliance/gross">Der große Bund</a>', partners)


def test_what_is_whole_says_nothing_of_a_part(served: TestClient) -> None:
    for path in (
        "municipality/luebeck",
        "alliance/smarte-hanse",
        "state/land-brandenburg",
        "topic/wasserstoff",
    ):
        assert "note cut" not in page(served, "/de/" + path), path


def test_a_comparison_does_not_take_a_part_for_the_whole(served: TestClient) -> None:
    said = words(page(served, "/de/compare?a=wismar&b=luebeck"))
    assert re.search(r"Projekte ≥ \d+", said)


@pytest.mark.parametrize("name", portrait.LIMITS)
def test_the_queries_have_the_limits_that_the_pages_know(name: str) -> None:
    path = next(each for each in artefacts.files("queries/pages", ".rq") if each.stem == name)
    assert int(re.findall(r"LIMIT (\d+)", path.read_text("utf-8"))[0]) == portrait.LIMITS[name]
