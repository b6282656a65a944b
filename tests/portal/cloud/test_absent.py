"""Services that a catalogue lacks, or names and does not have: said by name, never as nonsense."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portal.cloud import images, networks, placement, volumes
from portal.cloud.connection import Cloud, connect
from portal.cloud.logins import AppCredentialLogin
from portal.core.errors import PortalError
from tests.portal.cloud import stub as stubs
from tests.portal.cloud.stub import Answer, Stub

READERS: dict[str, Callable[[Cloud], Any]] = {
    "network": networks.list_floating_ips,
    "image": images.list_images,
    "block-storage": volumes.list_volumes,
    "placement": lambda cloud: placement._availability(cloud, "CUSTOM_A"),
}
LISTS = {
    "network": "/network/v2.0/floatingips",
    "image": "/image/v2/images",
    "block-storage": f"/volume/v3/{stubs.PROJECT}/volumes/detail",
    "placement": "/placement/allocation_candidates",
}


@pytest.fixture(params=sorted(READERS))
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lacking(service: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delitem(stubs.SERVICES, service)
    yield service


def refusal_of(service: str, login: AppCredentialLogin) -> PortalError:
    with pytest.raises(PortalError) as refused:
        READERS[service](connect(login, region="IU"))
    return refused.value


def test_a_service_that_the_catalogue_lacks_is_unsupported(
    lacking: str, stub: Stub, login: AppCredentialLogin
) -> None:
    refused = refusal_of(lacking, login)
    assert (refused.id, refused.outcome) == ("cloud:unsupported", "refused"), refused.detail
    assert refused.params["service"] == lacking


def test_a_service_whose_address_leads_nowhere_is_unsupported(
    service: str, stub: Stub, login: AppCredentialLogin
) -> None:
    """The catalogue names it, and the web server there knows nothing of it."""
    path = stubs.SERVICES[service]
    for end in ("", "/"):
        for start in (path, path.removesuffix(f"/{stubs.PROJECT}")):
            stub.on("GET", start + end, Answer(404, body=b"<html>Not Found</html>"))
    refused = refusal_of(service, login)
    assert refused.id in ("cloud:unsupported", "cloud:not-found"), (refused.id, refused.detail)


def test_a_service_in_trouble_is_not_called_absent(
    service: str, stub: Stub, login: AppCredentialLogin
) -> None:
    path = stubs.SERVICES[service]
    for end in ("", "/"):
        for start in (path, path.removesuffix(f"/{stubs.PROJECT}")):
            stub.on("GET", start + end, Answer(503))
    stub.on("GET", LISTS[service], Answer(503))
    refused = refusal_of(service, login)
    assert (refused.id, refused.outcome) == ("cloud:unavailable", "retry"), refused.detail
