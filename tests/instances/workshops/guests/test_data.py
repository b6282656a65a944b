"""What a workshop gives its seats to read, and what stands in the way of seats as such."""

from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances import lacking
from instances.models import CatalogueItem
from instances.seat_spec import VolumeData
from instances.workshops.guests import data, preflight
from instances.workshops.guests.seat_spec import spec_of
from instances.workshops.models import Workshop
from portal.core.errors import PortalError
from portal.core.seal import seal, unseal

pytestmark = pytest.mark.django_db


def volume(allocation: Allocation, volume_id: str, **changes: Any) -> None:
    given = {
        "id": volume_id,
        "name": f"the {volume_id}",
        "description": "",
        "status": "available",
        "size_gb": 40,
        "bootable": False,
        "attachments": [],
        "metadata": {},
        "volume_type": "ssd",
        "image_name": "",
        "user_id": "u",
        "created": "2026-03-01T00:00:00+00:00",
        "multiattach": False,
    }
    CatalogueItem.objects.create(
        allocation=allocation,
        kind="volume",
        cloud_id=volume_id,
        name=str(given["name"]),
        data={**given, **changes},
        seen_at=timezone.now(),
    )


def chosen(workshop: Workshop, volume_id: str = "v-1", *, sudo: bool = False) -> VolumeData:
    return data.volume_of(workshop.allocation, volume_id=volume_id, folder="maps", sudo=sudo)


def refusal(call: Any) -> str:
    with pytest.raises(PortalError) as refused:
        call()
    assert refused.value.id == "workshops:bad-data"
    return str(refused.value.params["reason"])


class TestVolumes:
    def test_one_that_many_may_have_is_shared_and_costs_nothing_more(self, workshop: Workshop) -> None:
        volume(workshop.allocation, "v-1", multiattach=True)
        found = chosen(workshop)
        assert found.shared and found.size_gb == 40
        workshop.data = data.checked([found])
        assert data.extra(workshop) == (0, 0)

    def test_any_other_is_copied_for_each_seat_and_counted(self, workshop: Workshop) -> None:
        volume(workshop.allocation, "v-1")
        found = chosen(workshop)
        assert not found.shared
        workshop.data = data.checked([found])
        assert data.extra(workshop) == (1, 40)

    def test_administrators_get_copies_because_they_could_write_to_the_device(
        self, workshop: Workshop
    ) -> None:
        volume(workshop.allocation, "v-1", multiattach=True)
        assert not chosen(workshop, sudo=True).shared

    def test_one_of_another_project_cannot_be_chosen(
        self, workshop: Workshop, other_allocation: Allocation
    ) -> None:
        volume(other_allocation, "v-1")
        assert "no such volume" in refusal(lambda: chosen(workshop))

    def test_a_folder_that_leads_elsewhere_is_refused(self, workshop: Workshop) -> None:
        volume(workshop.allocation, "v-1")
        assert "folder" in refusal(
            lambda: data.volume_of(workshop.allocation, volume_id="v-1", folder="../etc", sudo=False)
        )


class TestShares:
    def test_its_key_is_sealed(self) -> None:
        found = data.share_of(
            protocol="cephfs", hosts="m1, m2", path="/x", folder="big", user="course", key="AQBx/+=="
        )
        assert found.hosts == "m1,m2"
        assert "AQBx" not in found.model_dump_json() and unseal(found.sealed_key) == "AQBx/+=="

    @pytest.mark.parametrize(
        "changes",
        [{"user": ""}, {"key": ""}, {"key": "a b"}, {"path": "x"}, {"hosts": "a;b"}, {"folder": ""}],
    )
    def test_what_cannot_be_opened_is_refused(self, changes: dict[str, str]) -> None:
        given: dict[str, Any] = {
            "hosts": "m1",
            "path": "/x",
            "folder": "big",
            "user": "course",
            "key": "AQBx==",
        }
        assert refusal(lambda: data.share_of(protocol="cephfs", **{**given, **changes}))

    def test_two_at_one_place_are_refused(self) -> None:
        one = data.share_of(protocol="nfs", hosts="h", path="/a", folder="big")
        other = data.share_of(protocol="nfs", hosts="h", path="/b", folder="big")
        assert "/data/big" in refusal(lambda: data.checked([one, other]))


class TestPreflight:
    def test_an_ordinary_workshop_has_nothing_in_its_way(self, workshop: Workshop) -> None:
        assert preflight.problems(workshop) == [] and preflight.notes(workshop) == []

    def test_a_login_that_machines_have_already_is_refused(self, workshop: Workshop) -> None:
        workshop.login = "root"
        [problem] = preflight.problems(workshop)
        assert problem.id == "workshops:bad-seat" and "account" in problem.params["reason"]
        with pytest.raises(PortalError):
            spec_of(workshop)

    def test_a_script_that_is_too_long_is_told_before_anything_is_launched(self, workshop: Workshop) -> None:
        workshop.sealed_boot_script = seal("x" * 30_000)
        [problem] = preflight.problems(workshop)
        assert "24 KiB" in problem.params["reason"]

    def test_more_than_the_cloud_takes_is_told_with_how_much(self, workshop: Workshop) -> None:
        import random

        noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=24_000))
        workshop.sealed_boot_script = seal(noise)
        shares = [
            data.share_of(protocol="cephfs", hosts="m", path="/x", folder=f"f{n}", user="u", key="A" * 900)
            for n in range(30)
        ]
        workshop.data = data.checked(shares)
        [problem] = preflight.problems(workshop)
        assert "bytes too long" in problem.params["reason"]

    def test_a_cloud_without_firewall_rules_cannot_keep_seats_apart(
        self, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lacking, "has", lambda allocation, feature: feature != "firewall")
        assert [problem.id for problem in preflight.problems(workshop)] == ["workshops:no-isolation"]

    def test_a_volume_that_is_gone_or_has_changed_is_told(self, workshop: Workshop) -> None:
        volume(workshop.allocation, "v-1", multiattach=True)
        workshop.data = data.checked([chosen(workshop)])
        assert preflight.problems(workshop) == []
        workshop.sudo = True
        [problem] = preflight.problems(workshop)
        assert "could write" in problem.params["reason"]
        workshop.sudo = False
        CatalogueItem.objects.all().delete()
        [problem] = preflight.problems(workshop)
        assert "not there any more" in problem.params["reason"]

    def test_what_administrators_can_read_is_said(self, workshop: Workshop) -> None:
        workshop.sudo = True
        assert "can read the boot script" in preflight.notes(workshop)[0]
