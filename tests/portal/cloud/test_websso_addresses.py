"""Where WebSSO begins, and which pages may post a token back."""

from dataclasses import replace

import pytest
from pytest_django import Settings

from portal.cloud.config import CloudConfig
from portal.cloud.schema import PortalCloud, SignIn
from portal.cloud.websso import form_origins, origin_of, return_url, start_url


@pytest.fixture
def cloud() -> CloudConfig:
    rules = SignIn(
        methods=("websso",), identity_provider="access", federation_auth_url="https://Cloud.example:5001/v3"
    )
    portal = PortalCloud(title="Cloud", regions=("IU",), sign_in=rules)
    return CloudConfig("cloud", "https://cloud.example:5000/v3", "public", True, ("IU",), portal)


def with_rules(cloud: CloudConfig, **rules: object) -> CloudConfig:
    sign_in = cloud.portal.sign_in.model_copy(update=rules)
    return replace(cloud, portal=cloud.portal.model_copy(update={"sign_in": sign_in}))


def test_the_origin_is_our_address_letter_by_letter(cloud: CloudConfig, settings: Settings) -> None:
    settings.SITE_URL = "https://portal.example"
    assert return_url() == "https://portal.example/auth/websso/"
    assert start_url(cloud) == (
        "https://Cloud.example:5001/v3/auth/OS-FEDERATION/websso/openid?origin=https%3A%2F%2Fportal.example%2Fauth%2Fwebsso%2F"
    )


def test_keystones_other_address_names_the_identity_provider(cloud: CloudConfig) -> None:
    address = start_url(with_rules(cloud, websso_by_provider=True, protocol="mapped/x"))
    assert "/auth/OS-FEDERATION/identity_providers/access/protocols/mapped%2Fx/websso?origin=" in address


def test_the_page_is_keystones_own_and_what_the_operator_adds(cloud: CloudConfig) -> None:
    assert form_origins(cloud) == {"https://cloud.example:5001"}
    more = with_rules(cloud, websso_form_origins=("https://js2.example",), federation_auth_url="")
    assert form_origins(more) == {"https://cloud.example:5000", "https://js2.example"}


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://cloud.example/identity/v3", "https://cloud.example"),
        ("https://cloud.example:443/v3", "https://cloud.example"),
        ("http://cloud.example:80", "http://cloud.example"),
        ("http://[::1]:5000/v3", "http://[::1]:5000"),
        ("https://a:b@cloud.example/v3", "https://cloud.example"),
        ("ftp://cloud.example", ""),
        ("https://cloud.example:port/", ""),
        ("https://[bad/", ""),
        ("", ""),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address: str, origin: str) -> None:
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    "given", ["null", "https://x.example/", "*", "x.example", "https://X.example", "https://*.example"]
)
def test_what_is_no_origin_is_refused_at_start(given: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        SignIn(methods=("websso",), websso_form_origins=(given,))


def test_the_other_address_needs_the_providers_name() -> None:
    with pytest.raises(ValueError, match="websso_by_provider needs identity_provider"):
        SignIn(methods=("websso",), websso_by_provider=True)
