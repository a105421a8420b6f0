"""Level 4, rules: holds a graph against the shapes of a profile and says in one language what was found.

A profile (`shapes/profiles.toml`) names its shape files, and the folders whose statements are looked up, so
that a rule can see what a thing points to. Rules are SHACL Core and SPARQL-based constraints (SHACL,
sections 4 and 5); nothing is inferred, nothing imported.
"""

from kogge.rules.findings import (
    MAX_LISTED,
    SEVERITIES,
    Finding,
    Severity,
    Where,
    as_problem,
    locate,
    ordered,
    plain,
    predicates,
    refused,
    report,
)
from kogge.rules.judge import check
from kogge.rules.large import check_flood, check_large
from kogge.rules.official import check as check_official
from kogge.rules.official import merged
from kogge.rules.official import sets as shape_sets
from kogge.rules.profiles import Profile, inverse, profile_of, profiles
from kogge.rules.terms import to_rdflib

__all__ = [
    "MAX_LISTED",
    "SEVERITIES",
    "Finding",
    "Profile",
    "Severity",
    "Where",
    "as_problem",
    "check",
    "check_flood",
    "check_large",
    "check_official",
    "inverse",
    "locate",
    "merged",
    "ordered",
    "plain",
    "predicates",
    "profile_of",
    "profiles",
    "refused",
    "report",
    "shape_sets",
    "to_rdflib",
]
