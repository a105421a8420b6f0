"""Pictures: the projection, the room for names, maps; each the same whatever the order of what is drawn."""

from __future__ import annotations

import random
import re
from datetime import date
from itertools import combinations, pairwise
from typing import Final

import pytest
from starlette.testclient import TestClient

from kogge import names
from kogge.pictures import labels, network, timeline
from kogge.pictures import map as maps
from kogge.pictures.clipping import Box, cut_line, cut_ring, simplified
from kogge.pictures.network import Node
from kogge.pictures.projection import REGION, Lambert

SQUARE: Final = Box(0, 0, 10, 10)
CITIES: Final = [
    maps.Place("kiel", "Kiel", 10.137, 54.322),
    maps.Place("luebeck", "Lübeck", 10.684, 53.866),
    maps.Place("wismar", "Wismar", 11.465, 53.892),
    maps.Place("schwerin", "Schwerin", 11.414, 53.629),
    maps.Place("groningen", "Groningen", 6.567, 53.219),
    maps.Place("potsdam", "Potsdam", 13.054, 52.4),
]


def test_the_projection_is_that_of_snyders_numerical_example() -> None:
    projection = Lambert(first=33, second=45, latitude=23, longitude=-96, radius=1)
    assert projection(-75, 35) == pytest.approx((0.2966785, 0.2462112), abs=1e-7)


def test_distances_on_the_map_are_those_on_the_ground() -> None:
    bremen, potsdam = REGION(8.8093, 53.0756), REGION(13.0536, 52.4004)
    on_the_map = ((bremen[0] - potsdam[0]) ** 2 + (bremen[1] - potsdam[1]) ** 2) ** 0.5
    assert on_the_map == pytest.approx(296.3, rel=0.005)  # great circle, by the haversine formula


def test_the_origin_is_in_the_middle_and_north_is_up() -> None:
    assert REGION(10.5, 51) == pytest.approx((0, 0))
    assert REGION(10.5, 52)[1] > 100
    assert REGION(11.5, 51)[0] > 60


def test_a_ring_is_cut_at_the_edges_of_the_box() -> None:
    cut = cut_ring([(-5, -5), (5, -5), (5, 5), (-5, 5)], SQUARE)
    assert sorted(set(cut)) == [(0, 0), (0, 5), (5, 0), (5, 5)]
    assert cut_ring([(20, 20), (30, 20), (30, 30)], SQUARE) == []


def test_a_line_that_leaves_and_comes_back_has_two_parts() -> None:
    line = [(1.0, 1.0), (5.0, 20.0), (6.0, 30.0), (7.0, 20.0), (9.0, 1.0)]
    assert [len(part) for part in cut_line(line, SQUARE)] == [2, 2]


def test_what_is_left_out_of_a_line_is_nearer_than_the_tolerance() -> None:
    line = [(float(x), (x % 2) * 0.1) for x in range(20)] + [(20.0, 8.0)]
    kept = simplified(line, 0.5)
    assert kept[0] == line[0]
    assert kept[-1] == line[-1]
    assert len(kept) < 6
    assert simplified(line, 0.01) == line


def test_names_overlap_neither_each_other_nor_a_dot_nor_the_edge() -> None:
    chance = random.Random(7)
    spots = [
        labels.Spot(
            chance.uniform(20, 820), chance.uniform(20, 580), 6, "Brandenburg an der Havel"[: 4 + n % 20]
        )
        for n in range(120)
    ]
    frame = Box(0, 0, 840, 600)
    placed = labels.place(spots, frame, 14)
    boxes = [one.box for one in placed if one]
    assert 40 < len(boxes) < 120
    assert not any(one.meets(two) for one, two in combinations(boxes, 2))
    assert all(min(one.left, one.bottom) >= 0 and one.right <= 840 and one.top <= 600 for one in boxes)
    dots = [Box(one.x - 6, one.y - 6, one.x + 6, one.y + 6) for one in spots]
    assert not any(box.meets(dot) for box in boxes for dot in dots)


def test_no_more_names_are_written_than_wanted() -> None:
    spots = [labels.Spot(50 + 60 * n, 50, 5, "x") for n in range(10)]
    placed = labels.place(spots, Box(0, 0, 840, 100), 14, most=4)
    assert [one is not None for one in placed] == [True] * 4 + [False] * 6


