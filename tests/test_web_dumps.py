"""`/dumps` over HTTP, and the same files for a static web server."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kogge import export as exporting
from kogge import names, publish
from kogge.cli import main
from kogge.desk import Desk
from kogge.dumps import Dumps
from kogge.errors import Conflict, DiskFull, Unavailable
from kogge.export import MARKER, export
from kogge.ledger import Ledger
from kogge.settings import Settings
from kogge.store.embedded import EmbeddedStore
from kogge.web import create_app

BASE = "http://127.0.0.1:8000"
PATIENCE = 180.0  # the process that makes dumps lets all others go first


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.from_environment({"KOGGE_HOME": str(tmp_path_factory.mktemp("dumps"))})


@pytest.fixture(scope="module")
def service(settings: Settings) -> Iterator[TestClient]:
    """A service that has made its first release, as soon as somebody asked for it."""
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        first = client.get("/dumps/kogge.nq")
        assert first.status_code == 503
        assert first.headers["retry-after"] == "5"
        assert first.headers["content-type"] == "application/problem+json"
        empty = client.get("/dumps")
        assert (empty.status_code, empty.json()["release"]) == (200, None)
        until = time.monotonic() + PATIENCE
        while client.head("/dumps/kogge.nq").status_code == 503 and time.monotonic() < until:
            time.sleep(0.1)
        yield client


def desk_of(service: TestClient) -> Desk:
    app: Any = service.app
    desk: Desk = app.state.desk
    return desk


def test_the_list_names_every_file_with_its_size_and_checksum(service: TestClient) -> None:
    said = service.get("/dumps").json()
    assert (said["state"], said["current"], said["making"]) == (desk_of(service).state, True, False)
    assert [each["dataset"].rpartition("/")[2] for each in said["datasets"]][:2] == [
        "kogge",
        "municipalities",
    ]
    for dataset in said["datasets"]:
        for file in dataset["files"]:
            path = file["link"].removeprefix("http://127.0.0.1:8000")
            answer = service.head(path)
            assert answer.status_code == 200, path
            assert int(answer.headers["content-length"]) == file["size"]
            assert answer.headers["content-type"].startswith(file["type"])
            assert service.head(file["cite"].removeprefix("http://127.0.0.1:8000")).headers["etag"]
    assert [each["release"] for each in said["releases"]] == [said["release"]]
    assert service.get("/dumps/index.json").json()["name"] == said["release"]


@pytest.mark.parametrize("accept", ["*/*", "text/turtle", "text/html", "application/ld+json"])
def test_whatever_of_ours_the_catalogue_names_answers(service: TestClient, accept: str) -> None:
    said = [
        term.value
        for triple in ox.parse(service.get("/catalog.nt").content, ox.RdfFormat.N_TRIPLES)
        for term in (triple.subject, triple.predicate, triple.object)
        if isinstance(term, ox.NamedNode) and term.value.startswith((names.BASE, f"{BASE}/"))
    ]
    named = {iri.replace(names.BASE, f"{BASE}/").removesuffix("#") for iri in said}  # a namespace, too
    assert len(named) > 200
    for address in {iri.partition("#")[0] for iri in named}:
        answer = service.get(address.removeprefix(BASE), headers={"Accept": accept})
        assert answer.status_code == 200, address
        if accept == "text/turtle" and "/dumps/" not in address and not address.endswith(("/", ".html")):
            described = {
                quad.subject.value.replace(names.BASE, f"{BASE}/")
                for quad in ox.parse(answer.content, ox.RdfFormat.TURTLE)
                if isinstance(quad.subject, ox.NamedNode)
            }
            assert {iri for iri in named if iri.partition("#")[0] == address} <= described


def test_a_dump_names_its_state_and_the_address_to_cite(service: TestClient) -> None:
    answer = service.get("/dumps/events.csv")
    state, release = desk_of(service).state, service.get("/dumps").json()["release"]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["etag"].startswith(f'"{state}-events.csv-')
    assert f'/dumps/{release}/events.csv>; rel="cite-as"' in answer.headers["link"]
    assert '<events.csv-metadata.json>; rel="describedby"' in answer.headers["link"]
    assert answer.headers["cache-control"] == "no-cache"
    cited = service.get(f"/dumps/{release}/events.csv")
    assert cited.content == answer.content
    assert cited.headers["etag"] == answer.headers["etag"]
    described = service.get("/dumps/events.csv-metadata.json")
    assert described.headers["content-type"] == "application/csvm+json"
    assert described.json()["url"] == "events.csv"
    sum_ = service.get("/dumps/events.csv.sha256").text
    assert sum_ in service.get("/dumps/SHA256SUMS").text


def test_who_has_a_dump_already_is_told_so(service: TestClient) -> None:
    answer = service.get("/dumps/topics.ttl")
    for held in (
        {"If-None-Match": answer.headers["etag"]},
        {"If-Modified-Since": answer.headers["last-modified"]},
    ):
        again = service.get("/dumps/topics.ttl", headers=held)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
    other = {"If-None-Match": '"another"', "If-Modified-Since": answer.headers["last-modified"]}
    assert service.get("/dumps/topics.ttl", headers=other).status_code == 200
    assert service.get("/dumps/topics.ttl", headers={"If-Modified-Since": "gestern"}).status_code == 200


def test_a_download_that_broke_off_is_resumed(service: TestClient) -> None:
    whole = service.get("/dumps/kogge.nq")
    size, etag = len(whole.content), whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    got = service.get("/dumps/kogge.nq", headers={"Range": "bytes=0-99999"})
    assert (got.status_code, got.headers["content-range"]) == (206, f"bytes 0-99999/{size}")
    rest = service.get("/dumps/kogge.nq", headers={"Range": "bytes=100000-", "If-Range": etag})
    assert rest.status_code == 206
    assert got.content + rest.content == whole.content
    last = service.get("/dumps/kogge.nq", headers={"Range": "bytes=-10"})
    assert (last.status_code, last.content) == (206, whole.content[-10:])
    assert (
        service.get("/dumps/kogge.nq", headers={"Range": f"bytes=10-{size + 5}"}).content
        == whole.content[10:]
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-9", "If-Range": '"another"'},
        {"Range": "bytes=99999999999-", "If-Range": '"another"'},
        {"Range": "lines=0-9"},
        {"Range": "bytes=9-2"},
        {"Range": "bytes=0-9,20-29"},
        {"Range": "bytes=a-b"},
    ],
)
def test_a_range_that_does_not_hold_is_as_if_it_was_not_there(
    service: TestClient, headers: dict[str, str]
) -> None:
    whole = service.get("/dumps/topics.nt")
    answer = service.get("/dumps/topics.nt", headers=headers)
    assert (answer.status_code, answer.content) == (200, whole.content)


@pytest.mark.parametrize("range_", ["bytes=99999999999-", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(service: TestClient, range_: str) -> None:
    size = len(service.get("/dumps/topics.nt").content)
    answer = service.get("/dumps/topics.nt", headers={"Range": range_})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{size}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert str(size) in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    ["nothing.ttl", "kogge.xlsx", "kogge", "..%2f..%2fledger.sqlite", ".work", "2020-01-01-aa/kogge.nt"],
)
def test_d09_what_there_is_not_is_told_with_what_there_is(service: TestClient, path: str) -> None:
    answer = service.get(f"/dumps/{path}")
    assert answer.status_code == 404
    assert answer.json()["advice"]


def test_a_result_that_is_too_large_leads_to_the_dump(tmp_path: Path) -> None:
    small = Settings.from_environment({"KOGGE_HOME": str(tmp_path), "KOGGE_QUERY_ROWS": "10"})
    with TestClient(create_app(small)) as client:
        refused = client.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"})
        assert (refused.status_code, "GET /dumps" in refused.json()["advice"]) == (413, True)
        graph = client.get("/graphs", params={"graph": "default"})
        assert (graph.status_code, "/dumps/kogge.nq" in graph.json()["advice"]) == (413, True)


# The same as files


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_export_beside_the_service_writes_what_it_gives_out(
    service: TestClient, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["export", str(tmp_path / "out"), "--what", "dumps", "--home", str(settings.home)]
    assert main(arguments) == 0
    assert "the last release of the service" in capsys.readouterr().out
    files = tree(tmp_path / "out")
    release = service.get("/dumps").json()["release"]
    assert len(files) > 500
    served = 0
    for name, content in files.items():
        if name != MARKER:
            answer = service.get(f"/{name}")
            assert (answer.status_code, answer.content == content) == (200, True), name
            served += 1
    assert served == len(files) - 1 == 2 * sum(name.startswith(f"dumps/{release}/") for name in files)


@pytest.fixture
def stopped(tmp_path: Path) -> Settings:
    """A home that nobody has open."""
    settings = Settings.from_environment({"KOGGE_HOME": str(tmp_path / "home")})
    settings.home.mkdir()
    ledger, store = Ledger(settings.home / "ledger.sqlite"), EmbeddedStore(settings.home / "store")
    publish.bring_in(ledger, store)
    store.close()
    ledger.close()
    return settings


def quiet(_step: str, _done: int, _of: int) -> None:
    """Hears nothing."""


def test_export_makes_the_release_where_there_is_no_service(stopped: Settings, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    done = export(stopped, tmp_path / "out", "dumps", lambda _, done, of: steps.append((done, of)))
    assert done.source == "home"
    assert steps[-1] == (steps[-1][1], steps[-1][1])
    files = tree(tmp_path / "out")
    kept = stopped.home / "dumps" / done.release.name
    assert {name.rpartition("/")[2]: files[name] for name in files if name != MARKER} == tree(kept)
    again = export(stopped, tmp_path / "out", "dumps", quiet)
    assert again.release == done.release
    assert tree(tmp_path / "out") == files


def test_export_takes_the_files_of_the_repository_where_there_is_no_home(desk: Desk, tmp_path: Path) -> None:
    settings = Settings.from_environment({"KOGGE_HOME": str(tmp_path / "none")})
    done = export(settings, tmp_path / "out", "dumps", quiet)
    assert (done.source, done.release.state) == ("repository", desk.state)
    assert (tmp_path / "out" / "dumps" / "kogge.nq").read_bytes() == desk._store.dump()
    assert not settings.home.exists()


def test_export_refuses_a_folder_with_other_things(stopped: Settings, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(Conflict, match="other things"):
        export(stopped, tmp_path / "out", "dumps", quiet)
    with pytest.raises(Conflict, match="no folder"):
        export(stopped, tmp_path / "out" / "mine.txt", "dumps", quiet)
    assert tree(tmp_path / "out") == {"mine.txt": b"mine"}


def test_what_others_put_beside_an_export_stays_and_what_is_old_goes(
    stopped: Settings, tmp_path: Path
) -> None:
    export(stopped, tmp_path / "out", "dumps", quiet)
    (tmp_path / "out" / "dumps" / "mine.html").write_text("mine", "utf-8")
    marker = tmp_path / "out" / MARKER
    said = json.loads(marker.read_text("utf-8"))
    (tmp_path / "out" / "dumps" / "alliance-gone.ttl").write_text("old", "utf-8")
    outside = tmp_path / "outside.txt"
    outside.write_text("not ours", "utf-8")
    said["files"] += ["dumps/alliance-gone.ttl", "../outside.txt", str(outside)]
    marker.write_text(json.dumps(said), "utf-8")
    export(stopped, tmp_path / "out", "dumps", quiet)
    assert not (tmp_path / "out" / "dumps" / "alliance-gone.ttl").exists()
    assert (tmp_path / "out" / "dumps" / "mine.html").read_text("utf-8") == "mine"
    assert outside.read_text("utf-8") == "not ours"


def test_a_full_disk_leaves_the_files_of_before(
    stopped: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(stopped, tmp_path / "out", "dumps", quiet)
    before = tree(tmp_path / "out")

    def full(source: Path, target: Path) -> None:
        target.mkdir(parents=True)
        shutil.copy2(source / "kogge.nq", target)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "_copy", full)
    with pytest.raises(DiskFull, match="no room"):
        export(stopped, tmp_path / "out", "dumps", quiet)
    assert tree(tmp_path / "out") == before


def test_export_beside_a_service_without_dumps_says_so(stopped: Settings, tmp_path: Path) -> None:
    ledger, store = Ledger(stopped.home / "ledger.sqlite"), EmbeddedStore(stopped.home / "store")
    try:
        with pytest.raises(Unavailable, match="no dumps yet"):
            export(stopped, tmp_path / "out", "dumps", quiet)
        made = Dumps(store, ledger, stopped).make(quiet)
        assert export(stopped, tmp_path / "out", "dumps", quiet).release == made
    finally:
        store.close()
        ledger.close()
