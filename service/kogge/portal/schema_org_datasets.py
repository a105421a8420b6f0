"""Level 6, portal: datasets and their catalogue in the words of schema.org, for pages and search engines."""

from __future__ import annotations

import json
from typing import Final

from kogge import names
from kogge.portal import entry
from kogge.portal.catalog import IRI
from kogge.portal.datasets import Dataset
from kogge.portal.facts import About, Facts
from kogge.portal.office import Office
from kogge.portal.release import Release
from kogge.portal.texts import texts

_LONGEST: Final = 5000  # characters of a description that Google reads


def dataset(
    about: About, office: Office, modified: str, release: Release | None, lang: str
) -> dict[str, object]:
    """The JSON-LD of a schema.org/Dataset, in one language, for `<script type="application/ld+json">`."""
    of = about.dataset
    made = release.datasets.get(of.slug) if release else None
    publisher = _publisher(office)
    said: dict[str, object] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": of.iri,
        "name": of.title[lang],
        "description": of.description[lang][:_LONGEST],
        "identifier": entry.identifier(of),
        "url": _page(of, office, lang),
        "inLanguage": list(names.LANGUAGES),
        "keywords": entry.keywords(about)[lang],
        "license": office.licence.more["url"],
        "isAccessibleForFree": True,
        "creator": publisher,
        "publisher": publisher,
        "datePublished": about.issued,
        "dateModified": (made.modified if made else "") or modified or about.issued,
        "includedInDataCatalog": {"@type": "DataCatalog", "@id": IRI, "name": texts().title[lang]},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": texts().forms[form.suffix].title[lang],
                "encodingFormat": form.type,
                "contentUrl": office.base + of.path(form),
                **_size(made.files[form.suffix].size if made and form.suffix in made.files else None),
            }
            for form in of.formats
        ],
    }
    if about.first and about.last:
        said["temporalCoverage"] = f"{about.first}/{about.last}"
    if about.places:
        said["spatialCoverage"] = [{"@type": "Place", "@id": place.iri} for place in about.places]
    return said


def catalogue(known: Facts, office: Office, lang: str) -> dict[str, object]:
    """The JSON-LD of a schema.org/DataCatalog, in one language."""
    return {
        "@context": "https://schema.org/",
        "@type": "DataCatalog",
        "@id": IRI,
        "name": texts().title[lang],
        "description": texts().description[lang],
        "url": f"{office.base}/{lang}/catalog",
        "license": office.licence.more["url"],
        "publisher": _publisher(office),
        "dataset": [
            {
                "@type": "Dataset",
                "@id": about.dataset.iri,
                "name": about.dataset.title[lang],
                "description": about.dataset.description[lang][:_LONGEST],
                "url": _page(about.dataset, office, lang),
                "license": office.licence.more["url"],
            }
            for about in known.datasets
        ],
    }


def script(said: dict[str, object]) -> str:
    """A description as it stands in a page, where no text can end the element."""
    return json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")


def _page(of: Dataset, office: Office, lang: str) -> str:
    return f"{office.base}/{lang}/dataset/{of.slug}"


def _publisher(office: Office) -> dict[str, str]:
    return {"@type": "Organization", "@id": office.publisher, "name": office.publisher_name}


def _size(size: int | None) -> dict[str, str]:
    return {} if size is None else {"contentSize": f"{size} B"}