def test_a_map_is_the_same_in_whatever_order_the_places_come() -> None:
    backwards = maps.draw(CITIES[::-1])
    assert maps.draw(CITIES) == backwards


def test_a_map_shows_each_place_where_it_is() -> None:
    drawn = maps.draw(CITIES)
    at = {dot.place.id: dot for dot in drawn.dots}
    assert set(at) == {each.id for each in CITIES}
    assert all(0 < dot.x < drawn.width and 0 < dot.y < drawn.height for dot in drawn.dots)
    assert at["groningen"].x < at["kiel"].x < at["luebeck"].x < at["wismar"].x < at["potsdam"].x
    assert at["kiel"].y < at["luebeck"].y < at["schwerin"].y < at["groningen"].y < at["potsdam"].y
    assert all(dot.name for dot in drawn.dots)
    assert drawn.land
    assert drawn.borders


def test_countries_are_named_where_nothing_else_is() -> None:
    drawn = maps.draw(CITIES, {"DE": "Deutschland", "NL": "Nederland", "PL": "Polen"})
    assert {"DEUTSCHLAND"} <= {words for words, _ in drawn.countries}
    boxes = [dot.name.box for dot in drawn.dots if dot.name]
    assert not any(label.box.meets(box) for _, label in drawn.countries for box in boxes)
    assert maps.draw(CITIES).countries == ()


@pytest.mark.parametrize("places", [[], CITIES[:1], CITIES[:2]])
def test_a_map_of_few_places_shows_a_region(places: list[maps.Place]) -> None:
    drawn = maps.draw(places)
    assert len(drawn.dots) == len(places)
    assert 400 < drawn.height < 700
    assert drawn.land


def test_a_small_map_has_its_place_in_the_middle() -> None:
    (dot,) = maps.small("Kiel", 10.137, 54.322).dots
    assert (dot.x, dot.y) == (160, 120)


@pytest.mark.parametrize("lang", names.LANGUAGES)
@pytest.mark.parametrize(
    "query", ["", "?alliance=smarte-hanse", "?alliance=regio-hub", "?topic=digitalisierung"]
)
def test_every_place_of_the_list_is_on_the_map(web: TestClient, query: str, lang: str) -> None:
    page = web.get(f"/{lang}/map{query}").text
    picture, beside = page.split('class="beside__side"')[:2]
    drawn = set(re.findall(r'class="map__place" href="([^"]+)"', picture))
    listed = {
        re.findall(r'href="([^"]+)"', item)[0]
        for item in re.findall(r"<li>(.*?)</li>", beside.split("</section>")[0], re.DOTALL)
        if "places__note--nowhere" not in item
    }
    assert drawn == listed
    assert len(drawn) > 5


def test_a_map_of_one_alliance_has_its_members_only(web: TestClient) -> None:
    page = web.get("/en/map?alliance=trilaterale-kooperation").text
    assert set(re.findall(r'class="map__place" href="/en/municipality/([^"]+)"', page)) == {
        "bremen",
        "groningen",
        "oldenburg",
    }


@pytest.mark.parametrize("query", ["?alliance=no-such", "?alliance=%3Cb%3E", "?topic=no-such"])
def test_a_map_of_what_is_not_there_says_so(web: TestClient, query: str) -> None:
    answer = web.get(f"/de/map{query}")
    assert answer.status_code == 400
    assert "Diese Karte lässt sich nicht zeichnen" in answer.text
    assert "<b>" not in answer.text


def moment(slug: str, first: str, last: str = "") -> timeline.Moment:
    return timeline.Moment(slug, slug, "event", date.fromisoformat(first), date.fromisoformat(last or first))


def test_a_time_line_goes_from_left_to_right_and_stacks_what_is_close() -> None:
    moments = (moment("c", "2019-11-12"), moment("a", "2009-05-07"), moment("b", "2009-05-07"))
    line = timeline.draw([timeline.Lane("x", "X", 1, moments), timeline.Lane("empty", "Y", 2, ())])
    (lane,) = line.lanes
    a, b, c = lane.marks
    assert [mark.moment.id for mark in lane.marks] == ["a", "b", "c"]
    assert a.x == b.x < c.x
    assert b.y < a.y == c.y
    assert all(lane.top < mark.y < lane.bottom for mark in lane.marks)
    assert (line.years[0][1], line.years[-1][1]) == (2009, 2020)


