"""The dumps: every dataset in every format says the same, from the same state always in the same bytes."""

from __future__ import annotations

import asyncio
import csv
import errno
import gzip
import hashlib
import io
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple

from kogge import names, publish, syntax
from kogge.desk import Desk
from kogge.dumps import Dumps
from kogge.errors import DiskFull, Gone, KoggeError, NotFound, Unavailable
from kogge.ledger import CURATOR, Ledger
from kogge.portal import build, lines, reading, tables
from kogge.portal.build import Order
from kogge.portal.lines import Sorted
from kogge.portal.release import INDEX, Release
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore

RDF = ("ttl", "jsonld", "nq", "nt", "rdf", "trig")
READ_BY_RDFLIB = {"ttl": "turtle", "jsonld": "json-ld", "nt": "nt", "rdf": "xml"}
DATASETS = (
    *("kogge", "municipalities", "projects", "expertise", "events", "topics"),
    *("alliance-regio-hub", "alliance-smarte-hanse", "alliance-trilaterale-kooperation"),
)
HOSTILE = (
    "=1+1",
    "+49 421",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    '=HYPERLINK("http://evil.example/","x")',
    'a "quoted", cell\r\nand more',
)


def quiet(_step: str, _done: int, _of: int) -> None:
    """Who listens has a release made in this process."""


@pytest.fixture(scope="module")
def made(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Release]:
    folder = tmp_path_factory.mktemp("dumps") / "release"
    return folder, build.make(desk._store.engine, folder, Order(desk.state, "2026-11-22"))


def quads_of(path: Path) -> set[str]:
    return {str(quad) for quad in ox.parse(path=str(path), format=syntax.FORMATS[path.suffix[1:]])}


def test_there_is_a_file_of_each_dataset_in_each_format(made: tuple[Path, Release]) -> None:
    folder, release = made
    assert tuple(release.datasets) == DATASETS
    for slug, each in release.datasets.items():
        endings = set(each.files)
        assert endings >= {name for ending in RDF for name in (ending, f"{ending}.gz")}
        assert ("csv" in endings) != ("csv.zip" in endings), slug
    assert "geojson" in release.datasets["municipalities"].files
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("slug", DATASETS)
def test_every_format_is_read_by_both_libraries_and_says_the_same(
    made: tuple[Path, Release], slug: str
) -> None:
    folder, release = made
    triples = quads_of(folder / f"{slug}.nt")
    counts = release.datasets[slug].counts
    assert len(triples) == counts.triples > 100
    assert sum(counts.properties.values()) == counts.triples
    assert sum(counts.classes.values()) == counts.properties[names.RDF + "type"]
    for ending in ("ttl", "jsonld", "rdf"):
        assert quads_of(folder / f"{slug}.{ending}") == triples, ending
    quads = quads_of(folder / f"{slug}.nq")
    assert quads_of(folder / f"{slug}.trig") == quads
    parsed = ox.parse(path=str(folder / f"{slug}.nq"), format=RdfFormat.N_QUADS)
    assert {str(quad.triple) for quad in parsed} == triples


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its parsers use what it has deprecated itself
@pytest.mark.parametrize("slug", DATASETS)
def test_rdflib_reads_what_the_engine_reads(made: tuple[Path, Release], slug: str) -> None:
    folder, release = made
    graphs = {
        ending: set(rdflib.Graph().parse(folder / f"{slug}.{ending}", format=name))
        for ending, name in READ_BY_RDFLIB.items()
    }
    assert len(graphs["nt"]) == release.datasets[slug].counts.triples
    assert {ending for ending, graph in graphs.items() if graph != graphs["nt"]} == set()
    for ending, name in (("nq", "nquads"), ("trig", "trig")):
        dataset = rdflib.Dataset()
        dataset.parse(data=(folder / f"{slug}.{ending}").read_bytes(), format=name)
        assert {(s, p, o) for s, p, o, _ in dataset.quads()} == graphs["nt"], ending


