"""Bends documents towards code that no other has reached yet, with Atheris (libFuzzer), until told to stop.

    python fuzz_readers.py FOLDER… [-max_total_time=SECONDS] [-option=value …]   (options of libFuzzer)

What is sent is read as the caged process reads it, up to the shapes: the first byte says of which sort it is.
Of a workbook one part is bent, and packed again. The first FOLDER gets what was found, and begins with what
is right. It ends with an error at what is neither read nor refused, or takes too long; the input is in the
file `crash-…` or `timeout-…` then.
"""

from __future__ import annotations

import importlib
import io
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

from kogge import artefacts, media, names, syntax
from kogge.contribution import lists
from kogge.contribution.refusals import spoken
from kogge.errors import KoggeError
from kogge.media import MediaType

atheris: Any = importlib.import_module("atheris")  # not among what the project installs

# Counted is only what a document can steer: the others are imported above.
with atheris.instrument_imports(include=["kogge.contribution"]):
    from kogge.contribution import own, terms
    from kogge.contribution.places import places
    from kogge.contribution.read import read
    from kogge.contribution.sheet import read_sheets

    right: Any = importlib.import_module("contributions")  # it lies beside this file

EXPECTED: Final = {400, 403, 413, 415, 422}
HEADINGS: Final = (
    "Name (Deutsch)", "Name (Englisch)", "Federführung", "Stand", "Thema 1", "Beginn", "Kontakt",
)  # fmt: skip
ROWS: Final = (
    ("Smart Parken", "Smart parking", "Lübeck", "läuft", "Parken", "2024-05-01", "amt@luebeck.example"),
    ("Öffis", "", "luebeck", "geplant", "Energie", "1.5.2024", ""),
    ("=1+1", "x", "Lübek", "offen", "nichts", "45000", "Mai 2024"),
)
CSV: Final = "\n".join(";".join(row) for row in (("Projekte",), HEADINGS, *ROWS)).encode()
LANGUAGES: Final = names.LANGUAGES
# What a cell can name: few things, because all are looked at for every table.
KNOWN: Final = lists.Known(
    triple
    for triple in syntax.read_file(artefacts.folder("ontology") / "schemes" / "topics.ttl")
    if triple.predicate.value in lists.PREDICATES and "energie" in str(triple)
)


def workbook() -> dict[str, bytes]:
    """The parts of a workbook that is right."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.create_sheet("Projekte", 0)
    for row in (HEADINGS, *ROWS):
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    with zipfile.ZipFile(written) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PARTS: Final = workbook()
BENT: Final = (
    "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels",
    "[Content_Types].xml",
)  # fmt: skip
SORTS: Final[tuple[MediaType | str, ...]] = (*right.DOCUMENTS, media.CSV, media.XLSX, *BENT)


def packed(bent: str, content: bytes) -> bytes:
    """The workbook with another part."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, part in PARTS.items():
            archive.writestr(name, content if name == bent else part)
    return file.getvalue()


def seeds() -> list[bytes]:
    """What is right, of each sort."""
    whole = {**right.DOCUMENTS, media.CSV: CSV, media.XLSX: packed("", b"")}
    return [
        bytes([number]) + (PARTS[sort] if isinstance(sort, str) else whole[sort])
        for number, sort in enumerate(SORTS)
    ]


def take(data: bytes) -> None:
    """Reads what was sent; an error that is none of ours goes through."""
    if not data:
        return
    sort, body, lang = SORTS[data[0] % len(SORTS)], data[1:], LANGUAGES[len(data) % len(LANGUAGES)]
    wanted = media.XLSX if isinstance(sort, str) else sort
    if isinstance(sort, str):
        body = packed(sort, body)
    try:
        if wanted in media.SHEETS:
            sheets = read_sheets(body, wanted, right.RIGHTS, lang, KNOWN)
            triples = [triple for row in sheets.things for triple in row.triples]
            found = list(sheets.findings)
        else:
            triples, found = terms.composed(read(body, wanted)), []
            places(body, wanted)
    except KoggeError as error:
        if error.status not in EXPECTED:
            raise
        str(spoken(error, lang)).encode()
        return
    found += terms.unfit(triples, lang)
    found += own.foreign(triples, right.GRAPH, right.RIGHTS, lang)
    found += own.meddling(triples, right.GRAPH, right.RIGHTS, lang)
    for each in found:
        f"{each.message}{each.subject}{each.path}{each.value}".encode()
    if not any(each.component.startswith("kgs:Term") for each in found):
        again = read(syntax.canonical(triples), media.N_TRIPLES)
        assert len(set(again)) == len(set(triples))


def main() -> None:
    """Writes what is right into the first folder, and begins."""
    folder = next(Path(each) for each in sys.argv[1:] if not each.startswith("-"))
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"right-{number}").write_bytes(seed)
        take(seed)
    atheris.Setup(sys.argv, take)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
