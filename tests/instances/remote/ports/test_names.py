from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from instances.remote.ports.names import LABEL, Name, belongs, host_of, name_of, site_of

SITE = site_of("https://ports.example.net")
SESSION = UUID("01940000-0000-7000-8000-00000000abcd")
NAMES = st.builds(Name, st.integers(1, 65_535), st.uuids(), st.booleans(), st.booleans())


@given(NAMES)
def test_a_name_is_found_again_in_its_host(name: Name) -> None:
    assert name_of(name.authority(SITE), SITE) == name
    assert LABEL.fullmatch(name.label)
    assert len(name.label) <= 63


@given(NAMES, NAMES)
def test_no_two_sessions_ports_or_ways_share_a_name(one: Name, other: Name) -> None:
    assert (one.label == other.label) == (one == other)


@given(st.text(max_size=80))
def test_any_other_text_is_no_name(text: str) -> None:
    found = name_of(f"{text}.ports.example.net", SITE)
    assert found is None or found.label == text


def test_only_one_spelling_of_a_name_is_the_name() -> None:
    label = Name(8888, SESSION).label
    other = label[:-1] + chr(ord(label[-1]) + 1)  # the same bytes, with a spare bit set
    assert name_of(f"{label}.ports.example.net", SITE) is not None
    assert name_of(f"{other}.ports.example.net", SITE) is None


@pytest.mark.parametrize(
    "host",
    [
        "ports.example.net",
        "p8888.ports.example.net",
        "p08888-aaaaaaaaaaaaaaaaaaaaaaaaaa.ports.example.net",
        "p65536-aaaaaaaaaaaaaaaaaaaaaaaaaa.ports.example.net",
        "p0-aaaaaaaaaaaaaaaaaaaaaaaaaa.ports.example.net",
        "x.p8888-aaaaaaaaaaaaaaaaaaaaaaaaaa.ports.example.net",
        "p8888-aaaaaaaaaaaaaaaaaaaaaaaaaa.ports.example.org",
        "p8888-aaaaaaaaaaaaaaaaaaaaaaaaaa.evil.ports.example.net",
    ],
)
def test_hosts_that_we_never_gave_are_nothing(host: str) -> None:
    assert name_of(host, SITE) is None


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("ports.example.net", True),
        ("anything.at.all.ports.example.net", True),
        ("portal.example.net", False),
        ("evilports.example.net", False),
        ("ports.example.net.evil.org", False),
        ("", False),
    ],
)
def test_the_site_is_told_from_the_portal_by_its_whole_name(host: str, ours: bool) -> None:
    assert belongs(host, SITE) is ours


def test_without_a_site_nothing_belongs_to_it() -> None:
    assert not belongs("", site_of(""))
    assert not belongs("localhost", site_of(""))


def test_the_port_of_a_host_header_is_left_away_and_case_does_not_matter() -> None:
    assert host_of("P8888-x.Ports.example.net:8443") == "p8888-x.ports.example.net"
    assert host_of("[::1]:8000") == "[::1]"
    assert host_of("[::1]") == "[::1]"


def test_addresses_carry_the_sites_own_port() -> None:
    local = site_of("http://ports.localhost:8000")
    name = Name(8888, SESSION)
    assert name.origin(local) == f"http://{name.label}.ports.localhost:8000"
    assert not local.secure


@pytest.mark.parametrize(
    ("port", "tls", "inside"),
    [
        (8888, False, "http://localhost:8888"),
        (80, False, "http://localhost"),
        (443, True, "https://localhost"),
        (8443, True, "https://localhost:8443"),
        (443, False, "http://localhost:443"),
    ],
)
def test_the_application_is_named_as_a_browser_on_the_machine_would(
    port: int, tls: bool, inside: str
) -> None:
    assert Name(port, SESSION, tls).inside == inside
