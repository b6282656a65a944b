"""More than there is: of the quota, and of the cloud itself."""

from functools import partial

import pytest

from portal.cloud import calls, flavors, placement, quotas, servers, volumes
from portal.cloud.connection import Cloud
from portal.cloud.types import Server
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.places import Place
from tests.contract.waiting import eventually


def test_quotas_of_all_services(cloud: Cloud) -> None:
    found = {quota.resource: quota for quota in quotas.list_quotas(cloud)}
    assert {"instances", "cores", "ram_mb", "volumes", "volume_gb", "floating_ips"} <= set(found)
    assert all(quota.used >= 0 for quota in found.values())


def test_what_is_made_counts(cloud: Cloud, make: Maker, place: Place, server_id: str) -> None:
    def used() -> dict[str, int]:
        return {quota.resource: quota.used for quota in quotas.list_quotas(cloud)}

    before = used()
    make.active_server()
    make.volume()
    make.floating_ip()
    now = used()
    more = {"instances": 1, "cores": make.size.vcpus, "ram_mb": make.size.ram_mb}
    more |= {"volumes": 1, "volume_gb": 1, "floating_ips": 1}
    # Others work in the project of a real cloud, too: there, what was before may have gone.
    known = {resource: 0 if place.real else before[resource] for resource in more}
    short = {one: now[one] for one in more if now[one] < known[one] + more[one]}
    assert short == {}


def test_servers_beyond_the_quota_are_refused_in_numbers(cloud: Cloud, make: Maker) -> None:
    # The gateway makes one at a time, and a whole quota of servers takes minutes to build.
    wanted = {
        "name": make.name(),
        "flavorRef": make.size.id,
        "imageRef": make.image.id,
        "networks": "none",
        "min_count": 100_000,
    }
    limits = {quota.resource: quota.limit for quota in quotas.compute_quotas(cloud)}
    with pytest.raises(PortalError) as refused:
        calls.compute(cloud, "POST", "/servers", json={"server": wanted})
    assert (refused.value.id, refused.value.outcome) == ("cloud:quota", "refused")
    told = refused.value.params
    assert (told["resource"], told["limit"]) == ("cores", limits["cores"])
    assert told["requested"] == 100_000 * make.size.vcpus and told["used"] >= 0


def test_a_volume_beyond_the_quota_is_refused_in_numbers(cloud: Cloud, make: Maker) -> None:
    with pytest.raises(PortalError) as refused:
        volumes.create_volume(cloud, name=make.name(), size_gb=1_000_000)
    assert (refused.value.id, refused.value.params["requested"]) == ("cloud:quota", 1_000_000)
    assert refused.value.params["limit"] < 1_000_000


def test_what_neutron_has_no_quota_for_is_refused(cloud: Cloud, make: Maker) -> None:
    # Of routers a project may have the fewest: the same refusal as for addresses and groups, for ten calls.
    with pytest.raises(PortalError) as refused:
        for _ in range(30):
            router = calls.send(cloud, "network", "POST", "/routers", json={"router": {"name": make.name()}})
            make.undo(partial(calls.send, cloud, "network", "DELETE", f"/routers/{router['router']['id']}"))
    assert (refused.value.id, refused.value.outcome) == ("cloud:quota", "refused")
    assert refused.value.params["resource"] == "router"


def test_when_the_last_gpu_is_taken_there_is_no_valid_host(cloud: Cloud, make: Maker, place: Place) -> None:
    [size] = [one for one in flavors.list_flavors(cloud) if one.name == place.scarce]
    failed = None
    for _ in range(5):
        server_id = make.server(flavor_id=size.id, availability_zone=place.scarce_zone)
        seen = eventually(place, partial(servers.get_server, cloud, server_id), is_scheduled)
        if seen.status == "ERROR":
            failed = seen
            break
    assert failed is not None and failed.fault is not None, f"more than five of {size.name}"
    assert "No valid host was found" in failed.fault.message and failed.fault.code == 500
    assert (failed.vm_state, failed.task_state, failed.addresses) == ("error", None, ())


def is_scheduled(server: Server) -> bool:
    """On a host, or without one for good. What follows costs a real guest's boot, and tells nothing here."""
    return server.status != "BUILD" or server.task_state not in (None, "scheduling")


def test_free_gpus_are_told_or_withheld_and_never_guessed(cloud: Cloud) -> None:
    classes = [resource.resource_class for resource in cloud.config.portal.custom_resources]
    found = placement.gpu_availability(cloud, classes)
    assert found is None or [entry.resource_class for entry in found] == classes
    assert found is None or all(0 <= entry.used <= entry.total for entry in found)
