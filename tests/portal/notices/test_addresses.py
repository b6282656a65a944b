"""Where webhooks may lead, and each way into the portal's own networks refused."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.notices.addresses import Target, UnusableAddress, choose, refusal, target_of


def test_a_public_https_address_is_taken_apart() -> None:
    target = target_of("https://hooks.example.edu:8443/in?token=a")
    assert target == Target(True, "hooks.example.edu", 8443, "/in?token=a")
    assert target.host_header == "hooks.example.edu:8443"
    assert target_of("https://hooks.example.edu").host_header == "hooks.example.edu"
    assert target_of("https://[2606:4700::1111]/").host_header == "[2606:4700::1111]"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.edu/",
        "http://127.0.0.1:8000/",  # loopback is for somebody's own computer only
        "ftp://hooks.example.edu/",
        "file:///etc/passwd",
        "gopher://hooks.example.edu/",
        "javascript:alert(1)",
        "//hooks.example.edu/",
        "https://",
        "https:///path",
        "https://user:secret@hooks.example.edu/",
        "https://user@hooks.example.edu/",
        "https://hooks.example.edu:99999/",
        "https://hooks.example.edu:x/",
        "https://hooks.example.edu:22/",
        "https://hooks.example.edu:80/",
        "https://hooks.example.edu/a b",
        "https://hooks.example.edu/\r\nHost: evil",
        "https://hooks.example.edu\\@evil.example/",
        "https://höoks.example.edu/",
        "https://[::1",
        "https://hooks.example.edu/" + "a" * 500,
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(url: str) -> None:
    with pytest.raises(UnusableAddress):
        target_of(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9000/in", "http://localhost:9000/in", "http://[::1]:9000/in"]
)
def test_on_ones_own_computer_http_to_loopback_is_allowed(url: str) -> None:
    assert target_of(url, local=True).port == 9000


def test_on_ones_own_computer_http_to_anybody_else_is_not() -> None:
    with pytest.raises(UnusableAddress, match="https"):
        target_of("http://192.168.0.5:9000/", local=True)


FORBIDDEN = {
    "127.0.0.1": "own machine",
    "127.8.9.1": "own machine",
    "::1": "own machine",
    "0.0.0.0": "is none",
    "::": "is none",
    "10.0.0.5": "private",
    "172.16.3.4": "private",
    "192.168.1.1": "private",
    "100.64.0.1": "private",
    "198.18.0.1": "private",
    "192.0.2.1": "private",
    "fd12:3456::1": "private",
    "fc00::1": "private",
    "169.254.0.9": "link-local",
    "fe80::1": "link-local",
    "169.254.169.254": "metadata",
    "168.63.129.16": "metadata",
    "fd00:ec2::254": "metadata",
    "224.0.0.1": "multicast",
    "ff02::1": "multicast",
    "255.255.255.255": "",
    "240.0.0.1": "",
    "::ffff:127.0.0.1": "own machine",
    "::ffff:10.0.0.5": "private",
    "::ffff:169.254.169.254": "metadata",
    "64:ff9b::7f00:1": "own machine",
    "64:ff9b::a9fe:a9fe": "metadata",
    "2002:7f00:1::": "own machine",
    "2002:a00:5::": "private",
    "::7f00:1": "own machine",
}


@pytest.mark.parametrize(("address", "why"), FORBIDDEN.items())
def test_an_address_inside_is_refused_and_the_reason_said(address: str, why: str) -> None:
    found = refusal(ip_address(address))
    assert found and why in found


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "::ffff:93.184.215.14"])
def test_a_public_address_of_somebody_else_is_not(address: str) -> None:
    assert refusal(ip_address(address)) == ""


def test_the_portals_own_public_address_is_refused() -> None:
    assert "portal itself" in refusal(ip_address("93.184.215.14"), own={"93.184.215.14"})
    assert "portal itself" in refusal(ip_address("::ffff:93.184.215.14"), own={"93.184.215.14"})


def test_networks_that_the_operator_closed_are_refused() -> None:
    assert "operator closed" in refusal(ip_address("149.165.1.2"), refused=["149.165.0.0/16"])
    assert refusal(ip_address("149.166.1.2"), refused=["149.165.0.0/16", "2001:18e8::/32"]) == ""


def test_one_forbidden_address_among_several_is_enough() -> None:
    """A name that leads to two places leads to either."""
    target = target_of("https://both.example.edu/")
    with pytest.raises(UnusableAddress, match="metadata"):
        choose(target, ["93.184.215.14", "169.254.169.254"])
    assert choose(target, ["93.184.215.14", "2606:4700::1111"]) == "93.184.215.14"


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(UnusableAddress, match="no address"):
        choose(target_of("https://nowhere.example.edu/"), [])


@given(st.ip_addresses())
def test_nothing_that_is_not_global_gets_through(address: object) -> None:
    found = ip_address(str(address))
    if not refusal(found):
        assert found.is_global and not found.is_multicast
