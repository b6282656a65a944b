"""The mirror: from servers to rows, with as few writes and as many refusals as it takes."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from allocations.models import Allocation, LedgerEntry
from instances.mirror.apply import apply
from instances.models import CatalogueItem, Instance
from instances.steps.link import link_server
from portal.accounts.models import User
from portal.operations import services as operations
from portal.operations.models import Operation
from tests.cast import make_user
from tests.instances.servers import LONG_AGO, fixed, floating, server


def take(allocation: Allocation, *servers: Any, **options: Any) -> Any:
    return apply(allocation, servers, began=timezone.now(), **options)


def requested(allocation: Allocation, by: User, name: str = "lab") -> tuple[Instance, Operation]:
    """A machine that was asked for, and its launch."""
    now = timezone.now()
    row = Instance.objects.create(allocation=allocation, name=name, owner=by, created_at=now, state_since=now)
    launch = operations.submit(
        kind="instance.launch",
        by=by,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="instance",
        target_id=row.pk,
        target_name=name,
        spec={},
    )
    return row, launch


def test_a_server_made_elsewhere_becomes_a_row(allocation: Allocation) -> None:
    take(allocation, server("from-horizon", addresses=(fixed("10.0.0.5"), floating("149.165.1.2"))))
    row = Instance.objects.get()
    assert (row.name, row.status, row.owner, row.version) == ("from-horizon", "ACTIVE", None, 1)
    assert (row.public_address, row.private_address) == ("149.165.1.2", "10.0.0.5")
    assert row.created_at == LONG_AGO


def test_a_reading_without_news_writes_nothing(
    allocation: Allocation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = server()
    take(allocation, found)
    with django_assert_num_queries(1):
        again = take(allocation, found)
    assert again.ids == []
    assert Instance.objects.get().version == 1


def test_only_changed_rows_get_a_new_version(allocation: Allocation) -> None:
    one, two = server("one"), server("two")
    take(allocation, one, two)
    take(allocation, one, replace(two, status="SHUTOFF", vm_state="stopped"))
    versions = dict(Instance.objects.values_list("name", "version"))
    assert versions == {"one": 1, "two": 2}


def test_a_later_update_alone_is_no_news(allocation: Allocation) -> None:
    found = server()
    take(allocation, found)
    assert take(allocation, replace(found, updated=found.updated + timedelta(hours=1))).ids == []


def test_the_clock_of_a_state_starts_when_the_state_changes(allocation: Allocation) -> None:
    found = server()
    take(allocation, found)
    started = Instance.objects.get().state_since
    take(allocation, replace(found, name="renamed"))
    assert Instance.objects.get().state_since == started
    take(allocation, replace(found, name="renamed", task_state="powering-off"))
    assert Instance.objects.get().state_since > started


@pytest.mark.parametrize("rows", [1, 20, 500])
@pytest.mark.parametrize("changed", [0, 1])
def test_queries_do_not_grow_with_the_servers(
    allocation: Allocation, rows: int, changed: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    found = [server(f"s{number}", volume_ids=(f"volume-{number}",)) for number in range(rows)]
    take(allocation, *found)
    news = [replace(one, status="SHUTOFF", vm_state="stopped") for one in found] if changed else found
    with django_assert_num_queries(13 if changed else 1):
        take(allocation, *news, complete=True)
    assert Instance.objects.filter(status="SHUTOFF").count() == rows * changed


def test_charging_many_machines_of_many_people_takes_no_more_queries(
    allocation: Allocation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = [make_user(f"person{number}") for number in range(30)]
    found = [server(f"s{number}") for number in range(30)]
    take(allocation, *found)
    for row, owner in zip(Instance.objects.all(), people, strict=True):
        row.owner, row.charged_until = owner, timezone.now() - timedelta(hours=1)
        row.save()
    with django_assert_num_queries(13):
        take(allocation, *(replace(one, status="SHUTOFF", vm_state="stopped") for one in found))
    assert set(LedgerEntry.objects.values_list("owner_name", flat=True)) == {str(one) for one in people}


def test_a_machine_deleted_elsewhere_is_charged_until_it_ended(allocation: Allocation) -> None:
    found = server()
    take(allocation, found)
    now = timezone.now()
    Instance.objects.update(charged_until=now - timedelta(hours=3))
    ended = now - timedelta(hours=2)
    take(allocation, replace(found, status="DELETED", terminated_at=ended, updated=ended))
    assert LedgerEntry.objects.get().ends_at == ended
    assert Instance.objects.get().deleted_at == ended


def test_a_deletion_that_the_cloud_dates_before_the_last_charge_takes_nothing_back(
    allocation: Allocation,
) -> None:
    found = server()
    take(allocation, found)
    ended = timezone.now() - timedelta(hours=2)
    take(allocation, replace(found, status="DELETED", terminated_at=ended, updated=timezone.now()))
    assert not LedgerEntry.objects.exists()


def test_first_readings_take_the_same_queries_for_any_number(
    allocation: Allocation, other_allocation: Allocation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(11):
        take(allocation, server())
    many = [server(f"s{number}", project_id=other_allocation.project_id) for number in range(300)]
    with django_assert_num_queries(11):
        take(other_allocation, *many)


def test_a_launched_server_finds_the_row_that_asked_for_it(allocation: Allocation, member: User) -> None:
    row, launch = requested(allocation, member)
    made = server(tags=(f"op:{launch.pk}",), status="BUILD", vm_state="building")
    take(allocation, made)
    row.refresh_from_db()
    assert (row.server_id, row.status, row.owner) == (made.id, "BUILD", member)
    assert Instance.objects.count() == 1


def test_the_mirror_and_the_launch_may_both_be_first(allocation: Allocation, member: User) -> None:
    row, launch = requested(allocation, member)
    made = server(tags=(f"op:{launch.pk}",))
    take(allocation, made)
    link_server(Instance.objects.get(pk=row.pk), made.id)
    take(allocation, made)
    assert Instance.objects.get().server_id == made.id

    other, second = requested(allocation, member, "second")
    twin = server("second", tags=(f"op:{second.pk}",))
    link_server(other, twin.id)
    take(allocation, twin)
    assert Instance.objects.filter(server_id=twin.id).count() == 1


def test_a_row_that_the_mirror_made_too_early_goes_when_the_launch_knows_better(
    allocation: Allocation, member: User
) -> None:
    row, _ = requested(allocation, member)
    untagged = server()
    take(allocation, untagged)
    link_server(row, untagged.id)
    assert Instance.objects.get().pk == row.pk


@pytest.mark.parametrize(
    "tag", ["op:", "op:nonsense", "op:c734ff62-8930-4106-9b29-206c5d2171ee", "operation"]
)
def test_a_tag_that_names_no_launch_adopts_nothing(allocation: Allocation, member: User, tag: str) -> None:
    row, _ = requested(allocation, member)
    take(allocation, server(tags=(tag,)))
    row.refresh_from_db()
    assert row.server_id == ""
    assert Instance.objects.count() == 2


def test_a_tag_of_another_project_adopts_nothing(
    allocation: Allocation, other_allocation: Allocation, member: User
) -> None:
    row, launch = requested(allocation, member)
    take(other_allocation, server(tags=(f"op:{launch.pk}",), project_id=other_allocation.project_id))
    row.refresh_from_db()
    assert row.server_id == ""


def test_a_second_server_with_the_tag_stays_a_stranger(allocation: Allocation, member: User) -> None:
    row, launch = requested(allocation, member)
    first, copy = server(tags=(f"op:{launch.pk}",)), server("copy", tags=(f"op:{launch.pk}",))
    take(allocation, first)
    take(allocation, first, copy)
    row.refresh_from_db()
    assert row.server_id == first.id
    assert Instance.objects.get(name="copy").owner is None


def test_servers_of_other_projects_are_not_let_in(allocation: Allocation) -> None:
    take(allocation, server(project_id="somebody-elses"))
    assert not Instance.objects.exists()


def test_image_and_volumes_get_their_names_from_the_catalogue(allocation: Allocation) -> None:
    def item(kind: str, cloud_id: str, data: dict[str, Any]) -> None:
        CatalogueItem.objects.create(
            allocation=allocation,
            kind=kind,
            cloud_id=cloud_id,
            name=data["name"],
            data=data,
            seen_at=timezone.now(),
        )

    root = {"name": "root", "size_gb": 60, "attachments": [{"device": "/dev/vda"}], "image_name": "Debian"}
    item("image", "image-1", {"name": "Featured-Ubuntu24"})
    item("volume", "v-1", root)
    take(allocation, server("one"), server("two", image_id=None, volume_ids=("v-1",), disk_gb=20))
    one, two = Instance.objects.order_by("name")
    assert one.image_name == "Featured-Ubuntu24"
    assert (two.volume_backed, two.disk_gb, two.image_name) == (True, 60, "Debian")
    assert two.volumes[0]["boot"] is True


def test_a_deleted_server_of_an_incremental_reading_ends_its_row(allocation: Allocation) -> None:
    found = server()
    take(allocation, found)
    ended = LONG_AGO + timedelta(days=1)
    take(allocation, replace(found, status="DELETED", vm_state="deleted", terminated_at=ended))
    row = Instance.objects.get()
    assert (row.status, row.deleted_at) == ("DELETED", ended)


def test_a_server_that_was_deleted_before_it_was_ever_seen_makes_no_row(allocation: Allocation) -> None:
    take(allocation, server(status="DELETED", terminated_at=LONG_AGO))
    assert not Instance.objects.exists()


def test_an_old_list_does_not_raise_a_deleted_machine_from_the_dead(allocation: Allocation) -> None:
    found = server()
    take(allocation, found)
    Instance.objects.update(deleted_at=timezone.now(), status="DELETED")
    take(allocation, found)
    assert Instance.objects.get().deleted_at is not None


def test_what_a_worker_learnt_after_the_reading_began_stays(allocation: Allocation) -> None:
    found = server()
    began = timezone.now()
    take(allocation, replace(found, status="SHUTOFF"))
    apply(allocation, [found], began=began)
    assert Instance.objects.get().status == "SHUTOFF"


def test_only_a_complete_reading_finds_missing_machines(allocation: Allocation) -> None:
    here, gone = server("here"), server("gone")
    take(allocation, here, gone)
    assert take(allocation, here).missing == []
    assert [row.name for row in take(allocation, here, complete=True).missing] == ["gone"]


def test_a_machine_made_while_the_list_was_on_its_way_is_not_missing(
    allocation: Allocation, member: User
) -> None:
    began = timezone.now()
    row, _ = requested(allocation, member)
    link_server(row, "made-just-now")
    assert apply(allocation, [], began=began, complete=True).missing == []


def test_hostile_text_is_cut_and_cleaned(allocation: Allocation) -> None:
    nasty = "<script>\x00\x1b[31m" + "ü" * 500
    take(
        allocation,
        server(
            name=nasty,
            metadata={nasty: nasty, "exoSetup": '{"status":["x"]}', "exoServerVersion": "9" * 40},
            tags=(nasty,),
            security_groups=(nasty,),
            addresses=(fixed("not-an-address"),),
            status="S" * 99,
        ),
    )
    row = Instance.objects.get()
    assert row.name.startswith("<script>[31mü")
    assert len(row.name) == 255
    assert len(row.status) == 32
    assert row.addresses == []
    assert "\x00" not in f"{row.metadata}{row.tags}{row.security_groups}"


def test_passphrases_in_tags_and_metadata_are_not_copied(allocation: Allocation) -> None:
    take(
        allocation,
        server(tags=("exoPw:correct horse battery", "mine"), metadata={"exouserPassword": "horse", "a": "b"}),
    )
    row = Instance.objects.get()
    assert row.tags == ["mine"]
    assert row.metadata == {"a": "b"}


def test_a_status_nobody_has_heard_of_is_kept_and_shown(allocation: Allocation) -> None:
    take(allocation, server(status="TELEPORTING"))
    assert Instance.objects.get().status == "TELEPORTING"


def test_setup_moves_forwards_only(allocation: Allocation) -> None:
    def with_setup(status: str) -> dict[str, str]:
        return {"exoServerVersion": "6", "exoSetup": f'{{"status":"{status}","epoch":null}}'}

    found = server(metadata=with_setup("running"))
    take(allocation, found)
    assert Instance.objects.get().setup_status == "running"
    take(allocation, replace(found, metadata=with_setup("waiting")))
    assert Instance.objects.get().setup_status == "running"
    take(allocation, replace(found, metadata=with_setup("complete")))
    assert Instance.objects.get().setup_status == "complete"


def test_a_change_wakes_the_operation_that_waits_for_it(allocation: Allocation, member: User) -> None:
    row, launch = requested(allocation, member)
    made = server(tags=(f"op:{launch.pk}",), status="BUILD")
    take(allocation, made)
    later = timezone.now() + timedelta(hours=1)
    Operation.objects.filter(pk=launch.pk).update(state="waiting", run_after=later)
    take(allocation, made)
    launch.refresh_from_db()
    assert launch.state == "waiting"
    take(allocation, replace(made, status="ACTIVE"))
    launch.refresh_from_db()
    assert launch.state == "queued"
    assert row.pk


def test_changed_machines_are_pushed_after_the_commit(
    allocation: Allocation, django_capture_on_commit_callbacks: Any
) -> None:
    with patch("instances.live.push") as push, django_capture_on_commit_callbacks(execute=True):
        take(allocation, server())
    push.assert_called_once_with([str(Instance.objects.get().pk)])


def test_a_change_of_state_charges_what_came_before_it(allocation: Allocation) -> None:
    found = server()
    take(allocation, found)
    Instance.objects.update(charged_until=timezone.now() - timedelta(hours=2))
    take(allocation, replace(found, status="SHUTOFF"))
    entry = LedgerEntry.objects.get()
    assert (entry.status, entry.resource, int(entry.su)) == ("ACTIVE", "cpu", 4)
    assert allocation.pk == entry.allocation_id


def test_a_new_or_deleted_machine_has_the_quota_read_again(allocation: Allocation) -> None:
    found = server()
    take(allocation, found)
    allocation.refresh_from_db()
    assert allocation.refresh_after is not None
    Allocation.objects.update(refresh_after=None)
    take(allocation, replace(found, name="renamed"))
    allocation.refresh_from_db()
    assert allocation.refresh_after is None
