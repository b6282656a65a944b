from typing import Any

import pytest
from django.core.checks import Error, Warning

from instances.remote.checks import ports_are_on_a_site_of_their_own
from instances.remote.ports.siting import faults


@pytest.mark.parametrize(
    ("portal", "ports"),
    [
        ("https://portal.example.org", "https://portal-ports.net.example"),
        ("https://portal.example.org", "https://ports.example.net"),
        ("http://127.0.0.1:8000", "http://ports.localhost:8000"),
        ("http://localhost:8000", "http://ports.localhost:8000"),
        ("https://portal.example.org", ""),
    ],
)
def test_sites_that_are_apart_are_fine(portal: str, ports: str) -> None:
    assert list(faults(portal, ports, ("", ""))) == []


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        ("https://portal.example.org", "at or below"),
        ("https://example.org", "at or below"),
        ("https://ports.portal.example.org", "below the portal's own name"),
        ("http://ports.example.net", "both http or both https"),
        ("https://192.0.2.1", "address of a name"),
        ("https://ports.example.net/there", "address of a name"),
        ("ports.example.net", "address of a name"),
        ("ftp://ports.example.net", "address of a name"),
    ],
)
def test_sites_that_would_harm_are_errors(ports: str, words: str) -> None:
    (found,) = faults("https://portal.example.org", ports, ("", ""))
    assert words in found[0] and found[1]


def test_one_registered_domain_for_both_is_warned_of() -> None:
    (found,) = faults("https://portal.example.org", "https://ports.example.org", ("", ""))
    assert "example.org" in found[0] and not found[1]


def test_cookies_of_the_portal_for_a_whole_domain_are_an_error() -> None:
    found = list(faults("https://portal.example.org", "https://ports.example.org", (".example.org", "")))
    assert [must for _, must in found] == [False, True]


def test_the_start_says_so(settings: Any) -> None:
    settings.SITE_URL, settings.PORTS_SITE = "https://a.example.org", "https://b.a.example.org"
    (error,) = ports_are_on_a_site_of_their_own(None)
    assert isinstance(error, Error)
    settings.PORTS_SITE = "https://b.example.org"
    (warning,) = ports_are_on_a_site_of_their_own(None)
    assert isinstance(warning, Warning)