def test_the_quads_of_the_whole_graph_make_the_store_again(desk: Desk, made: tuple[Path, Release]) -> None:
    again = EmbeddedStore()
    quads = ox.parse(path=str(made[0] / "kogge.nq"), format=RdfFormat.N_QUADS)
    graphs: dict[str, list[Triple]] = {}
    for quad in quads:
        assert isinstance(quad.graph_name, NamedNode)
        graphs.setdefault(quad.graph_name.value, []).append(quad.triple)
    again.replace_graphs(graphs)
    assert again.state == desk.state == made[1].state
    assert again.dump() == desk._store.dump() == (made[0] / "kogge.nq").read_bytes()


def test_equal_contents_give_equal_bytes_however_they_came_into_whatever_store(
    desk: Desk, made: tuple[Path, Release], tmp_path: Path
) -> None:
    quads = list(ox.parse(path=str(made[0] / "kogge.nq"), format=RdfFormat.N_QUADS))
    random.Random(7).shuffle(quads)
    with_files = ox.Store(str(tmp_path / "store"))
    with_files.extend(quads)
    with_files.extend({ox.Quad(*quad.triple) for quad in quads})
    with_files.flush()
    del with_files
    order = ["import sys, pathlib, pyoxigraph as ox", "from kogge.portal import build"]
    order += ["store = ox.Store.read_only(sys.argv[1])"]
    order += ["order, snapshot = build.Order(sys.argv[3], '2026-11-22'), pathlib.Path(sys.argv[1])"]
    order += ["build.make(store, pathlib.Path(sys.argv[2]), order, snapshot=snapshot)"]
    again = tmp_path / "again"
    arguments = [str(tmp_path / "store"), str(again), desk.state]
    subprocess.run([sys.executable, "-c", "\n".join(order), *arguments], check=True, timeout=120)
    files = sorted(path.name for path in made[0].iterdir())
    assert files == sorted(path.name for path in again.iterdir())
    assert [n for n in files if (made[0] / n).read_bytes() != (again / n).read_bytes()] == []


def test_the_checksums_are_those_of_the_files(made: tuple[Path, Release]) -> None:
    folder, release = made
    files = [file for each in release.datasets.values() for file in each.files.values()]
    listed: dict[str, str] = {}
    for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines():
        digest, name = line.split("  ")
        listed[name] = digest
    assert len(listed) == len(files) > 100
    for file in files:
        content = (folder / file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)
        assert listed[file.name] == file.sha256
        assert (folder / f"{file.name}.sha256").read_text("utf-8") == f"{file.sha256}  {file.name}\n"
        if file.name.endswith(".gz"):
            assert gzip.decompress(content) == (folder / file.name[:-3]).read_bytes()


def test_a_dataset_has_its_things_their_documents_and_the_names_of_all_else(
    made: tuple[Path, Release],
) -> None:
    graph = rdflib.Graph().parse(made[0] / "alliance-smarte-hanse.ttl")
    luebeck, label = rdflib.URIRef(names.thing("municipality", "luebeck")), rdflib.SKOS.prefLabel
    document = rdflib.URIRef(names.thing("document", "erweiterung-smarte-hanse"))
    status = rdflib.URIRef(names.KOGGE + "inForce")
    assert (luebeck, rdflib.URIRef(names.KOGGE + "population"), None) in graph  # a member
    assert (document, rdflib.DCTERMS.description, None) in graph  # a source
    assert set(graph.predicates(status)) == {label, rdflib.RDF.type}  # something that is only named
    others = [names.thing("alliance", "regio-hub"), names.thing("municipality", "groningen")]
    assert [each for each in others if (rdflib.URIRef(each), label, None) in graph] == []
    named = {each for each in graph.objects() if str(each).startswith(names.ID)}
    unnamed = {str(each) for each in named if (each, None, None) not in graph}
    assert {names.kind_of(each) for each in unnamed} <= {"instant", "interval"} or not unnamed


