"""What the cloud is asked for: our marks and Exosphere's, the user-data, disk, network and rules."""

from collections.abc import Sequence

from django.conf import settings

from instances import userdata
from instances.exosphere import GUEST_KEY
from instances.mirror.adopt import tag_of
from instances.models import Instance
from instances.seat_spec import ShareData
from instances.specs import LaunchSpec
from instances.userdata_seat import SeatFiles
from portal.cloud.types import NewServer
from portal.core.errors import PortalError
from portal.core.seal import derive, unseal
from portal.operations.context import Context

# The account that Exosphere's images and people know.
USERNAME = "exouser"


def new_server(ctx: Context, row: Instance, spec: LaunchSpec, authorities: Sequence[str]) -> NewServer:
    """`authorities`: public keys of those whose SSH certificates it is to take."""
    return NewServer(
        name=spec.name,
        flavor_id=spec.flavor_id,
        image_id=spec.image_id,
        boot_volume_gb=spec.boot_volume_gb,
        network_ids=_given(ctx.progress["network_id"]),
        security_groups=_given(ctx.progress["security_group_id"]),
        key_name=ctx.progress["key_name"] or None,
        user_data=_user_data(ctx, row, spec, authorities),
        metadata={**row.metadata, GUEST_KEY: userdata.version()},
        tags=(tag_of(ctx.op.pk),),
    )


def _given(cloud_id: str) -> tuple[str, ...]:
    """Empty where the cloud leaves no choice."""
    return (cloud_id,) if cloud_id else ()


def _user_data(ctx: Context, row: Instance, spec: LaunchSpec, authorities: Sequence[str]) -> bytes:
    public_key = ctx.progress["public_key"]
    try:
        return userdata.build(
            instance_id=str(row.pk),
            username=USERNAME,
            ssh_keys=[public_key] if public_key else [],
            desktop=spec.desktop,
            boot_script=unseal(spec.sealed_boot_script) if spec.sealed_boot_script else "",
            push_url=settings.METRICS_PUSH_URL,
            metrics_key=derive("metrics", str(row.pk)),
            ca_public_keys=authorities,
            jump=spec.role == "jump",
            seat=_seat(ctx, spec),
        )
    except userdata.BadUserData as error:
        raise PortalError("portal:bad-input", reason=str(error)) from None


def _seat(ctx: Context, spec: LaunchSpec) -> SeatFiles | None:
    """Which of the volumes are this machine's own copies is known since `seat_data.prepare`."""
    if spec.seat is None:
        return None
    shares = [one for one in spec.seat.data if isinstance(one, ShareData) and one.sealed_key]
    keys = {one.folder: unseal(one.sealed_key) for one in shares}
    return SeatFiles(spec.seat, volumes=ctx.progress.get("copies", {}), keys=keys)
