"""Accepting a launch: all checks, then one row and one operation per machine, in one transaction."""

from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from allocations.access import allocation_by_id
from allocations.models import Allocation
from allocations.roles import Need
from instances import exosphere, hooks_launch
from instances.catalogue import gpus_of
from instances.models import Instance
from instances.seat_spec import SeatSpec
from instances.services.preview import Preview, preview
from instances.specs import LaunchRequest, LaunchSpec, Role
from instances.statuses import REQUESTED
from portal.accounts.models import CloudLink, User
from portal.cloud.config import clouds
from portal.core import audit, bulk
from portal.core.ids import uuid7
from portal.core.seal import seal
from portal.operations import idempotency
from portal.operations import services as operations
from portal.operations.models import Operation
from portal.operations.services import Wanted


@transaction.atomic
def launch(
    *, allocation: Allocation, by: User, request: LaunchRequest, idempotency_key: str = "", role: Role = ""
) -> list[Operation]:
    """One operation per machine. PortalError with numbers when it cannot be; nothing is stored then.

    The same key with the same request gives the operations of the first time.
    """
    allocation = allocation_by_id(by, allocation.pk, Need.LAUNCH)
    # Two launches at once must not both take the last room: the second waits here and then counts the first.
    Allocation.objects.select_for_update(no_key=True).get(pk=allocation.pk)
    return idempotency.once(
        user=by,
        key=idempotency_key,
        request={
            "launch": allocation.pk,
            **request.model_dump(mode="json"),
            **({"role": role} if role else {}),
        },
        submit=lambda: _launch(allocation, by, request, role),
    )


def _launch(allocation: Allocation, by: User, request: LaunchRequest, role: Role) -> list[Operation]:
    plan = preview(allocation=allocation, by=by, request=request)
    if plan.problems:
        raise plan.problems[0]
    batch = uuid7()
    machines = rows_of(allocation, by, request, plan, role)
    bulk.insert(machines)
    hooks_launch.apply(allocation, by, machines, request.extras)
    found = operations.submit_many(
        kind="instance.launch",
        by=by,
        cloud=allocation.cloud,
        region=allocation.region,
        project_id=allocation.project_id,
        target_type="instance",
        wanted=wanted_of(request, plan, machines, role),
        batch=batch,
    )
    audit.record(
        "instance.launch",
        by=by,
        scope=f"allocation.{allocation.pk}",
        target_type="instance",
        target_id=machines[0].pk,
        target_name=request.name,
        count=request.count,
        flavor=machines[0].flavor_name,
        image=machines[0].image_name,
        batch=str(batch),
        su_per_hour=str(plan.su_per_hour),
        **({"role": role} if role else {}),
    )
    return found


def rows_of(
    allocation: Allocation,
    owner: User,
    request: LaunchRequest,
    plan: Preview,
    role: Role,
    *,
    names: Sequence[str] = (),
    marks: Mapping[str, str] | None = None,
) -> list[Instance]:
    """The rows of a launch, not stored yet. `names`: others than the launch has; `marks`: further metadata."""
    assert plan.flavor is not None and plan.image is not None
    now = timezone.now()
    flavor, image = plan.flavor, plan.image
    creator = _creator(allocation, owner)
    made = []
    for name in names or plan.names:
        machine = Instance(
            allocation=allocation,
            name=name,
            owner=owner,
            creator_name=creator,
            status=REQUESTED,
            flavor_name=flavor.name,
            vcpus=flavor.vcpus,
            ram_mb=flavor.ram_mb,
            disk_gb=request.boot_volume_gb or flavor.disk_gb,
            gpus=gpus_of(flavor.extra_specs, clouds().cloud(allocation.cloud).portal),
            image_id=image.id,
            image_name=image.name,
            volume_backed=request.boot_volume_gb is not None,
            key_name=request.key_name,
            created_at=now,
            state_since=now,
        )
        machine.metadata = exosphere.metadata_of(
            client=str(uuid5(NAMESPACE_URL, settings.SITE_URL)),
            creator=creator,
            instance_id=str(machine.pk),
            desktop=request.desktop,
            address=request.address,
            floating_ip_id=request.floating_ip_id,
            role=role,
        )
        machine.metadata |= marks or {}
        made.append(machine)
    return made


def _creator(allocation: Allocation, by: User) -> str:
    """The person's Keystone name, which is what Exosphere shows and compares."""
    link = CloudLink.objects.filter(user=by, cloud=allocation.cloud).first()
    return (link.cloud_user_name if link else "") or by.access_id or by.username


def wanted_of(
    request: LaunchRequest,
    plan: Preview,
    machines: Sequence[Instance],
    role: Role,
    *,
    seat: SeatSpec | None = None,
    asked_by: str = "",
) -> list[Wanted]:
    """What the operation of each machine keeps: the same for all, but for name and number."""
    assert plan.flavor is not None and plan.image is not None
    shared = LaunchSpec(
        name=request.name,
        number=1,
        count=request.count,
        image_id=request.image_id,
        image_name=machines[0].image_name,
        flavor_id=request.flavor_id,
        flavor_name=plan.flavor.name,
        vcpus=plan.flavor.vcpus,
        boot_volume_gb=request.boot_volume_gb,
        network_id=request.network_id,
        address=request.address,
        floating_ip_id=request.floating_ip_id,
        key_name=request.key_name,
        public_key=request.public_key.strip(),
        desktop=request.desktop,
        sealed_boot_script=seal(request.boot_script) if request.boot_script.strip() else "",
        role=role,
        seat=seat,
        asked_by=asked_by,
    ).model_dump(mode="json")
    return [
        Wanted(machine.pk, machine.name, {**shared, "name": machine.name, "number": number})
        for number, machine in enumerate(machines, start=1)
    ]
