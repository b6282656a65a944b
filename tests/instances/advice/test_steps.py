"""Releasing and deleting at the cloud: looked at first, safe to run twice, and never what is in use again."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from allocations.models import Allocation
from instances.advice import services, steps
from instances.models import CatalogueItem
from portal.accounts.models import User
from portal.cloud import networks, volumes
from portal.cloud.types import Attachment, FloatingIp, Volume
from portal.core.errors import PortalError
from portal.operations.models import Operation
from portal.operations.outcomes import Again, Done, Next
from tests.instances.advice.conftest import unused_volume


@dataclass
class Cloud:
    """What the cloud would answer, and what it was asked to do."""

    volume: Volume | None = None
    address: FloatingIp | None = None
    asked: list[str] = field(default_factory=list)

    def get_volume(self, cloud: object, id: str) -> Volume:
        if self.volume is None:
            raise PortalError("cloud:not-found")
        return self.volume

    def delete_volume(self, cloud: object, id: str) -> None:
        self.asked.append(f"delete {id}")

    def delete_floating_ip(self, cloud: object, id: str) -> None:
        self.asked.append(f"release {id}")
        self.address = None

    def list_floating_ips(self, cloud: object) -> list[FloatingIp]:
        return [self.address] if self.address else []


def a_volume(status: str = "available", **more: Any) -> Volume:
    return Volume(
        **{
            "id": "vol-1",
            "name": "data",
            "description": "",
            "status": status,
            "size_gb": 200,
            "bootable": False,
            "attachments": (),
            "metadata": {},
            "volume_type": "",
            "image_name": "",
            "user_id": "",
            "created": datetime(2026, 1, 1, tzinfo=UTC),
            **more,
        }
    )


def an_address(port_id: str | None = None) -> FloatingIp:
    return FloatingIp(
        id="ip-free",
        address="149.165.1.9",
        status="DOWN",
        port_id=port_id,
        fixed_address=None,
        server_id=None,
        description="",
        tags=(),
    )


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = Cloud()
    for name in ("get_volume", "delete_volume"):
        monkeypatch.setattr(volumes, name, getattr(made, name))
    for name in ("list_floating_ips", "delete_floating_ip"):
        monkeypatch.setattr(networks, name, getattr(made, name))
    read: list[str] = made.asked
    monkeypatch.setattr(steps, "read_kind", lambda allocation, cloud, kind: read.append(f"read {kind}"))
    return made


def context(allocation: Allocation, step: str = "start", target: str = "vol-1") -> Any:
    op = SimpleNamespace(target_id=target, target_name="data")
    return SimpleNamespace(op=op, step=step, cloud=object(), spec={"allocation": allocation.pk})


def test_a_volume_is_deleted_and_the_list_read_again_once_it_is_gone(
    allocation: Allocation, cloud: Cloud
) -> None:
    cloud.volume = a_volume()
    assert steps.delete_volume(context(allocation)) == Next("gone", "The cloud deletes it")
    cloud.volume = a_volume("deleting")
    assert isinstance(steps.delete_volume(context(allocation, "gone")), Again)
    cloud.volume = None
    assert steps.delete_volume(context(allocation, "gone")) == Done("data was deleted")
    assert cloud.asked == ["delete vol-1", "read volume"]


def test_a_lost_reply_is_looked_for_and_not_asked_twice(allocation: Allocation, cloud: Cloud) -> None:
    cloud.volume = a_volume("deleting")
    assert isinstance(steps.delete_volume(context(allocation)), Again)
    cloud.volume = None
    assert isinstance(steps.delete_volume(context(allocation)), Done)
    assert cloud.asked == ["read volume"]


@pytest.mark.parametrize(
    ("volume", "step", "told"),
    [
        (
            a_volume(
                "in-use", attachments=(Attachment(server_id="s", volume_id="vol-1", device="/dev/sdb"),)
            ),
            "start",
            "used",
        ),
        (a_volume("in-use"), "start", "used"),
        (a_volume("error_deleting"), "gone", "kept"),
    ],
    ids=["attached", "reserved", "kept"],
)
def test_what_is_used_again_or_cannot_go_stays_and_says_so(
    allocation: Allocation, cloud: Cloud, volume: Volume, step: str, told: str
) -> None:
    cloud.volume = volume
    with pytest.raises(PortalError) as refusal:
        steps.delete_volume(context(allocation, step))
    assert refusal.value.id == f"advice:volume-{told}" and cloud.asked == []


def test_a_cloud_that_is_away_is_not_taken_for_a_volume_that_is_gone(
    allocation: Allocation, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(cloud: object, id: str) -> Volume:
        raise PortalError("cloud:unavailable", outcome="retry")

    monkeypatch.setattr(volumes, "get_volume", away)
    with pytest.raises(PortalError):
        steps.delete_volume(context(allocation))
    assert cloud.asked == []


def test_an_address_is_released_once(allocation: Allocation, cloud: Cloud) -> None:
    cloud.address = an_address()
    assert isinstance(steps.release(context(allocation, target="ip-free")), Done)
    assert isinstance(steps.release(context(allocation, target="ip-free")), Done)
    assert cloud.asked == ["release ip-free", "read floating_ip", "read floating_ip"]


def test_an_address_that_a_machine_has_got_meanwhile_is_kept(allocation: Allocation, cloud: Cloud) -> None:
    cloud.address = an_address("port-1")
    with pytest.raises(PortalError) as refusal:
        steps.release(context(allocation, target="ip-free"))
    assert refusal.value.id == "advice:address-used" and cloud.asked == []


class TestAsking:
    def test_what_is_in_use_by_the_mirror_is_refused_before_anything_is_asked(
        self, allocation: Allocation, pi: User
    ) -> None:
        unused_volume(allocation, "busy", status="in-use")
        with pytest.raises(PortalError) as refusal:
            services.delete_volume(allocation=allocation, by=pi, volume_id="busy")
        assert refusal.value.id == "advice:volume-used"
        with pytest.raises(PortalError) as refusal:
            services.release_address(allocation=allocation, by=pi, address_id="ip-used")
        assert refusal.value.id == "advice:address-used"
        assert not Operation.objects.exists()

    def test_what_is_of_another_allocation_is_unknown(self, allocation: Allocation, pi: User) -> None:
        CatalogueItem.objects.filter(kind="floating_ip").delete()
        with pytest.raises(PortalError) as refusal:
            services.release_address(allocation=allocation, by=pi, address_id="ip-free")
        assert refusal.value.id == "advice:unknown"

    def test_members_see_what_is_done_and_who_manages_may_stop_it(
        self, allocation: Allocation, pi: User, member: User, stranger: User
    ) -> None:
        from instances.advice.handlers import may_access

        op = services.release_address(allocation=allocation, by=pi, address_id="ip-free")
        assert may_access(member, op, False) and not may_access(member, op, True)
        assert may_access(pi, op, True)
        assert not may_access(stranger, op, False)
