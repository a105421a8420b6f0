"""Settings: read once, defaults that work, and errors that name the variable."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from kogge.errors import Misconfigured
from kogge.settings import SETTINGS, Settings


def test_without_an_environment_there_are_defaults() -> None:
    settings = Settings.from_environment({})
    assert (settings.home, settings.host, settings.port) == (Path("var"), "127.0.0.1", 8000)
    assert settings.base_url == "http://127.0.0.1:8000"


def test_the_table_has_a_row_for_every_field_and_no_other() -> None:
    assert [setting.field for setting in SETTINGS] == [field.name for field in fields(Settings)]
    assert all(setting.help.endswith(".") for setting in SETTINGS)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings.from_environment({}).port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("KOGGE_PORT", "eighty", "whole number"),
        ("KOGGE_PORT", "0", "1 to 65535"),
        ("KOGGE_PORT", "65536", "1 to 65535"),
        ("KOGGE_HOME", "", "folder"),
        ("KOGGE_HOST", "a b", "address"),
        ("KOGGE_BASE_URL", "kogge.example.org", "https://"),
        ("KOGGE_BASE_URL", "https://kogge.example.org/?a", "https://"),
        ("KOGGE_BASE_URL", "http://[", "IPv6"),
        ("KOGGE_QUERY_BYTES", "-1", "at least 1"),
        ("KOGGE_QUERY_QUEUE", "-1", "negative"),
        ("KOGGE_QUERY_SECONDS", "0", "above 0"),
        ("KOGGE_QUERY_SECONDS", "nan", "above 0"),
        ("KOGGE_GUARD", "maybe", "on or off"),
        ("KOGGE_CLIENT_HEADER", "a b", "name of a header"),
        ("KOGGE_BASE_URL", "https://kogge.example.org/a b", "no address"),
        ("KOGGE_BASE_URL", "https://someone:secret@kogge.example.org", "password"),
        ("KOGGE_PUBLISHER_NAME", "", "a name"),
        ("KOGGE_PUBLISHER_IRI", "urn:x", "https://"),
        ("KOGGE_PUBLISHER_TYPE", "Local\nAuthority", "one line"),
        ("KOGGE_CONTACT_EMAIL", "mailto:opendata@example.org", "without mailto:"),
        ("KOGGE_CONTACT_URL", "https://example.org/a b", "https://"),
        ("KOGGE_PORTAL_SHAPES", "/nowhere/at/all", "no such folder"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str, reason: str) -> None:
    with pytest.raises(Misconfigured, match=name) as error:
        Settings.from_environment({name: value})
    assert reason in str(error.value)


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({"KOGGE_BASE_URL": "https://kogge.example.org/"}, "https://kogge.example.org"),
        ({"KOGGE_PORT": "8080", "KOGGE_HOST": "::1"}, "http://[::1]:8080"),
    ],
)
def test_the_public_address_follows_from_host_and_port_unless_it_is_set(
    environment: dict[str, str], address: str
) -> None:
    assert Settings.from_environment(environment).base_url == address
