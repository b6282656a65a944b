"""Every filter that the gateway sends leaves something out: a service that ignored it would be found out here.

Lists are read with the gateway's own parameters, but asked for what must not be in them.
"""

import pytest

from portal.cloud import calls, identity, images, networks, placement
from portal.cloud.connection import Cloud
from portal.cloud.types import Image
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.test_groups import own_group

NOWHERE = "00000000-0000-0000-0000-000000000000"


def ids(cloud: Cloud, service: calls.Service, path: str, key: str, **params: str | int) -> set[str]:
    return {str(row["id"]) for row in calls.rows(cloud, service, path, key, params=params)}


@pytest.fixture
def other_project(place: Place) -> str:
    """Carol's project."""
    return identity.projects(place.login("carol"))[0].id


def test_ports_by_their_server(cloud: Cloud, server_id: str) -> None:
    every = ids(cloud, "network", "/ports", "ports")
    its = ids(cloud, "network", "/ports", "ports", device_id=server_id)
    assert its == {port.id for port in networks.list_ports(cloud, server_id)} and its < every
    assert ids(cloud, "network", "/ports", "ports", device_id=NOWHERE) == set()


def test_addresses_by_their_project(cloud: Cloud, make: Maker, other_project: str) -> None:
    address_id = make.floating_ip()
    assert address_id in ids(cloud, "network", "/floatingips", "floatingips", project_id=cloud.project_id)
    assert ids(cloud, "network", "/floatingips", "floatingips", project_id=other_project) == set()


def test_groups_by_project_and_name(cloud: Cloud, make: Maker, other_project: str) -> None:
    name = make.name()
    group = own_group(make, name)
    path, key, own = "/security-groups", "security_groups", cloud.project_id
    assert group.id in ids(cloud, "network", path, key, project_id=own)
    assert ids(cloud, "network", path, key, project_id=own, name=name) == {group.id}
    assert ids(cloud, "network", path, key, project_id=own, name=name + "-other") == set()
    assert group.id not in ids(cloud, "network", path, key, project_id=other_project)


def test_images_by_name_and_visibility(cloud: Cloud, image: Image) -> None:
    named = ids(cloud, "image", "/images", "images", name=image.name, limit=1000)
    assert image.id in named and named < ids(cloud, "image", "/images", "images", limit=1000)
    assert ids(cloud, "image", "/images", "images", name=image.name + "-other") == set()
    community = ids(cloud, "image", "/images", "images", visibility="community")
    assert image.id not in community
    assert all(images.get_image(cloud, one).visibility == "community" for one in community)


def test_images_come_in_pages(cloud: Cloud) -> None:
    whole = ids(cloud, "image", "/images", "images", limit=1000)
    assert len(whole) > 1 and ids(cloud, "image", "/images", "images", limit=1) == whole


@pytest.mark.parametrize(
    ("path", "key"),
    [("/networks", "networks"), ("/security-groups", "security_groups"), ("/floatingips", "floatingips")],
)
def test_lists_of_the_network_come_in_pages(cloud: Cloud, make: Maker, path: str, key: str) -> None:
    make.floating_ip()
    make.floating_ip()
    whole = ids(cloud, "network", path, key)
    assert len(whole) > 1 and ids(cloud, "network", path, key, limit=1) == whole


def test_volumes_and_flavors_come_in_pages(cloud: Cloud, make: Maker) -> None:
    made = {make.volume().id, make.volume().id}
    assert made <= ids(cloud, "block-storage", "/volumes/detail", "volumes", limit=1)
    whole = ids(cloud, "compute", "/flavors/detail", "flavors")
    assert len(whole) > 1 and ids(cloud, "compute", "/flavors/detail", "flavors", limit=1) == whole


def test_hosts_by_what_they_have(cloud: Cloud) -> None:
    asked: dict[str, str | int] = {"resources": "CUSTOM_NO_SUCH_CLASS:1", "limit": 1000}
    try:
        placement.gpu_availability(cloud, ["CUSTOM_NO_SUCH_CLASS"])
    except PortalError as error:
        assert error.id == "cloud:bad-request"
    else:
        # Placement tells users nothing here, so that there is nothing to filter.
        with pytest.raises(PortalError) as closed:
            calls.send(cloud, "placement", "GET", "/allocation_candidates", params=asked, microversion="1.29")
        assert closed.value.id == "cloud:forbidden"


def test_a_marker_that_is_not_there_is_an_error_and_not_the_first_page(cloud: Cloud) -> None:
    lists: list[tuple[calls.Service, str]] = [
        ("compute", "/servers/detail"),
        ("image", "/images"),
        ("network", "/networks"),
        ("block-storage", "/volumes/detail"),
    ]
    for service, path in lists:
        with pytest.raises(PortalError) as refused:
            calls.send(cloud, service, "GET", path, params={"marker": NOWHERE, "limit": 1})
        assert refused.value.outcome == "refused", path


def test_what_services_do_with_a_filter_that_they_do_not_know(cloud: Cloud, make: Maker) -> None:
    """Two refuse, one finds nothing, and two ignore it: these would answer with everything."""
    unknown: dict[str, str | int] = {"no_such_filter": "1"}
    with pytest.raises(PortalError) as refused:
        calls.compute(cloud, "GET", "/servers/detail", params=unknown)
    assert refused.value.id == "cloud:bad-request"
    with pytest.raises(PortalError) as refused:
        ids(cloud, "network", "/networks", "networks", **unknown)
    assert refused.value.id == "cloud:bad-request"
    assert ids(cloud, "image", "/images", "images", **unknown) == set()
    volume = make.volume()
    assert volume.id in ids(cloud, "block-storage", "/volumes/detail", "volumes", **unknown)
    every = ids(cloud, "compute", "/flavors/detail", "flavors")
    assert ids(cloud, "compute", "/flavors/detail", "flavors", **unknown) == every
