"""The steps of contributions: who may take which, what then is public, and what two at once come to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyoxigraph import Literal, RdfFormat

from kogge import names, syntax, turtle
from kogge.errors import Conflict, Forbidden, KoggeError, NotFound, PreconditionFailed, Unprocessable
from kogge.ledger import Caller, Contribution, Ledger, Role, Sending
from kogge.publish import Publisher, align
from kogge.steps import Steps
from kogge.store.embedded import EmbeddedStore

START = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)
G = names.graph("luebeck", "projekte")
KIEL = names.graph("kiel", "projekte")
CURATED = names.graph("kogge", "alliances-smarte-hanse")
PROJECT = names.thing("project", "luebeck/parken")


class Office:
    """A ledger and a store, two cities and the steward, and a clock."""

    def __init__(self, folder: Path, *, four_eyes: bool = True) -> None:
        self.now = START
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.store = EmbeddedStore()
        self.publisher = Publisher(self.ledger, self.store)
        self.steps = Steps(self.ledger, self.publisher, four_eyes=four_eyes, clock=lambda: self.now)
        for slug in ("luebeck", "kiel"):
            self.ledger.partners.add(slug, slug.title(), [f"municipality/{slug}"], at=START)

    def person(self, partner: str, role: Role, name: str = "") -> Caller:
        return Caller(self.ledger.partners.get(partner), name or f"{partner} {role}", role, "t")

    def send(
        self, value: int | str, graph: str = G, who: Caller | None = None, if_match: int | None = None
    ) -> Contribution:
        (receipt,) = self.steps.stage([sending(value, graph)], who or self.author, if_match=if_match)
        assert receipt.contribution is not None
        return receipt.contribution

    def publish(self, value: int | str, graph: str = G) -> Contribution:
        return self.steps.accept(self.send(value, graph, who=self.steward_of_others).number, self.steward)

    @property
    def author(self) -> Caller:
        return self.person("luebeck", "author")

    @property
    def editor(self) -> Caller:
        return self.person("luebeck", "editor")

    @property
    def steward(self) -> Caller:
        return self.person("kogge", "steward")

    @property
    def steward_of_others(self) -> Caller:
        return self.person("kogge", "steward", "another")

    def public(self, graph: str = G) -> list[str]:
        value = names.KOGGE + "motto"
        return sorted(t.object.value for t in self.store.graph(graph) if t.predicate.value == value
                      and isinstance(t.object, Literal))  # fmt: skip


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.ledger.close()


def sending(value: int | str, graph: str = G) -> Sending:
    body = f'<{PROJECT}> <{names.KOGGE}motto> "{value}" .\n'.encode()
    return Sending(graph, "text/turtle", b"# sent\n" + body, body, "[]", "a note")


# From the sender to the public


def test_what_is_staged_is_not_public_and_what_is_accepted_is(office: Office) -> None:
    staged = office.send(1)
    assert (staged.state, staged.base, office.public()) == ("staged", 0, [])
    accepted = office.steps.accept(staged.number, office.editor, "fine")
    assert (accepted.state, accepted.version, office.public()) == ("published", 1, ["1"])
    assert [
        (step.who, step.what, step.note) for step in office.steps.taken(staged.number, office.author)
    ] == [
        ("luebeck author", "staged", "a note"),
        ("luebeck editor", "published", "fine"),
    ]
    assert office.store.size == len(office.store.engine)


def test_what_was_returned_is_sent_again_under_the_same_number(office: Office) -> None:
    first = office.send(1)
    office.steps.return_(first.number, office.editor, "the number is wrong")
    with pytest.raises(Conflict, match="is returned"):
        office.steps.accept(first.number, office.editor)
    again = office.send(2)
    assert (again.number, again.turn, again.state) == (first.number, 2, "staged")
    office.steps.accept(again.number, office.editor)
    assert office.public() == ["2"]


def test_a_colleague_sends_again_what_was_returned_and_it_is_his_word_then(office: Office) -> None:
    colleague = office.person("luebeck", "author", "a colleague")
    first = office.send(1)
    office.steps.return_(first.number, office.editor, "the number is wrong")
    office.send(3, who=office.steward_of_others)  # of another partner: a contribution of its own
    again = office.send(2, who=colleague)
    assert (again.number, again.turn, again.state) == (first.number, 2, "staged")
    assert again.person == "a colleague"
    assert [step.who for step in office.steps.taken(first.number, colleague) if step.what == "staged"] == [
        "luebeck author", "a colleague",
    ]  # fmt: skip
    assert office.steps.open_to(first.number, colleague) == {"withdraw"}
    assert office.steps.open_to(first.number, office.author) == set()
    for sender in ("luebeck author", "a colleague"):  # who sent any of it does not release it
        with pytest.raises(Forbidden, match="four eyes"):
            office.steps.accept(first.number, office.person("luebeck", "editor", sender))
    office.steps.accept(first.number, office.editor)
    assert office.public() == ["2"]


def test_what_waits_stays_who_sent_it(office: Office) -> None:
    first = office.send(1)
    second = office.send(2, who=office.person("luebeck", "author", "a colleague"))
    assert (second.number != first.number, second.turn) == (True, 1)
    assert office.steps.contribution(first.number, office.author).state == "staged"


def test_what_the_same_person_sends_anew_takes_the_place_of_what_waits(office: Office) -> None:
    first, second = office.send(1), office.send(2)
    assert first.number != second.number
    assert office.steps.contribution(first.number, office.author).state == "withdrawn"
    assert office.steps.taken(first.number, office.author)[-1].note == f"replaced by {second.number}"


def test_what_was_rejected_or_withdrawn_stays_so(office: Office) -> None:
    for end in (office.steps.reject, office.steps.withdraw):
        number = office.send(1).number
        end(number, office.editor, "no")
        for step in (office.steps.accept, office.steps.return_, office.steps.reject, office.steps.withdraw):
            with pytest.raises(Conflict, match=f"Contribution {number} is"):
                step(number, office.editor)
    assert office.public() == []


def test_what_came_in_one_sheet_is_staged_together_or_not_at_all(office: Office) -> None:
    others = names.graph("luebeck", "bedarf")
    receipts = office.steps.stage([sending(1), sending(2, others)], office.author)
    batches = {receipt.contribution.batch for receipt in receipts if receipt.contribution}
    assert len(batches) == 1
    assert batches != {None}
    with pytest.raises(Forbidden):
        office.steps.stage([sending(3), sending(3, KIEL)], office.author)
    assert len(office.steps.contributions(office.steward)) == 2


def test_a_graph_that_says_nothing_of_itself_gets_a_heading(office: Office) -> None:
    document = names.thing("document", "luebeck/a")
    body = f"<{PROJECT}> <{names.DCTERMS}source> <{document}> .\n".encode()
    office.steps.stage([Sending(G, "text/turtle", body, body)], office.author)
    office.steps.accept(1, office.editor)
    text = turtle.write(office.store.graph(G))
    assert (
        f"<{G}> a void:Dataset ;\n"
        '    dcterms:issued "2026-11-22"^^xsd:date ;\n'
        "    dcterms:license licence:CC_BY_4_0 ;\n"
        "    dcterms:publisher municipality:luebeck ;\n"
        "    dcterms:source <https://w3id.org/kogge/id/document/luebeck/a> ;\n"
        '    dcterms:title "Beitrag von Luebeck: projekte"@de, "Contribution of Luebeck: projekte"@en, '
        '"Bijdrage van Luebeck: projekte"@nl .'
    ) in text
    office.now += timedelta(days=3)
    office.send(2)
    office.steps.accept(2, office.editor)
    issued = [t.object for t in office.store.graph(G) if t.predicate.value.endswith("issued")]
    assert [getattr(each, "value", "") for each in issued] == ["2026-11-22"]  # as long as the graph exists
    assert b'modified> "2026-11-25"' in office.steps.version(G, 2)
    office.now += timedelta(days=3)
    other_form = replace(sending(2), body=b"# the same, written in another way")
    assert not office.steps.stage([other_form], office.author)[0].new


def test_what_names_no_document_rests_on_the_contribution_itself(office: Office) -> None:
    other, document = names.thing("need", "luebeck/a"), names.thing("document", "luebeck/a")
    body = (
        f"<{PROJECT}> a <{names.KOGGE}Project> .\n"
        f"<{other}> a <{names.KOGGE}Need> ; <{names.DCTERMS}source> <{document}> .\n"
        f"<{document}> a <http://xmlns.com/foaf/0.1/Document> .\n"
        f'<{names.thing("municipality", "luebeck")}> <{names.KOGGE}motto> "Not described here" .\n'
    )
    content = syntax.canonical(syntax.parse(body.encode(), RdfFormat.TURTLE))
    office.steps.stage([Sending(G, "text/turtle", content, content)], office.author)
    office.steps.accept(1, office.editor)
    said = office.store.graph(G)
    sources = {
        (str(t.subject).strip("<>"), str(t.object).strip("<>"))
        for t in said
        if t.predicate.value == f"{names.DCTERMS}source"
    }
    assert sources == {(PROJECT, G), (other, document), (G, G), (G, document)}
    heading = turtle.write(t for t in said if str(t.subject) == f"<{G}>")
    assert f"<{G}> a foaf:Document, void:Dataset ;" in heading
    assert (
        'skos:prefLabel "Beitrag von Luebeck: projekte"@de, "Contribution of Luebeck: projekte"@en, '
        '"Bijdrage van Luebeck: projekte"@nl'
    ) in heading


def test_the_editors_name_the_document_of_each_fact(office: Office) -> None:
    body = f"<{PROJECT}> <{names.RDF}type> <{names.KOGGE}Project> .\n".encode()
    office.steps.stage([Sending(CURATED, "text/turtle", body, body)], office.steward)
    assert b"/source>" not in office.ledger.contributions.content(1)


def test_a_graph_with_a_heading_of_its_own_keeps_it(office: Office) -> None:
    body = f'<{G}> <{names.DCTERMS}title> "Mine"@de .\n'.encode()
    office.steps.stage([Sending(G, "text/turtle", body, body)], office.author)
    assert office.ledger.contributions.content(1) == body


# D11: the same twice, and two at once


def test_d11_the_same_body_twice_makes_nothing_new(office: Office) -> None:
    first = office.steps.stage([sending(1)], office.author)[0]
    again = office.steps.stage([sending(1)], office.author)[0]
    assert (first.new, again.new, again.contribution) == (True, False, first.contribution)
    office.steps.accept(1, office.editor)
    office.now += timedelta(days=1)
    published = office.steps.stage([sending(1)], office.author, if_match=0)[0]
    assert (published.new, published.version) == (False, 1)
    assert published.contribution is not None
    assert published.contribution.number == 1
    assert len(office.steps.contributions(office.author)) == len(office.steps.history(G)) == 1


def test_d11_a_body_that_was_sent_before_another_one_is_new(office: Office) -> None:
    for value, version in ((1, 1), (2, 2), (1, 3)):
        assert office.steps.accept(office.send(value).number, office.editor).version == version


def test_d11_what_was_made_on_an_older_version_is_told_with_the_difference(office: Office) -> None:
    for value in (1, 2):
        office.steps.accept(office.send(value).number, office.editor)
    with pytest.raises(PreconditionFailed, match="at version 2, not at 1") as caught:
        office.send(3, if_match=1)
    assert caught.value.status == 412
    assert caught.value.difference is not None
    assert json.loads(json.dumps(caught.value.difference)) == {
        "graph": G,
        "from": 1,
        "to": 2,
        "added": f'@prefix kogge: <https://w3id.org/kogge/ontology#> .\n\n<{PROJECT}> kogge:motto "2" .\n',
        "removed": f'@prefix kogge: <https://w3id.org/kogge/ontology#> .\n\n<{PROJECT}> kogge:motto "1" .\n',
        "triples": {"added": 1, "removed": 1},
    }
    assert office.send(3, if_match=2).base == 2
    with pytest.raises(PreconditionFailed, match="at version 2, not at 0"):
        office.send(4, if_match=0)


def test_d11_of_two_that_were_made_on_one_version_the_second_is_refused(office: Office) -> None:
    one = office.send(1)
    two = office.send(2, who=office.person("luebeck", "author", "Bo"))
    office.steps.accept(one.number, office.editor)
    with pytest.raises(Conflict, match=rf"contribution {two.number} was made on 0") as caught:
        office.steps.accept(two.number, office.editor)
    assert caught.value.status == 409
    assert caught.value.difference is not None
    assert (caught.value.difference["from"], caught.value.difference["to"]) == (0, 1)
    assert (office.public(), office.steps.contribution(two.number, office.author).state) == (["1"], "staged")
    office.steps.return_(two.number, office.editor)
    again = office.send("1 and 2", who=office.person("luebeck", "author", "Bo"), if_match=1)
    office.steps.accept(again.number, office.editor)
    assert office.public() == ["1 and 2"]


def test_d11_nobody_releases_what_he_has_not_looked_at(office: Office) -> None:
    looked_at = office.send(1)
    office.steps.return_(looked_at.number, office.editor)
    office.send(2)
    with pytest.raises(PreconditionFailed, match="not what you looked at"):
        office.steps.accept(looked_at.number, office.editor, seen=looked_at.sha256)
    assert office.public() == []


def test_a_rehearsal_says_what_the_real_one_would_and_changes_nothing(office: Office) -> None:
    office.publish(1)
    before = office.ledger.number
    office.steps.rehearse([sending(2)], office.author, if_match=1)
    with pytest.raises(PreconditionFailed, match="at version 1, not at 0") as stale:
        office.steps.rehearse([sending(2)], office.author, if_match=0)
    assert stale.value.difference is not None
    with pytest.raises(Forbidden, match="is not of 'luebeck'"):
        office.steps.rehearse([sending(2, KIEL)], office.author)
    with pytest.raises(Unprocessable, match="says nothing"):
        office.steps.rehearse([replace(sending(2, G + "-2"), content=b"")], office.author)
    office.steps.erase(PROJECT, office.steward)
    with pytest.raises(Unprocessable, match="erased on request"):
        office.steps.rehearse([sending(2)], office.author)
    assert (office.ledger.number, len(office.steps.contributions(office.steward))) == (before, 1)


@pytest.mark.parametrize(
    "step",
    [
        lambda office, if_match: office.steps.delete(G, office.editor, if_match=if_match),
        lambda office, if_match: office.steps.roll_back(G, 1, office.editor, if_match=if_match),
        lambda office, if_match: office.steps.confirm(G, office.editor, if_match=if_match),
    ],
    ids=["delete", "roll back", "confirm"],
)
def test_d11_a_step_is_taken_on_the_version_that_was_meant(
    office: Office, step: Callable[[Office, int], object]
) -> None:
    office.publish(1)
    office.publish(2)
    with pytest.raises(PreconditionFailed, match="at version 2, not at 1") as stale:
        step(office, 1)
    assert stale.value.difference is not None
    assert (office.public(), len(office.steps.history(G))) == (["2"], 2)
    step(office, 2)
    assert len(office.steps.history(G)) == 3


# Who may

Ask = Callable[[Office, Caller, int], object]
ASKED: dict[str, Ask] = {
    "stage": lambda office, who, _: office.send(9, who=who),
    "stage to another": lambda office, who, _: office.send(9, KIEL, who=who),
    "stage to a curated one": lambda office, who, _: office.send(9, CURATED, who=who),
    "accept": lambda office, who, number: office.steps.accept(number, who),
    "return": lambda office, who, number: office.steps.return_(number, who),
    "reject": lambda office, who, number: office.steps.reject(number, who),
    "withdraw that of another": lambda office, who, number: office.steps.withdraw(number, who),
    "roll back": lambda office, who, _: office.steps.roll_back(G, 1, who),
    "delete": lambda office, who, _: office.steps.delete(G, who),
    "confirm": lambda office, who, _: office.steps.confirm(G, who),
    "look": lambda office, who, number: office.steps.contribution(number, who),
    "look at the change": lambda office, who, number: office.steps.change(number, who),
    "look at the steps": lambda office, who, number: office.steps.taken(number, who),
    "erase": lambda office, who, _: office.steps.erase(PROJECT, who),
}
LOOKS = {"look", "look at the change", "look at the steps"}
DECIDES = {"accept", "return", "reject", "withdraw that of another", "roll back", "delete"}
MAY: dict[str, set[str]] = {
    "luebeck author": {"stage", "confirm"} | LOOKS,
    "luebeck editor": {"stage", "confirm"} | LOOKS | DECIDES,
    "kiel author": {"stage to another"},
    "kiel editor": {"stage to another"},
    "kogge steward": set(ASKED),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("who", MAY)
def test_each_role_may_do_this_and_nothing_else(office: Office, who: str, asked: str) -> None:
    for value in (0, 1):
        office.publish(value)
    waiting = office.send(5, who=office.person("luebeck", "author", "Bo")).number
    partner, _, role = who.partition(" ")
    caller = office.person(partner, role)  # type: ignore[arg-type]
    before = (len(office.ledger.history()), len(office.steps.contributions(office.steward)), office.public())
    if asked in MAY[who]:
        ASKED[asked](office, caller, waiting)
        return
    with pytest.raises(Forbidden):
        ASKED[asked](office, caller, waiting)
    after = (len(office.ledger.history()), len(office.steps.contributions(office.steward)), office.public())
    assert after == before
    assert office.steps.contribution(waiting, office.steward).state == "staged"


def test_everybody_withdraws_what_is_his_own(office: Office) -> None:
    number = office.send(1).number
    with pytest.raises(Forbidden):
        office.steps.withdraw(number, office.person("luebeck", "author", "Bo"))
    assert office.steps.withdraw(number, office.author).state == "withdrawn"


@pytest.mark.parametrize("graph", [names.DERIVED_GRAPH, names.HISTORY_GRAPH, "http://a.example/g"])
def test_nobody_sends_what_the_program_makes_or_what_is_elsewhere(office: Office, graph: str) -> None:
    with pytest.raises(Forbidden, match="Nothing can be sent"):
        office.send(1, graph, who=office.steward)


@pytest.mark.parametrize(("partner", "role"), [("luebeck", "editor"), ("kogge", "steward")])
def test_under_four_eyes_nobody_releases_what_he_sent_himself(
    office: Office, partner: str, role: Role
) -> None:
    self = office.person(partner, role, "Ada")
    number = office.send(1, who=self).number
    with pytest.raises(Forbidden, match="four eyes"):
        office.steps.accept(number, self)
    office.steps.return_(number, self)
    assert office.send(2, who=self).number == number
    with pytest.raises(Forbidden, match="four eyes"):
        office.steps.accept(number, self)
    office.steps.accept(number, office.person(partner, role, "Bo"))


def test_four_eyes_is_a_setting_and_that_of_a_partner_goes_before_it(tmp_path: Path) -> None:
    office = Office(tmp_path, four_eyes=False)
    office.steps.accept(office.send(1, who=office.editor).number, office.editor)
    office.ledger.partners.add("bonn", "Bonn", four_eyes=True, at=START)
    graph, ada = names.graph("bonn", "a"), office.person("bonn", "editor", "Ada")
    with pytest.raises(Forbidden, match="four eyes"):
        office.steps.accept(office.send(1, graph, who=ada).number, ada)
    office.ledger.close()


def test_one_sees_what_is_of_ones_partner_and_a_steward_all(office: Office) -> None:
    office.send(1)
    office.send(2, KIEL, who=office.person("kiel", "author"))
    assert [len(office.steps.contributions(office.person(*who))) for who in
            (("luebeck", "author"), ("kiel", "editor"), ("kogge", "steward"))] == [1, 1, 2]  # fmt: skip
    assert [each.graph for each in office.steps.contributions(office.steward, limit=1)] == [KIEL]


def test_an_editor_is_shown_what_came_to_a_graph_of_its_partner_from_anybody_and_decides(
    office: Office,
) -> None:
    office.ledger.partners.add("luebeck-hafen", "Hafen", at=START)
    of_another_name = office.send(3, names.graph("luebeck-hafen", "a"), who=office.steward)
    office.send(2, KIEL, who=office.steward)
    came = office.send(1, who=office.steward)
    for who in (office.editor, office.author):
        assert [each.number for each in office.steps.contributions(who)] == [came.number]
        assert office.steps.contribution(came.number, who) == came
    assert office.steps.contributions(office.editor, graph=KIEL) == []
    assert office.steps.contributions(office.editor, state="published") == []
    with pytest.raises(Forbidden):
        office.steps.contribution(of_another_name.number, office.editor)
    assert office.steps.accept(came.number, office.editor).state == "published"
    assert office.public() == ["1"]


# Versions


def test_every_version_is_readable_and_so_is_the_difference_of_any_two(office: Office) -> None:
    for value in (1, 2, 3):
        office.publish(value)
    assert [version.version for version in office.steps.history(G)] == [1, 2, 3]
    assert b'"2"' in office.steps.version(G, 2)
    change = office.steps.difference(G, 3, 1)
    assert ('motto "1"' in change.added, 'motto "3"' in change.removed, change.counts) == (True, True, (1, 1))
    assert office.steps.difference(G, 0, 1).removed == ""
    with pytest.raises(NotFound, match="1 to 3"):
        office.steps.version(G, 4)
    with pytest.raises(NotFound, match="no graph"):
        office.steps.history(KIEL)


def test_a_contribution_shows_what_it_would_change(office: Office) -> None:
    office.publish(1)
    number = office.send(2).number
    change = office.steps.change(number, office.author)
    assert (change.first, change.second, change.counts) == (1, None, (1, 1))
    office.steps.accept(number, office.editor)
    office.publish(3)
    change = office.steps.change(number, office.author)
    assert (change.first, change.second, 'motto "2"' in change.added) == (1, 2, True)


def test_rolling_back_is_a_new_version(office: Office) -> None:
    for value in (1, 2):
        office.publish(value)
    version = office.steps.roll_back(G, 1, office.editor, "2 was wrong")
    assert (version.version, office.public()) == (3, ["1"])
    assert version.contribution is not None
    assert office.steps.taken(version.contribution, office.editor)[-1].note == "2 was wrong"
    with pytest.raises(Conflict, match=r"newest version \(3\) says just that"):
        office.steps.roll_back(G, 1, office.editor)


def test_deleting_is_a_version_and_can_be_undone(office: Office) -> None:
    office.publish(1)
    assert office.steps.delete(G, office.editor).version == 2
    assert G not in office.store.graphs()
    assert office.steps.version(G, 2) == b""
    assert "deleted" in turtle.write(office.store.graph(names.HISTORY_GRAPH))
    with pytest.raises(Conflict):
        office.steps.delete(G, office.editor)
    with pytest.raises(NotFound):
        office.steps.delete(KIEL, office.person("kiel", "editor"))
    office.steps.roll_back(G, 1, office.editor)
    assert office.public() == ["1"]
    with pytest.raises(Unprocessable, match="nothing"):
        office.steps.stage([Sending(KIEL, "text/turtle", b"", b"")], office.person("kiel", "author"))


def test_what_is_still_valid_is_confirmed_in_one_call(office: Office) -> None:
    office.publish(1)
    office.now += timedelta(days=400)
    version = office.steps.confirm(G, office.author)
    assert version is not None
    assert version.version == 2
    reviewed = f'<{PROJECT}> <{names.KOGGE}reviewedOn> "2027-12-27"^^<{names.XSD}date> .\n'.encode()
    assert office.steps.difference(G, 1, 2).counts == (1, 0)
    assert reviewed in office.steps.version(G, 2)
    assert office.steps.confirm(G, office.author) is None
    office.now += timedelta(days=1)
    office.steps.confirm(G, office.author, [PROJECT])
    assert office.steps.version(G, 3).count(b"reviewedOn") == 1
    with pytest.raises(NotFound, match="says nothing of"):
        office.steps.confirm(G, office.author, [PROJECT + "-x"])


def test_the_history_says_from_which_contribution_a_version_came_and_what_it_replaced(office: Office) -> None:
    office.publish(1)
    office.steps.accept(office.send(2).number, office.editor)
    text = turtle.write(office.store.graph(names.HISTORY_GRAPH))
    assert (
        f"<{G}?version=2> a prov:Entity ;\n"
        '    owl:versionInfo "2" ;\n'
        '    prov:generatedAtTime "2026-11-22T16:00:00Z"^^xsd:dateTime ;\n'
        f"    prov:specializationOf <{G}> ;\n"
        "    prov:wasAttributedTo municipality:luebeck ;\n"
        "    prov:wasGeneratedBy <https://w3id.org/kogge/contributions/2> ;\n"
        f"    prov:wasRevisionOf <{G}?version=1> ."
    ) in text
    assert (
        "<https://w3id.org/kogge/contributions/2> a prov:Activity ;\n"
        '    prov:endedAtTime "2026-11-22T16:00:00Z"^^xsd:dateTime ;\n'
        f"    prov:used <{G}?version=1> ;\n"
        "    prov:wasAssociatedWith municipality:luebeck ."
    ) in text
    assert "luebeck author" not in text  # people are not named in public
    assert "luebeck editor" not in text


def test_a_partner_that_no_graph_describes_is_described_in_the_history(office: Office) -> None:
    office.ledger.partners.add("verein", "Ein Verein", at=START)
    for value in (1, 2):
        sent = office.send(value, names.graph("verein", "a"), who=office.person("verein", "author"))
        office.steps.accept(sent.number, office.person("verein", "editor"))
    text = turtle.write(office.store.graph(names.HISTORY_GRAPH))
    assert (
        '<https://w3id.org/kogge/partner/verein> a prov:Agent ;\n    skos:prefLabel "Ein Verein"@de .' in text
    )
    assert office.store.size == len(office.store.engine)


def test_e13_a_clock_that_was_put_back_does_not_turn_the_history_round(office: Office) -> None:
    office.publish(1)
    office.now -= timedelta(days=30)
    office.publish(2)
    assert [version.at for version in office.steps.history(G)] == ["2026-11-22T16:00:00Z"] * 2


# A store that is made in steps is the one that is made at once


def test_publishing_writes_what_making_anew_writes(office: Office) -> None:
    for value in (1, 2, 3):
        office.publish(value)
        office.publish(value, KIEL)
    office.steps.delete(KIEL, office.steward)
    made_in_steps = office.store.dump()
    mark_of_steps = office.store.state
    office.steps.rebuild()
    assert office.store.dump() == made_in_steps
    assert office.store.state == mark_of_steps
    other = EmbeddedStore()
    align(office.ledger, other)
    assert other.dump() == made_in_steps
    assert other.state == mark_of_steps


# Erasing

JAN = names.thing("person", "jan")


def test_a_person_is_erased_from_the_public_and_from_old_versions(office: Office) -> None:
    label = f'<{JAN}> <{names.SKOS}prefLabel> "Jan Lindenau" .\n'.encode()
    keep = f'<{PROJECT}> <{names.KOGGE}motto> "1" .\n'.encode()
    for body in (label + keep, keep):
        office.steps.stage([Sending(G, "text/turtle", body, body)], office.author)
        office.steps.accept(len(office.steps.contributions(office.steward)), office.editor)
    with pytest.raises(NotFound):
        office.steps.erase(JAN + "-x", office.steward)
    assert b"Jan Lindenau" in office.steps.version(G, 1)
    erased = office.steps.erase(JAN, office.steward)
    assert erased.graphs == (G,)
    for version in (1, 2):
        assert b"Jan Lindenau" not in office.steps.version(G, version)
    text = turtle.write(office.store.graph(names.HISTORY_GRAPH))
    assert "Data of a person was removed from this version on request." in text
    made = office.store.dump()
    office.steps.rebuild()
    assert office.store.dump() == made
    with pytest.raises(Unprocessable, match="erased"):
        office.steps.stage([Sending(G, "text/turtle", label, label)], office.author)


def test_what_is_erased_leaves_the_store_also_where_it_is_in_the_newest_version(office: Office) -> None:
    label = f'<{JAN}> <{names.SKOS}prefLabel> "Jan Lindenau" .\n'.encode()
    office.steps.stage([Sending(G, "text/turtle", label, label)], office.author)
    office.steps.accept(1, office.editor)
    assert b"Jan Lindenau" in office.store.dump()
    office.steps.erase(JAN, office.steward)
    assert b"Jan Lindenau" not in office.store.dump()


def test_an_error_of_a_step_says_what_to_do(office: Office) -> None:
    wrong: list[Callable[[], object]] = [
        lambda: office.send(1, KIEL),
        lambda: office.steps.accept(99, office.editor),
        lambda: office.steps.erase(JAN, office.author),
        lambda: office.steps.delete(KIEL, office.author),
    ]
    for take in wrong:
        with pytest.raises(KoggeError) as caught:
            take()
        assert caught.value.advice.endswith(".")
