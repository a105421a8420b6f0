"""Level 8, web, pages: what kinds of things, their properties and their roles are called on pages."""

from __future__ import annotations

from typing import Final

from kogge.web.pages.words import msgid

# A kind of thing: one of it, and several as a heading. In the order in which they stand on a page.
KINDS: Final[dict[str, tuple[str, str]]] = {
    "project": (msgid("Project"), msgid("Projects")),
    "expertise": (msgid("Experience"), msgid("Offers")),
    "need": (msgid("Need"), msgid("Needs")),
    "event": (msgid("Event"), msgid("Events")),
    "agreement": (msgid("Agreement"), msgid("Agreements")),
    "undertaking": (msgid("Undertaking"), msgid("Undertakings")),
    "goal": (msgid("Goal"), msgid("Goals")),
    "strategy": (msgid("Strategy"), msgid("Strategies")),
    "programme": (msgid("Programme"), msgid("Programmes")),
    "funding": (msgid("Funding"), msgid("Fundings")),
    "recognition": (msgid("Recognition"), msgid("Recognitions")),
    "statement": (msgid("Statement"), msgid("Statements")),
    "mention": (msgid("Mention"), msgid("Named as an example")),
    "alliance": (msgid("Alliance"), msgid("Alliances")),
    "municipality": (msgid("Municipality"), msgid("Municipalities")),
    "district": (msgid("District"), msgid("Districts")),
    "state": (msgid("State"), msgid("States")),
    "province": (msgid("Province"), msgid("Provinces")),
    "region": (msgid("Region"), msgid("Regions")),
    "organisation": (msgid("Organisation"), msgid("Organisations")),
    "person": (msgid("Person"), msgid("People")),
    "signature": (msgid("Signature"), msgid("Signatures")),
    "membership": (msgid("Membership"), msgid("Memberships")),
    "contact": (msgid("Contact"), msgid("Contacts")),
    "document": (msgid("Document"), msgid("Documents")),
    "topic": (msgid("Topic"), msgid("Topics")),
    "instant": (msgid("Point in time"), msgid("Points in time")),
    "interval": (msgid("Period"), msgid("Periods")),
}
OTHER: Final = (msgid("Entry"), msgid("More"))

# Classes that say more than the kind.
TYPES: Final = {"kogge:ExpertGroup": msgid("Expert group"), "kogge:Excursion": msgid("Excursion")}

