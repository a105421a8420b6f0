"""A harvester as it is: the parser and the serialiser of ckanext-dcat, which CKAN and GovData use.

It lives in an environment of its own, because it wants old versions of much: KOGGE_CKAN_PYTHON names the
Python of an environment with `ckan[requirements]` and `ckanext-dcat`.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from kogge import names
from kogge.desk import Desk
from kogge.portal import catalog, facts
from kogge.portal.facts import Facts
from kogge.portal.office import office
from kogge.portal.release import Counts, Made, Release
from kogge.settings import Settings

PYTHON: Final = os.environ.get("KOGGE_CKAN_PYTHON", "")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="KOGGE_CKAN_PYTHON names no Python with ckan and ckanext-dcat"
)
FORMATS: Final = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}
SETTINGS: Final = {
    "KOGGE_BASE_URL": "https://kogge.example.org",
    "KOGGE_PUBLISHER_NAME": "Beispielstadt",
    "KOGGE_PUBLISHER_TYPE": "LocalAuthority",
    "KOGGE_CONTACT_EMAIL": "opendata@beispielstadt.example",
    "KOGGE_CONTRIBUTOR_ID": "stadtOldenburg",
}
# What a harvester does with a file, page by page, and CKAN with what it took: writes it out again.
HARVEST: Final = """
import json, sys
from ckan.logic.validators import tag_name_validator
from ckanext.dcat.processors import RDFParser, RDFSerializer
told = []
for path in sys.argv[2:]:
    parser = RDFParser()
    parser.parse(open(path, encoding="utf-8").read(), _format=sys.argv[1])
    datasets = []
    for dataset in parser.datasets():
        for tag in dataset["tags"]:
            tag_name_validator(tag["name"], {})
            assert 2 <= len(tag["name"]) <= 100, tag
        extras = {each["key"]: each["value"] for each in dataset["extras"]}
        datasets.append({
            "title": dataset["title"], "notes": dataset["notes"], "extras": extras,
            "tags": len(dataset["tags"]),
            "resources": [each.get("download_url") or each["access_url"] for each in dataset["resources"]],
            "licences": sorted({each.get("license", "") for each in dataset["resources"]}),
        })
        dataset["id"] = dataset["name"] = "x"
        for number, resource in enumerate(dataset["resources"]):
            resource["id"] = str(number)
        for out in ("turtle", "xml", "json-ld"):
            assert len(RDFSerializer().serialize_dataset(dataset, _format=out)) > 1000
    told.append({"datasets": datasets, "next": parser.next_page()})
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def known() -> Facts:
    return facts.ask(Desk.in_memory()._store.engine)


def harvested(known: Facts, page: int, ending: str, folder: Path) -> list[dict[str, Any]]:
    """What the parser takes from each page of the catalogue; each dataset with what is counted in it."""
    counts = Counts(4, {names.KOGGE + "Project": 2}, {names.RDF + "type": 2, names.SKOS + "prefLabel": 2})
    each = {
        about.dataset.slug: Made(about.dataset.slug, about.dataset.title, "", counts, (), {})
        for about in known.datasets
    }
    release = Release("2026-11-22-0", "0", "2026-11-22", 0, "", each)
    made = catalog.catalogue(known, office(Settings.from_environment(SETTINGS)), release, page)
    form = next(form for form in catalog.FORMATS if form.suffix == ending)
    paths = []
    for number in range(1, len(made) + 1):
        paths.append(folder / f"{number}.{ending}")
        paths[-1].write_bytes(catalog.written(made.page(number), form))
    command = [PYTHON, "-c", HARVEST, FORMATS[ending], *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told: list[dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


@pytest.mark.parametrize("ending", FORMATS)
def test_every_dataset_is_taken_and_written_out_again(known: Facts, ending: str, tmp_path: Path) -> None:
    [page] = harvested(known, 100, ending, tmp_path)
    assert page["next"] is None
    taken = {each["extras"]["identifier"]: each for each in page["datasets"]}
    assert len(taken) == len(known.datasets) == 9
    for about in known.datasets:
        dataset = taken["kogge" if about.dataset.slug == "kogge" else f"kogge-{about.dataset.slug}"]
        extras = dataset["extras"]
        assert dataset["title"] in about.dataset.title.values()
        assert dataset["notes"] in about.dataset.description.values()
        assert extras["uri"] == about.dataset.iri
        assert extras["publisher_name"] == "Beispielstadt"
        assert extras["contact_email"] == "opendata@beispielstadt.example"
        assert dataset["licences"] == ["http://dcat-ap.de/def/licenses/cc-by/4.0"]
        offered = {f"https://kogge.example.org{about.dataset.path(form)}" for form in about.dataset.formats}
        assert offered <= set(dataset["resources"])
        assert dataset["tags"] > 10


@pytest.mark.parametrize("ending", FORMATS)
def test_every_page_is_found(known: Facts, ending: str, tmp_path: Path) -> None:
    pages = harvested(known, 4, ending, tmp_path)
    following = [f"https://kogge.example.org/catalog?page={number}" for number in (2, 3)]
    assert [page["next"] for page in pages] == [*following, None]
    assert [len(page["datasets"]) for page in pages] == [4, 4, 1]


def test_more_than_a_page_of_datasets_is_taken(known: Facts, tmp_path: Path) -> None:
    one = known.datasets[-1]
    copies = (replace(one, dataset=replace(one.dataset, slug=f"alliance-{n}")) for n in range(100))
    pages = harvested(replace(known, datasets=(*known.datasets, *copies)), catalog.PAGE, "ttl", tmp_path)
    assert [len(page["datasets"]) for page in pages] == [catalog.PAGE, 9]
