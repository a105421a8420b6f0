"""The pages of the open data: which datasets there are, their files, how programs and portals get them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from kogge import names
from kogge.desk import Desk
from kogge.settings import Settings
from kogge.web import create_app
from kogge.web.pages import dates

from .reading import BROWSER, page, words

BASE: Final = "https://daten.beispielstadt.example/kogge"
SLUGS: Final = (
    "kogge", "municipalities", "projects", "expertise", "events", "topics",
    "alliance-regio-hub", "alliance-smarte-hanse", "alliance-trilaterale-kooperation",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service below a path whose dumps are made."""
    settings = Settings.from_environment(
        {
            "KOGGE_HOME": str(tmp_path_factory.mktemp("offers")),
            "KOGGE_BASE_URL": BASE,
            "KOGGE_CONTACT_EMAIL": "daten@beispielstadt.example",
            "KOGGE_CLIENT_QUERIES": "0",
        }
    )
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.desk.dumps.make()
        yield client


def described(text: str) -> dict[str, Any]:
    """What a page says to search engines."""
    (found,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    said: dict[str, Any] = json.loads(found)
    return said


# Where the addresses lead


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/catalog", "/kogge/nl/catalog"),
        ("/catalog.html", "/kogge/nl/catalog"),
        ("/dataset/topics", "/kogge/nl/dataset/topics"),
        ("/dataset/topics.html", "/kogge/nl/dataset/topics"),
    ],
)
@pytest.mark.parametrize("accept", [BROWSER["Accept"], "text/html"])
def test_people_are_sent_to_a_page(served: TestClient, path: str, location: str, accept: str) -> None:
    asked = {"Accept": accept, "Accept-Language": "nl, de;q=0.5"}
    sent = served.get(path, headers=asked, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, location)
    assert sent.headers["vary"].startswith("Accept, Accept-Language")


def test_what_there_is_not_is_not_found(served: TestClient) -> None:
    page(served, "/de/dataset/x", 404)
    page(served, "/de/dataset/%3Cb%3E", 404)
    page(served, "/de/catalog?page=2", 404)
    page(served, "/de/catalog?page=x", 400)
    assert served.get("/dataset/x", headers=BROWSER, follow_redirects=False).status_code == 404


# What they say


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_every_dataset_stands_in_the_list_with_its_files(served: TestClient, lang: str) -> None:
    text = page(served, f"/{lang}/catalog")
    for slug in SLUGS:
        assert f'href="/kogge/{lang}/dataset/{slug}"' in text
    said = served.get("/dumps").json()
    for each in said["datasets"]:
        assert html.escape(each["title"][lang]) in text
    table = next(f for each in said["datasets"] for f in each["files"] if f["link"].endswith("/topics.csv"))
    assert 'href="/kogge/dumps/topics.csv"' in text
    assert f"{dates.size(table['size'], lang=lang)}" in words(text)


def test_the_list_says_how_programs_and_portals_get_the_data(served: TestClient) -> None:
    text = page(served, "/de/catalog")
    said = words(text)
    for address in (f"{BASE}/catalog", f"{BASE}/sparql"):
        assert address in said
    assert "CC BY 4.0" in said
    for link in (
        "/catalog.ttl",
        "/catalog.rdf",
        "/catalog.jsonld",
        "/de/sparql",
        "/feed.atom?lang=de",
        "/dumps",
    ):
        assert f'href="/kogge{link}"' in text
    assert described(text)["@type"] == "DataCatalog"
    assert [each["url"] for each in described(text)["dataset"]] == [
        f"{BASE}/de/dataset/{slug}" for slug in SLUGS
    ]


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_a_dataset_has_every_format_with_size_and_checksum(served: TestClient, lang: str) -> None:
    text = page(served, f"/{lang}/dataset/municipalities")
    for ending in ("csv", "geojson", "ttl", "jsonld", "nq", "nt", "rdf", "trig"):
        file = f"/dumps/municipalities.{ending}"
        assert f'href="/kogge{file}"' in text
        size = int(served.head(file).headers["content-length"])
        assert dates.size(size, lang=lang) in words(text)
        assert f'href="/kogge{file}.sha256"' in text
        assert served.get(f"{file}.sha256").status_code == 200
    assert text.index('"/kogge/dumps/municipalities.csv"') < text.index('"/kogge/dumps/municipalities.ttl"')


def test_a_dataset_says_what_it_holds_and_who_publishes_it(served: TestClient) -> None:
    said = words(page(served, "/de/dataset/alliance-smarte-hanse"))
    assert "Bündnis: Smarte Hanse" in said
    assert re.search(r"Zuletzt geändert \d+\. \w+ \d{4}", said)
    assert "Herausgegeben von" in said
    assert "daten@beispielstadt.example" in said
    assert re.search(r"Kommune \d+", said)
    assert "Interkommunale Zusammenarbeit" in said  # one of its topics
    assert "/dumps/20" in said  # the address of this release


@pytest.mark.parametrize("lang", names.LANGUAGES)
@pytest.mark.parametrize("slug", SLUGS)
def test_a_dataset_is_told_to_search_engines(served: TestClient, slug: str, lang: str) -> None:
    said = described(page(served, f"/{lang}/dataset/{slug}"))
    assert said["@type"] == "Dataset"
    assert said["url"] == f"{BASE}/{lang}/dataset/{slug}"
    assert said["@id"] == f"{names.BASE}dataset/{slug}"
    assert all("contentSize" in each for each in said["distribution"])


def test_no_text_ends_the_description() -> None:
    settings = Settings.from_environment({"KOGGE_PUBLISHER_NAME": "A</script><script>alert(1)</script>"})
    with TestClient(create_app(settings, Desk.in_memory(settings))) as client:
        for path in ("/de/catalog", "/de/dataset/kogge"):
            text = page(client, path)
            assert "<script>alert" not in text
            assert described(text)


def test_before_the_files_are_made_the_pages_say_so() -> None:
    settings = Settings.from_environment({})
    with TestClient(create_app(settings, Desk.in_memory(settings))) as client:
        for path in ("/de/catalog", "/de/dataset/topics"):
            said = words(page(client, path))
            assert "Die Dateien werden gerade erstellt." in said
            assert "kB" not in said


def test_a_page_is_new_when_the_files_are_made(tmp_path: Any) -> None:
    settings = Settings.from_environment({"KOGGE_HOME": str(tmp_path)})
    app = create_app(settings)
    with TestClient(app) as client:
        before = client.get("/de/catalog", headers=BROWSER).headers["etag"]
        same = client.get("/de/catalog", headers={**BROWSER, "If-None-Match": before})
        assert same.status_code == 304
        app.state.desk.dumps.make()
        assert client.get("/de/catalog", headers={**BROWSER, "If-None-Match": before}).status_code == 200


@pytest.mark.parametrize("lang", names.LANGUAGES)
def test_the_foot_of_every_page_leads_there(served: TestClient, lang: str) -> None:
    footer = page(served, f"/{lang}/imprint").partition("<footer")[2]
    assert f'href="/kogge/{lang}/catalog"' in footer
    assert f'href="/kogge/{lang}/catalog"' in page(served, f"/{lang}/help").partition("<footer")[0]


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (17978, "18 kB"), (1_234_567, "1,2 MB"), (5e9, "5 GB")],
)
def test_sizes_are_told_as_people_tell_them(size: int, said: str) -> None:
    assert dates.size(size, lang="de") == said
    assert dates.size(1_234_567, lang="en") == "1.2 MB"