# What is said of a thing, in the order of a list of facts.
PROPERTIES: Final[dict[str, str]] = {
    "foaf:title": msgid("Title"),
    "kogge:motto": msgid("Motto"),
    "kogge:status": msgid("Status"),
    "dcterms:date": msgid("Date"),
    "schema:startDate": msgid("Date"),
    "schema:endDate": msgid("End"),
    "kogge:venue": msgid("Venue"),
    "schema:location": msgid("Place"),
    "kogge:role": msgid("Role"),
    "org:role": msgid("Office"),
    "kogge:office": msgid("Office"),
    "prov:wasAttributedTo": msgid("Said or signed by"),
    "kogge:onBehalfOf": msgid("For"),
    "org:member": msgid("Member"),
    "org:organization": msgid("In"),
    "kogge:party": msgid("Party"),
    "kogge:lead": msgid("In the lead"),
    "kogge:partner": msgid("Partners"),
    "kogge:holder": msgid("Whose"),
    "kogge:host": msgid("Hosts"),
    "kogge:organiser": msgid("Organised by"),
    "kogge:participant": msgid("Taking part"),
    "schema:funder": msgid("Funded by"),
    "kogge:topic": msgid("Topics"),
    "dcterms:subject": msgid("Field of action"),
    "kogge:outcome": msgid("What came of it"),
    "kogge:obstacle": msgid("What did not work"),
    "kogge:costBand": msgid("Costs"),
    "kogge:reusedFrom": msgid("Reused from"),
    "kogge:signed": msgid("Signed"),
    "kogge:binding": msgid("Binding"),
    "kogge:evidenceKind": msgid("Kind of evidence"),
    "kogge:evidence": msgid("Rests on"),
    "kogge:stated": msgid("Number named"),
    "schema:position": msgid("Place in the ranking"),
    "schema:about": msgid("About"),
    "prov:wasDerivedFrom": msgid("Builds on"),
    "dcterms:references": msgid("Refers to"),
    "dcterms:isPartOf": msgid("Part of"),
    "org:unitOf": msgid("Part of"),
    "org:memberDuring": msgid("During"),
    "time:hasBeginning": msgid("Begins"),
    "time:hasEnd": msgid("Ends"),
    "dcterms:spatial": msgid("Area"),
    "schema:containedInPlace": msgid("Lies in"),
    "kogge:population": msgid("Inhabitants"),
    "kogge:populationDate": msgid("Inhabitants counted on"),
    "kogge:ags": msgid("Municipality key (AGS)"),
    "kogge:ars": msgid("Regional key (ARS)"),
    "kogge:cbsCode": msgid("CBS code"),
    "kogge:lauCode": msgid("LAU code"),
    "kogge:nutsCode": msgid("NUTS code"),
    "vcard:hasEmail": msgid("E-mail"),
    "vcard:hasTelephone": msgid("Telephone"),
    "vcard:hasURL": msgid("Website"),
    "dcterms:title": msgid("Title of the original"),
    "dcterms:publisher": msgid("Published by"),
    "dcterms:creator": msgid("Written by"),
    "dcterms:issued": msgid("Published on"),
    "dcterms:language": msgid("Language"),
    "dcterms:license": msgid("Licence"),
    "dcterms:rights": msgid("Rights"),
    "foaf:homepage": msgid("Website"),
    "foaf:page": msgid("Original"),
    "schema:sameAs": msgid("The same elsewhere"),
    "skos:altLabel": msgid("Also called"),
    "skos:note": msgid("Note"),
    "kogge:reviewedOn": msgid("Last reviewed on"),
}
# Of these there should be one value: two sources that differ contradict each other.
SINGLE: Final = frozenset(
    {
        "dcterms:date",
        "schema:startDate",
        "schema:endDate",
        "dcterms:issued",
        "kogge:population",
        "schema:position",
    }
)

# What a thing of a list has to do with the thing of the page.
ROLES: Final[dict[str, str]] = {
    "^kogge:lead": msgid("in the lead"),
    "^kogge:partner": msgid("partner"),
    "^kogge:host": msgid("host"),
    "^kogge:organiser": msgid("organiser"),
    "^kogge:participant": msgid("took part"),
    "^kogge:reusedFrom": msgid("taken over from here"),
    "kogge:reusedFrom": msgid("model"),
    "^schema:funder": msgid("funded by it"),
    "^schema:about": msgid("about it"),
    "^kogge:signedBy": msgid("signed"),
}

# Other directories, by the beginning of their addresses.
DIRECTORIES: Final = {
    "http://eurovoc.europa.eu/": "EuroVoc",
    "http://www.wikidata.org/entity/": "Wikidata",
    "http://metadata.un.org/sdg/": "UN SDG",
    "http://publications.europa.eu/resource/authority/data-theme/": "data.europa.eu",
    "https://sws.geonames.org/": "GeoNames",
}
# What is counted where a document names a number.
COUNTED: Final = {
    "org:Membership": msgid("Members"),
    "kogge:ExpertGroup": msgid("Expert groups"),
    "kogge:Excursion": msgid("Excursions"),
    "kogge:Signature": msgid("Signatures"),
}


def directory(address: str) -> str:
    """An address of another directory as people name it (`Wikidata Q556`); nothing for others."""
    for beginning, name in DIRECTORIES.items():
        if address.startswith(beginning):
            return f"{name} {address.removeprefix(beginning).strip('/')}"
    return ""


def kind(name: str, *, several: bool = False) -> str:
    """What a kind of thing is called, as a msgid."""
    return KINDS.get(name, OTHER)[several]
