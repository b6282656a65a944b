import pytest

from instances.remote.ports.isolation import refusal, socket_refusal

OWN = "https://p8888-aaaaaaaaaaaaaaaaaaaaaaaaaa.ports.example.net"
SIBLING = "https://p8888-bbbbbbbbbbbbbbbbbbbbbbbbbb.ports.example.net"
NAVIGATION = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


def _said(method: str, **headers: str) -> str:
    return refusal(
        method, {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}, OWN
    )


@pytest.mark.parametrize("site", ["same-origin", "none"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_applications_own_pages_may_do_all(method: str, site: str) -> None:
    assert _said(method, sec_fetch_site=site, origin=OWN) == ""


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
def test_a_link_from_anywhere_may_be_followed(site: str) -> None:
    assert _said("GET", sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="document") == ""


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
@pytest.mark.parametrize(
    ("mode", "dest"),
    [
        ("no-cors", "image"),
        ("no-cors", "script"),
        ("cors", "empty"),
        ("navigate", "iframe"),
        ("navigate", "embed"),
    ],
)
def test_pages_of_other_machines_and_sites_get_nothing(site: str, mode: str, dest: str) -> None:
    assert _said("GET", sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=dest) == "another-site"


@pytest.mark.parametrize("sender", [SIBLING, "https://evil.org", "null"])
def test_a_form_of_another_page_cannot_post(sender: str) -> None:
    assert _said(
        "POST",
        origin=sender,
        sec_fetch_site="same-site",
        **{k.replace("-", "_"): v for k, v in NAVIGATION.items()},
    )
    assert _said("POST", origin=sender)


def test_browsers_without_fetch_metadata_are_judged_by_origin() -> None:
    assert _said("GET") == ""
    assert _said("POST", origin=OWN) == ""
    assert _said("GET", origin=SIBLING) == "another-origin"


def test_a_socket_needs_the_origin_of_its_own_page() -> None:
    assert socket_refusal({b"origin": OWN.encode()}, OWN) == ""
    assert socket_refusal({b"origin": SIBLING.encode()}, OWN)
    assert socket_refusal({b"origin": b"null"}, OWN)
    assert socket_refusal({}, OWN)
