"""Links to the same machine elsewhere: the operator's address, filled in so that nothing in it can lead astray."""

import pytest
from pydantic import ValidationError

from portal.cloud.schema_portals import OtherPortal

EXOSPHERE = "https://exosphere.example/projects/{project_id}/regions/{region}/servers/{server_id}"


def test_the_places_are_filled_in() -> None:
    portal = OtherPortal(title="Exosphere", server_url=EXOSPHERE)
    found = portal.url_of(project_id="p1", region="IU", server_id="s1")
    assert found == "https://exosphere.example/projects/p1/regions/IU/servers/s1"


def test_what_a_cloud_calls_itself_cannot_change_where_the_link_leads() -> None:
    portal = OtherPortal(title="Exosphere", server_url=EXOSPHERE)
    found = portal.url_of(project_id="../..", region="a/b?c#d", server_id="{region}")
    assert found.startswith("https://exosphere.example/projects/..%2F../regions/a%2Fb%3Fc%23d/servers/")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert({server_id})",
        "//exosphere.example/{server_id}",
        "https://{region}.example/{server_id}",
        "https://exosphere.example/servers",
        "https://exosphere.example/{server_id}/{user}",
    ],
)
def test_an_address_that_leads_nowhere_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(ValidationError):
        OtherPortal(title="Exosphere", server_url=address)
