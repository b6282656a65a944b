"""Quotas, free GPUs and service units."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from portal.cloud import accounting, placement, quotas
from portal.cloud.connection import Cloud
from portal.cloud.types import GpuAvailability, Quota
from portal.core.errors import PortalError
from tests.portal.cloud.stub import PROJECT, Answer, Stub

NOVA = {
    "maxTotalCores": 132,
    "totalCoresUsed": 1,
    "maxTotalInstances": 25,
    "totalInstancesUsed": 1,
    "maxTotalRAMSize": -1,
    "totalRAMUsed": 512,
    "maxTotalKeypairs": 100,
}
CINDER = {
    "maxTotalVolumes": 10,
    "totalVolumesUsed": 3,
    "maxTotalVolumeGigabytes": 1000,
    "totalGigabytesUsed": 40,
    "maxTotalSnapshots": 10,
    "totalSnapshotsUsed": 0,
}
NEUTRON = {
    "floatingip": {"limit": 10, "used": 2, "reserved": 0},
    "network": {"limit": 1, "used": 1, "reserved": 0},
}
DETAILS = f"/network/v2.0/quotas/{PROJECT}/details"
CANDIDATES = "/placement/allocation_candidates"


def everything(stub: Stub) -> None:
    stub.compute("GET", "/limits", Answer(200, {"limits": {"rate": [], "absolute": NOVA}}))
    stub.on("GET", f"/volume/v3/{PROJECT}/limits", Answer(200, {"limits": {"rate": [], "absolute": CINDER}}))
    stub.on("GET", DETAILS, Answer(200, {"quota": NEUTRON}))


def test_quotas_of_all_services_in_our_names(cloud: Cloud, stub: Stub) -> None:
    everything(stub)
    found = {quota.resource: quota for quota in quotas.list_quotas(cloud)}
    assert set(found) == {"instances", "cores", "ram_mb", "volumes", "volume_gb", "snapshots", "floating_ips"}
    assert found["cores"] == Quota(resource="cores", limit=132, used=1)
    assert found["volume_gb"].free == 960
    assert found["floating_ips"] == Quota(resource="floating_ips", limit=10, used=2)


def test_minus_one_is_unlimited(cloud: Cloud, stub: Stub) -> None:
    everything(stub)
    found = {quota.resource: quota for quota in quotas.compute_quotas(cloud)}
    assert found["ram_mb"].limit is None and found["ram_mb"].free is None


def test_more_used_than_allowed_leaves_nothing_free() -> None:
    assert Quota(resource="cores", limit=10, used=12).free == 0


@pytest.mark.parametrize("status", [403, 404, 501])
def test_a_service_that_does_not_tell_adds_nothing(cloud: Cloud, stub: Stub, status: int) -> None:
    everything(stub)
    stub.on("GET", DETAILS, Answer(status, {}))
    assert "floating_ips" not in {quota.resource for quota in quotas.list_quotas(cloud)}


def test_a_service_that_is_down_is_no_absent_service(cloud: Cloud, stub: Stub) -> None:
    everything(stub)
    stub.on("GET", DETAILS, Answer(503))
    with pytest.raises(PortalError) as down:
        quotas.list_quotas(cloud)
    assert down.value.id == "cloud:unavailable"


def candidates(**summaries: dict[str, Any]) -> Answer:
    return Answer(200, {"allocation_requests": [], "provider_summaries": summaries})


def test_free_gpus_are_counted_over_hosts(cloud: Cloud, stub: Stub) -> None:
    gpu = "CUSTOM_GPU_A100"
    stub.on(
        "GET",
        CANDIDATES,
        candidates(
            one={"resources": {gpu: {"capacity": 4, "used": 1}, "VCPU": {"capacity": 128, "used": 5}}},
            two={"resources": {gpu: {"capacity": 2, "used": 0}}},
            three={"resources": {"VCPU": {"capacity": 128, "used": 5}}},
        ),
    )
    [found] = placement.gpu_availability(cloud, [gpu]) or []
    assert found == GpuAvailability(resource_class=gpu, total=6, used=1)
    assert found.free == 5
    assert stub.only("GET", CANDIDATES).query == {"resources": f"{gpu}:1", "limit": "1000"}


def test_no_host_with_a_free_gpu_is_none_free(cloud: Cloud, stub: Stub) -> None:
    stub.on("GET", CANDIDATES, candidates())
    [found] = placement.gpu_availability(cloud, ["CUSTOM_GPU_A100"]) or []
    assert found.free == 0


def test_where_users_may_not_ask_nothing_is_known(cloud: Cloud, stub: Stub) -> None:
    stub.on("GET", CANDIDATES, Answer(403, {"errors": [{"status": 403, "title": "Forbidden"}]}))
    assert placement.gpu_availability(cloud, ["CUSTOM_GPU_A100"]) is None


def test_a_placement_service_in_trouble_is_an_error(cloud: Cloud, stub: Stub) -> None:
    stub.on("GET", CANDIDATES, Answer(500))
    with pytest.raises(PortalError):
        placement.gpu_availability(cloud, ["CUSTOM_GPU_A100"])


def entry(**changes: Any) -> dict[str, Any]:
    return {
        "description": "Genome assembly of prairie grasses",
        "abstract": "…",
        "service_units_allocated": 200000.0,
        "service_units_used": 1234.56,
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
        "resource": "jetstream2.indiana.xsede.org",
        "active": 1,
    } | changes


def accounted(cloud: Cloud, stub: Stub, *rows: dict[str, Any]) -> Any:
    stub.on("GET", "/accounting", Answer(200, list(rows)))
    return accounting.entries(cloud)


def test_service_units_are_read_exactly(cloud: Cloud, stub: Stub) -> None:
    [found] = accounted(cloud, stub, entry(service_units_used=0.1))
    assert (found.awarded, found.used) == (Decimal("200000.0"), Decimal("0.1"))
    assert (found.resource, found.active, found.title) == ("cpu", True, "Genome assembly of prairie grasses")
    assert (found.starts_on, found.ends_on) == (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("jetstream2.indiana.access-ci.org", "cpu"),
        ("jetstream2-gpu.indiana.xsede.org", "gpu"),
        ("jetstream3.moon.example", None),
    ],
)
def test_resources_are_named_by_configuration_and_unknown_ones_kept(
    cloud: Cloud, stub: Stub, name: str, kind: str | None
) -> None:
    [found] = accounted(cloud, stub, entry(resource=name))
    assert (found.resource, found.provider_resource) == (kind, name)


def test_nothing_used_yet_is_not_zero_used(cloud: Cloud, stub: Stub) -> None:
    assert accounted(cloud, stub, entry(service_units_used=None))[0].used is None


def test_past_periods_are_told_too(cloud: Cloud, stub: Stub) -> None:
    past = entry(active=0, start_date="2025-01-01T00:00:00Z", end_date="2025-12-31T00:00:00Z")
    assert [found.active for found in accounted(cloud, stub, past, entry())] == [False, True]


@pytest.mark.parametrize(
    "broken", [{"active": 2}, {"active": "yes"}, {"end_date": "soon"}, {"service_units_allocated": "much"}]
)
def test_an_entry_that_cannot_be_read_is_an_error(cloud: Cloud, stub: Stub, broken: dict[str, Any]) -> None:
    with pytest.raises(PortalError) as odd:
        accounted(cloud, stub, entry(**broken))
    assert odd.value.id == "cloud:bad-answer"


def test_an_accounting_service_in_trouble_is_not_an_empty_allocation(cloud: Cloud, stub: Stub) -> None:
    stub.on("GET", "/accounting", Answer(500))
    with pytest.raises(PortalError):
        accounting.entries(cloud)


def test_a_cloud_without_accounting_has_no_entries(
    cloud: Cloud, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cloud, "endpoint", lambda self, kind: None)
    assert accounting.entries(cloud) == []
    assert stub.seen == []