def test_a_date_of_which_only_the_year_is_known_reaches_over_the_year() -> None:
    moments = (moment("year", "2017-01-01", "2017-12-31"), moment("day", "2019-06-13"))
    (lane,) = timeline.draw([timeline.Lane("x", "X", 1, moments)]).lanes
    year, day = lane.marks
    assert year.left < year.x < year.right < day.x
    assert day.left == day.x == day.right


def test_a_time_line_without_moments_is_empty() -> None:
    assert timeline.draw([timeline.Lane("x", "X", 1, ())]).lanes == ()


def test_years_from_the_first_to_the_last_are_no_problem() -> None:
    line = timeline.draw([timeline.Lane("x", "X", 1, (moment("a", "0001-01-01"), moment("b", "9999-12-31")))])
    assert len(line.years) < 20


def test_a_network_is_the_same_in_whatever_order_its_parts_come() -> None:
    chance = random.Random(3)
    alliances = [Node(f"a{n}", f"A{n}", n) for n in range(3)]
    cities = [Node(f"c{n}", f"C{n:02}") for n in range(17)]
    topics = [Node(f"t{n}", f"T{n:02}") for n in range(30)]
    links = [(f"a{n % 3}", f"c{n}") for n in range(17)]
    links += [(f"c{chance.randrange(17)}", f"t{n}") for n in range(30) for _ in range(2)]
    drawn = network.draw([alliances, cities, topics], links)
    for each in (cities, topics, links):
        chance.shuffle(each)
    assert network.draw([alliances, cities, topics], links) == drawn
    assert [len(column) for column in drawn.columns] == [3, 17, 30]
    assert len(drawn.lines) == len(set(links))


def test_the_columns_of_a_network_are_ordered_so_that_its_lines_do_not_cross() -> None:
    columns = [
        [Node("a", "A"), Node("b", "B")],
        [Node("1", "1"), Node("2", "2")],
        [Node("x", "X"), Node("y", "Y")],
    ]
    drawn = network.draw(columns, [("a", "2"), ("b", "1"), ("2", "y"), ("1", "x")])
    assert [[each.node.id for each in column] for column in drawn.columns] == [
        ["a", "b"],
        ["2", "1"],
        ["y", "x"],
    ]


def test_names_in_a_column_of_a_network_do_not_overlap() -> None:
    topics = [Node(f"t{n}", f"T{n}") for n in range(60)]
    drawn = network.draw([[Node("a", "A")], [Node("c", "C")], topics], [("a", "c")])
    heights = sorted(each.y for each in drawn.columns[2])
    assert min(two - one for one, two in pairwise(heights)) >= network.SIZE * 1.5


@pytest.mark.parametrize(
    "query", ["", "?alliance=smarte-hanse", "?field=Digitalisierung", "?alliance=no-such"]
)
def test_the_network_and_its_table_say_the_same(web: TestClient, query: str) -> None:
    page = web.get(f"/de/network{query}").text
    picture, _, below = page.partition("</svg>\n</div>")
    drawn = set(re.findall(r'data-node="\d+" href="([^"]+)"', picture))
    told = set(re.findall(r'href="([^"]+)"', below.partition("<tbody>")[2].partition("</tbody>")[0]))
    assert drawn == told
    assert len(drawn) > 5


def test_the_time_line_and_its_lists_say_the_same(web: TestClient) -> None:
    page = web.get("/en/overview").text
    drawn = re.findall(r'class="time__mark lane-\d" href="([^"]+)"', page)
    told = [
        re.findall(r'href="([^"]+)"', item)[0]
        for part in page.split('<ol class="moments">')[1:]
        for item in part.partition("</ol>")[0].split("</li>")[:-1]
    ]
    assert sorted(drawn) == sorted(told)
    assert len(drawn) > 15


def test_a_number_of_the_overview_is_that_of_the_map_to_which_it_leads(web: TestClient) -> None:
    page = web.get("/en/overview").text
    cells = re.findall(r'href="(/en/map\?[^"]+)">(\d+)<', page)
    assert len(cells) > 20
    for address, number in cells[:3]:
        listed = (
            web.get(address.replace("&amp;", "&")).text.partition('id="list"')[2].partition("</section>")[0]
        )
        assert len(re.findall("<li>", listed)) >= int(number)  # narrower topics count there, too
