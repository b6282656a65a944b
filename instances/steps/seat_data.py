"""A workshop's data on its seats: a volume that all attach, or a copy of it for each, which goes with the machine."""

from collections.abc import Iterator

from instances.models import Instance
from instances.seat_spec import VolumeData
from instances.specs import LaunchSpec
from portal.cloud import servers, volumes
from portal.cloud.types import Volume
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.models import Operation
from portal.operations.outcomes import Again, Next, Outcome

# What a copy carries, so that it is found again whatever died: the machine it is for, which data, whose workshop.
INSTANCE_KEY, FOLDER_KEY, WORKSHOP_KEY = "helioInstance", "helioFolder", "helioWorkshop"
# A copy of a large volume takes its time; then the machine goes on without, and says so. A refusal may be that of a
# volume which another seat is just being given.
_LONGEST_SECONDS, _REFUSED_SECONDS = 900.0, 60.0
_NOT_YET = frozenset({"creating", "downloading", "reserved", "attaching"})


def wanted(spec: LaunchSpec) -> list[VolumeData]:
    return [one for one in spec.seat.data if isinstance(one, VolumeData)] if spec.seat else []


def copies(ctx: Context, row: Instance, spec: LaunchSpec) -> dict[str, str]:
    """Folder -> id of this machine's own copy, found or asked for now: before the machine, which is told the ids."""
    own = [one for one in wanted(spec) if not one.shared]
    if not own or spec.seat is None:
        return {}
    known = {volume.metadata[FOLDER_KEY]: volume.id for volume in _of(ctx, row)}
    for data in own:
        if data.folder not in known:
            made = volumes.create_volume(
                ctx.cloud,
                name=f"{row.name[:180]}-{data.folder}",
                size_gb=data.size_gb,
                description=f"Copy of {data.name or data.volume_id} for a seat"[:255],
                metadata={
                    INSTANCE_KEY: str(row.pk),
                    FOLDER_KEY: data.folder,
                    WORKSHOP_KEY: str(spec.seat.workshop),
                },
                copy_of=data.volume_id,
            )
            known[data.folder] = made.id
    return known


def attach(ctx: Context, row: Instance, spec: LaunchSpec) -> Outcome:
    """Each volume on the machine once. What cannot be had is told, and the seat goes on without it."""
    since = ctx.op.step_since or ctx.op.created_at
    waited = (ctx.now - since).total_seconds()
    there = {one.volume_id for one in servers.attached_volumes(ctx.cloud, row.server_id)}
    missing = [
        (folder, volume_id, own) for folder, volume_id, own in _pairs(ctx, spec) if volume_id not in there
    ]
    waiting = [folder for folder, volume_id, own in missing if not _attached(ctx, row, volume_id, own)]
    refused = bool(ctx.progress.get("data_refused"))
    if waiting and waited < (_REFUSED_SECONDS if refused else _LONGEST_SECONDS):
        return Again(2, "Waiting for the workshop's data")
    for folder in waiting:
        ctx.note(f"The data {folder} could not be given to it {ctx.progress.get('data_refused', 'in time')}")
    return Next("address", "Giving it an address")


def _pairs(ctx: Context, spec: LaunchSpec) -> Iterator[tuple[str, str, bool]]:
    own: dict[str, str] = ctx.progress.get("copies") or {}
    for data in wanted(spec):
        yield (data.folder, data.volume_id if data.shared else own.get(data.folder, ""), not data.shared)


def _attached(ctx: Context, row: Instance, volume_id: str, own: bool) -> bool:
    """False: not yet, or not at all."""
    try:
        if volumes.get_volume(ctx.cloud, volume_id).status in _NOT_YET:
            return False
        servers.attach_volume(ctx.cloud, row.server_id, volume_id, dies_with_it=own)
    except PortalError as error:
        if error.outcome != "refused":
            raise
        ctx.remember(data_refused=f"({error.problem.title})")
        return False
    return True


def copies_gone(ctx: Context, row: Instance) -> bool:
    """Once the machine is gone, or never was: what is left of its copies is deleted. False: look again."""
    if not _had_copies(row):
        return True
    left = _of(ctx, row)
    for volume in left:
        if volume.status in ("available", "error"):
            try:
                volumes.delete_volume(ctx.cloud, volume.id)
            except PortalError as error:
                if error.outcome != "refused":
                    raise  # being deleted already, or gone, is what was wanted
    return not left


def _of(ctx: Context, row: Instance) -> list[Volume]:
    return [
        volume
        for volume in volumes.list_volumes(ctx.cloud)
        if volume.metadata.get(INSTANCE_KEY) == str(row.pk) and FOLDER_KEY in volume.metadata
    ]


def _had_copies(row: Instance) -> bool:
    launches = Operation.objects.filter(target_type="instance", target_id=str(row.pk), kind="instance.launch")
    spec = launches.order_by("-id").values_list("spec", flat=True).first() or {}
    data = (spec.get("seat") or {}).get("data") or []
    return any(one.get("kind") == "volume" and not one.get("shared") for one in data)
