"""What the benchmark of the endpoint asks: the mix of an analyst, small questions, and heavy ones."""

from __future__ import annotations

from typing import Final

PREFIXES: Final = """PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX kogge: <https://w3id.org/kogge/ontology#>
PREFIX org: <http://www.w3.org/ns/org#>
PREFIX schema: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
"""

# PLACE, ALLIANCE, TOPIC and KEY stand for what the generated data really have.
MIX: Final = {
    "is it a municipality": "ASK { PLACE a kogge:Municipality }",
    "labels of one": "SELECT ?label { PLACE skos:prefLabel ?label }",
    "facts of one": "SELECT ?verb ?value { PLACE ?verb ?value }",
    "what points to one": "SELECT ?thing ?verb { ?thing ?verb PLACE } LIMIT 100",
    "one by its key": "SELECT ?place { ?place kogge:ags KEY }",
    "projects of one": """SELECT ?project ?status ?topic {
        ?project kogge:lead PLACE ; kogge:status ?status ; kogge:topic ?topic }""",
    "needs of one": "SELECT ?need ?topic { ?need kogge:holder PLACE ; a kogge:Need ; kogge:topic ?topic }",
    "expertise of one": """SELECT ?topic ?kind ?evidence {
        ?it kogge:holder PLACE ; a kogge:Expertise ; kogge:topic ?topic ; kogge:evidenceKind ?kind ;
            kogge:evidence ?evidence }""",
    "members of an alliance": """SELECT ?member ?label ?status {
        ?it org:organization ALLIANCE ; org:member ?member ; kogge:status ?status .
        ?member skos:prefLabel ?label FILTER(LANG(?label) = "de") }""",
    "events of an alliance": """SELECT ?event ?day ?label {
        ?event dcterms:isPartOf ALLIANCE ; kogge:earliest ?day ; skos:prefLabel ?label }""",
    "holders of a topic": """SELECT DISTINCT ?holder {
        ?it kogge:topic TOPIC ; kogge:holder ?holder } ORDER BY ?holder LIMIT 100""",
    "large municipalities": """SELECT ?place ?people {
        ?place a kogge:Municipality ; kogge:population ?people FILTER(?people > 50000) }
        ORDER BY DESC(?people)""",
    "labels with a word": """SELECT ?place ?label {
        ?place a kogge:Municipality ; skos:prefLabel ?label FILTER(CONTAINS(LCASE(?label), "hafen")) }""",
    "projects by status": """SELECT ?status (COUNT(?project) AS ?many) {
        ?project a kogge:Project ; kogge:status ?status } GROUP BY ?status""",
    "projects by topic": """SELECT ?topic (COUNT(?project) AS ?many) {
        ?project a kogge:Project ; kogge:topic ?topic } GROUP BY ?topic ORDER BY DESC(?many) LIMIT 20""",
    "projects by state": """SELECT ?state (COUNT(?project) AS ?many) {
        ?project a kogge:Project ; kogge:lead/schema:containedInPlace ?state } GROUP BY ?state""",
    "projects per municipality": """SELECT (AVG(?many) AS ?mean) (MAX(?many) AS ?most) {
        { SELECT ?place (COUNT(?project) AS ?many) { ?project kogge:lead ?place } GROUP BY ?place } }""",
    "evidence by kind": """SELECT ?kind (COUNT(?it) AS ?many) (COUNT(DISTINCT ?holder) AS ?holders) {
        ?it a kogge:Expertise ; kogge:evidenceKind ?kind ; kogge:holder ?holder } GROUP BY ?kind""",
    "sought and offered": """SELECT ?topic (COUNT(DISTINCT ?need) AS ?needs) {
        { SELECT DISTINCT ?topic {
            ?project kogge:status kogge:running ; a kogge:Project ; kogge:topic ?topic } }
        ?need kogge:topic ?topic ; a kogge:Need } GROUP BY ?topic""",
    "in several alliances": """SELECT ?member (COUNT(DISTINCT ?alliance) AS ?many) {
        ?it a org:Membership ; org:member ?member ; org:organization ?alliance }
        GROUP BY ?member HAVING (COUNT(DISTINCT ?alliance) > 2)""",
}

SMALL: Final = MIX["labels of one"]

HEAVY: Final = (
    "SELECT (COUNT(*) AS ?many) { ?one a kogge:Project . ?other a kogge:Project FILTER(?one < ?other) }",
    'SELECT (COUNT(*) AS ?many) { ?thing ?verb ?text FILTER(REGEX(STR(?text), "(a|e)+.*(b|c)+.*z$", "i")) }',
    "SELECT (COUNT(*) AS ?many) { ?one (kogge:topic/^kogge:topic)+ ?other }",
    "SELECT ?thing ?verb ?value { ?thing ?verb ?value } ORDER BY DESC(STR(?value)) ?thing LIMIT 10",
)