def rows_of(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def archive_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_tables_have_a_row_for_each_thing_with_what_is_known_of_it(
    desk: Desk, made: tuple[Path, Release]
) -> None:
    files = archive_of(made[0] / "kogge.csv.zip")
    found = {name[:-4]: rows_of(content) for name, content in files.items() if name.endswith(".csv")}
    assert len(found) == 9
    for name, class_ in (("projects", "Project"), ("needs", "Need"), ("alliances", "Alliance")):
        text = f"SELECT (COUNT(DISTINCT ?it) AS ?n) {{ ?it a <{names.KOGGE}{class_}> }}"
        counted = json.loads(desk.evaluate(text).body)["results"]["bindings"][0]["n"]["value"]
        assert len(found[name]) == int(counted) > 2
    kiel = next(row for row in found["municipalities"] if row["municipality"].endswith("/kiel"))
    assert (kiel["name_de"], kiel["ags"], kiel["kind"]) == ("Kiel", "01002000", "Municipality")
    assert float(kiel["latitude"]) == pytest.approx(54.32, abs=0.1)
    assert kiel["alliance_name"] == "Smarte Hanse"
    trip = next(row for row in found["events"] if row["event"].endswith("/austausch-modellkommunen"))
    pairs = zip(trip["participant"].split(" | "), trip["participant_name"].split(" | "), strict=True)
    assert (names.thing("municipality", "cottbus"), "Cottbus/Chóśebuz") in list(pairs)
    hydrogen = [row for row in found["expertise"] if row["topic_name"] == "Wasserstoff"]
    assert {(row["holder_name"], row["kind"]) for row in hydrogen} >= {("Groningen", "shown")}
    assert all(row["source"] and row["source_title"] for row in hydrogen)
    parts = archive_of(made[0] / "alliance-smarte-hanse.csv.zip")
    assert [row["alliance_name"] for row in rows_of(parts["memberships.csv"])] == ["Smarte Hanse"] * 7


@pytest.mark.parametrize("slug", ["municipalities", "projects", "events", "topics"])
def test_a_table_is_described_column_by_column(made: tuple[Path, Release], slug: str) -> None:
    described = json.loads((made[0] / f"{slug}.csv-metadata.json").read_bytes())
    assert described["url"] == f"{slug}.csv"
    check_description(described, (made[0] / f"{slug}.csv").read_bytes())


def test_each_table_of_an_archive_lies_beside_its_description(made: tuple[Path, Release]) -> None:
    files = archive_of(made[0] / "kogge.csv.zip")
    tables_there = [name for name in files if name.endswith(".csv")]
    assert sorted(files) == sorted([*tables_there, *(f"{name}-metadata.json" for name in tables_there)])
    for name in tables_there:
        described = json.loads(files[f"{name}-metadata.json"])
        assert described["url"] == name
        check_description(described, files[name])


def check_description(described: dict[str, object], content: bytes) -> None:
    """What CSVW asks of a table and its metadata: the same head, values of their datatypes, a unique key."""
    schema = described["tableSchema"]
    assert isinstance(schema, dict)
    rows = rows_of(content)
    assert [column["titles"] for column in schema["columns"]] == list(rows[0])
    keys = [row[schema["primaryKey"]] for row in rows]
    assert len(keys) == len(set(keys))
    assert keys == sorted(keys, key=lambda iri: f"<{iri}>".encode())
    for column in schema["columns"]:
        assert {text["@language"] for text in column["dc:description"]} == set(names.LANGUAGES)
        for row in rows:
            cell = row[column["name"]].removeprefix("'")
            values = cell.split(column["separator"]) if "separator" in column and cell else [cell]
            assert [v for v in values if v and not fits(v, column["datatype"])] == [], column["name"]


def fits(value: str, datatype: str) -> bool:
    if datatype == "anyURI":
        return value.startswith(("http://", "https://")) and " " not in value
    if datatype in ("integer", "decimal"):
        return value.replace(".", "", 1).lstrip("-").isdigit()
    if datatype == "date":
        return len(value) == 10 and value[4] == "-"
    return datatype == "string"


def test_what_a_spreadsheet_would_calculate_is_defused(tmp_path: Path) -> None:
    store = EmbeddedStore()
    project, label = names.thing("project", "luebeck/x"), NamedNode(names.SKOS + "prefLabel")
    type_, class_ = NamedNode(names.RDF + "type"), NamedNode(names.KOGGE + "Project")
    publish.load(store)
    for number, text in enumerate(HOSTILE):
        own = NamedNode(f"{project}{number}")
        store.replace_graph(
            names.graph("luebeck", f"x{number}"),
            [Triple(own, type_, class_), Triple(own, label, Literal(text, language="de"))],
        )
    build.make(store.engine, tmp_path / "out", Order(store.state, "2026-11-22"))
    content = (tmp_path / "out" / "projects.csv").read_bytes()
    rows = {row["project"]: row["name_de"] for row in rows_of(content)}
    shown = [rows[f"{project}{number}"] for number in range(len(HOSTILE))]
    assert shown == [f"'{text}" for text in HOSTILE[:-1]] + [HOSTILE[-1]]
    assert tables.safe("-12.5") == "-12.5"
    assert tables.safe("-12.5+1") == "'-12.5+1"
    for ending in RDF:
        quads_of(tmp_path / "out" / f"projects.{ending}")


def test_places_are_features_with_longitude_first(made: tuple[Path, Release]) -> None:
    content = json.loads((made[0] / "municipalities.geojson").read_bytes())
    kiel = next(each for each in content["features"] if each["id"].endswith("/kiel"))
    assert kiel["geometry"]["coordinates"] == pytest.approx([10.1, 54.3], abs=0.1)
    assert kiel["properties"]["name_de"] == "Kiel"
    events = json.loads((made[0] / "events.geojson").read_bytes())["features"]
    assert {each["properties"]["place_name"] for each in events} >= {"Groningen"}


# Lines


def test_lines_are_sorted_and_each_once_whether_or_not_they_fit_into_the_memory(tmp_path: Path) -> None:
    given = [f"{number % 700:04}\n".encode() for number in range(5000)]
    few, many = Sorted(tmp_path), Sorted(tmp_path, run=4000)
    for line in given:
        few.add(line)
        many.add(line)
    assert list(few) == list(many) == list(many) == sorted(set(given))
    assert len(list(tmp_path.iterdir())) > 10


def test_quads_of_a_thing_are_found_beside_things_whose_names_begin_alike() -> None:
    subjects = ["<http://a/b>", "<http://a/b/c>", "<http://a/b-c>", "<http://a/bc>", "_:b"]
    quads = sorted(f'{s} <http://p> "{v}" <http://g> .\n'.encode() for s in subjects for v in "xy")
    wanted = sorted(
        [b"<http://a/b> one\n", b"<http://a/bc> one\n", b"<http://a/b> two\n", b"<http://z> one\n"]
    )
    found = [(quad[:14], whats) for quad, whats in lines.about(quads, wanted)]
    assert found.count((b"<http://a/bc> ", [b"one\n"])) == 2
    assert found.count((b"<http://a/b> <", [b"one\n", b"two\n"])) == 2
    assert len(found) == 4


def test_a_triple_that_two_graphs_say_is_one_triple() -> None:
    quads = sorted(
        f"<http://s> <http://p> {value} <http://{graph}> .\n".encode()
        for value in ('"x"', '"x"@de', '"x> <y"', "<http://o>")
        for graph in "ab"
    )
    assert len(list(lines.triples(quads))) == 4
    assert {lines.graph(quad) for quad in quads} == {"http://a", "http://b"}


# Releases


@pytest.fixture
def kept(home: Settings) -> Iterator[tuple[Dumps, EmbeddedStore, Ledger]]:
    home.home.mkdir()
    ledger = Ledger(home.home / "ledger.sqlite")
    store = EmbeddedStore(home.home / "store")
    publish.bring_in(ledger, store)
    yield Dumps(store, ledger, home), store, ledger
    store.close()
    ledger.close()


def say(store: EmbeddedStore, text: str) -> None:
    thing, verb = NamedNode(names.thing("project", "luebeck/x")), NamedNode(names.DCTERMS + "title")
    store.replace_graph(names.graph("luebeck", "x"), [Triple(thing, verb, Literal(text))])


def test_a_release_is_made_once_for_each_state_and_stays_when_the_state_moves_on(
    kept: tuple[Dumps, EmbeddedStore, Ledger],
) -> None:
    dumps, store, ledger = kept
    with pytest.raises(Unavailable, match="first time"):
        dumps.find(None, "kogge.nq")
    first = dumps.make(quiet)
    assert first.state == store.state
    assert first.name == f"{ledger.newest()[-1].at[:10]}-{store.state[:12]}"
    assert first.datasets["topics"].modified == ledger.last(names.TOPICS_GRAPH).at  # type: ignore[union-attr]
    inode = dumps.find(None, "kogge.nq").path.stat().st_ino
    assert dumps.make(quiet) == first
    assert dumps.find(None, "kogge.nq").path.stat().st_ino == inode
    say(store, "one")
    second = dumps.make(quiet)
    assert [each.name for each in dumps.releases()] == [second.name, first.name]
    assert dumps.find(None, "kogge.nt").release == second
    before, after = (dumps.find(name, "kogge.nt").path.read_bytes() for name in (first.name, second.name))
    assert b'"one"' in after
    assert b'"one"' not in before
    # What did not change takes no room again, and was not modified.
    same = [dumps.find(name, "topics.nq").path.stat().st_ino for name in (first.name, second.name)]
    assert same[0] == same[1]
    store.replace_graph(names.graph("luebeck", "x"), [])
    assert dumps.make(quiet) == first  # the state is again as it was then
    assert [each.name for each in dumps.releases()] == [first.name, second.name]


def test_the_oldest_releases_are_removed(kept: tuple[Dumps, EmbeddedStore, Ledger], home: Settings) -> None:
    _, store, ledger = kept
    few = Settings.from_environment({"KOGGE_HOME": str(home.home), "KOGGE_DUMP_RELEASES": "2"})
    dumps = Dumps(store, ledger, few)
    made = []
    for text in "abc":
        say(store, text)
        made.append(dumps.make(quiet).name)
    assert [each.name for each in dumps.releases()] == made[:0:-1]
    with pytest.raises(NotFound, match=made[0]):
        dumps.find(made[0], "kogge.nq")


def test_a_setting_that_changes_the_bytes_makes_another_release_under_another_name(
    kept: tuple[Dumps, EmbeddedStore, Ledger], home: Settings
) -> None:
    dumps, store, ledger = kept
    first = dumps.make(quiet)
    plain = Settings.from_environment({"KOGGE_HOME": str(home.home), "KOGGE_CSV_MARK": "off"})
    second = Dumps(store, ledger, plain).make(quiet)
    assert second.name == f"{first.name}-2"
    assert not dumps.find(second.name, "events.csv").path.read_bytes().startswith(tables.MARK)
    assert dumps.find(first.name, "events.csv").path.read_bytes().startswith(tables.MARK)


def test_no_release_from_before_an_erasure_is_given_out(kept: tuple[Dumps, EmbeddedStore, Ledger]) -> None:
    dumps, _, ledger = kept
    first = dumps.make(quiet)
    person = names.thing("person", "jan-lindenau")
    assert person.encode() in dumps.find(None, "kogge.nt").path.read_bytes()
    assert ledger.erasures.erase(person, CURATOR, datetime.now(UTC)).triples
    with pytest.raises(Gone):
        dumps.find(first.name, "kogge.nt")
    with pytest.raises(Unavailable):
        dumps.find(None, "kogge.nt")
    folder = dumps._shelf.folder / first.name
    dumps._looked()
    assert list(folder.iterdir()) == []
    with pytest.raises(Gone):
        dumps.find(first.name, "kogge.nt")


def test_a_service_makes_a_release_when_one_is_asked_for_and_when_all_is_calm_after_a_change(
    kept: tuple[Dumps, EmbeddedStore, Ledger], home: Settings
) -> None:
    _, store, ledger = kept
    hasty = Settings.from_environment({"KOGGE_HOME": str(home.home), "KOGGE_DUMP_CALM": "0.5"})
    dumps = Dumps(store, ledger, hasty)

    async def released(number: int) -> list[Release]:
        async with asyncio.timeout(120):
            while len(found := dumps.releases()) < number:
                await asyncio.sleep(0.05)
        return found

    async def serve() -> None:
        dumps.start()
        try:
            with pytest.raises(Unavailable, match="first time"):
                dumps.find(None, "kogge.nq")
            (first,) = await released(1)
            assert first.state == store.state
            say(store, "one")
            assert dumps.find(None, "kogge.nq").release == first
            second, _ = await released(2)
            assert second.state == store.state
        finally:
            await dumps.stop()

    asyncio.run(serve())


# What goes wrong


def test_a_crash_in_the_middle_leaves_the_release_of_before(
    kept: tuple[Dumps, EmbeddedStore, Ledger],
) -> None:
    dumps, store, _ = kept
    first = dumps.make(quiet)
    say(store, "one")
    failed: list[str] = []

    def make() -> None:
        try:
            dumps.make()
        except KoggeError as error:
            failed.append(error.message)

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    half: list[Path] = []
    until = time.monotonic() + 30
    while not half and time.monotonic() < until:  # some files are there, the index is not
        half = list(dumps._shelf.folder.glob(".making-*/release/kogge.ttl"))
        time.sleep(0.005)
    assert dumps._process is not None
    dumps._process.send_signal(signal.SIGKILL)
    thread.join(30)
    assert half
    assert failed == ["The dumps cannot be made: its process ended with -9."]
    assert dumps.find(None, "kogge.nq").release == first
    assert [path.name for path in dumps._shelf.folder.iterdir()] == [first.name]


def test_what_a_crash_of_the_service_left_is_removed(kept: tuple[Dumps, EmbeddedStore, Ledger]) -> None:
    dumps, _, _ = kept
    left = dumps._shelf.folder / ".making-1" / "release"
    left.mkdir(parents=True)
    (left / INDEX).write_text("{", "utf-8")
    dumps._shelf.folder.joinpath("2026-01-01-damaged").mkdir()
    (dumps._shelf.folder / "2026-01-01-damaged" / INDEX).write_text("{", "utf-8")
    made = dumps.make(quiet)
    assert [each.name for each in dumps.releases()] == [made.name]
    assert not left.exists()


def test_a_full_disk_is_told_and_leaves_the_release_of_before(
    kept: tuple[Dumps, EmbeddedStore, Ledger],
) -> None:
    dumps, store, _ = kept
    first = dumps.make(quiet)
    say(store, "one")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match="no room"):
        dumps.make(full)
    assert dumps.find(None, "kogge.nq").release == first
    assert [path.name for path in dumps._shelf.folder.iterdir()] == [first.name]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    store = ox.Store(str(tmp_path / "store"))
    store.add(ox.Quad(NamedNode("http://a"), NamedNode("http://b"), Literal("c"), NamedNode("http://g")))
    store.flush()
    del store
    (tmp_path / "work").mkdir()
    found = Sorted(tmp_path / "work", different=True)
    reading.quads(tmp_path / "store", found, tmp_path / "work")
    assert list(found) == [b'<http://a> <http://b> "c" <http://g> .\n']
    command = [sys.executable, "-m", "kogge.portal.reading"]
    arguments = [str(tmp_path / "nothing"), str(tmp_path), str(os.getpid())]
    failed = subprocess.run([*command, *arguments], capture_output=True, check=False)
    assert failed.returncode == 1
    assert b"Traceback" not in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_there_may_be_more_datasets_than_files_can_be_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="only POSIX limits open files")
    store = EmbeddedStore()
    type_, class_ = NamedNode(names.RDF + "type"), NamedNode(names.KOGGE + "Alliance")
    many = [Triple(NamedNode(names.thing("alliance", f"x{n}")), type_, class_) for n in range(150)]
    store.replace_graph(names.graph("kogge", "many"), many)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, before[1]))
    try:
        made = build.make(store.engine, tmp_path / "out", Order(store.state, "2026-11-22"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert len(made.datasets) == 156
    assert quads_of(tmp_path / "out" / "alliance-x7.nt") == {str(many[7])}


def test_d14_no_mail_address_is_published_but_mailboxes_of_contacts(made: tuple[Path, Release]) -> None:
    folder, _ = made
    mailbox = "<http://www.w3.org/2006/vcard/ns#hasEmail>"
    said = (folder / "kogge.nt").read_text("utf-8").splitlines()
    assert [line for line in said if re.search(r"[\w.+-]+@[\w-]+\.\w", line) and mailbox not in line] == []
