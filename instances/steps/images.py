"""An image of a machine, marked with its operation so that a lost reply does not make a second one."""

from instances.actions import ACTIONS
from instances.exosphere import IMAGE_MARK
from instances.mirror.catalogue import read_kind
from instances.models import CatalogueItem, Instance
from instances.steps.machine import busy, look, machine, wait
from portal.cloud import images, servers
from portal.cloud.types import Image
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Done, Next, Outcome

MARK = "helio_operation"
_LONGEST = ACTIONS["snapshot"].longest_seconds
_LOST = frozenset({"killed", "deleted", "pending_delete", "deactivated"})


def snapshot(ctx: Context) -> Outcome:
    row = machine(ctx)
    return _ask(ctx, row) if ctx.step == "start" else _follow(ctx, row)


def _ask(ctx: Context, row: Instance) -> Outcome:
    marks = {MARK: str(ctx.op.pk)}
    found = images.find_image(ctx.cloud, name=ctx.spec["name"], marks=marks)
    if found is not None:
        return Next("save", "Saving the disk", {"image_id": found.id})
    if busy(look(ctx, row)):
        return wait(ctx, row, _LONGEST, "Waiting for the machine to be free")
    image_id = servers.create_image(ctx.cloud, row.server_id, ctx.spec["name"], {**IMAGE_MARK, **marks})
    look(ctx, row)
    return Next("save", "Saving the disk", {"image_id": image_id})


def _follow(ctx: Context, row: Instance) -> Outcome:
    image = _image(ctx)
    if image is None or image.status in _LOST:
        raise PortalError("instances:image-lost", name=row.name, image=ctx.spec["name"])
    server = look(ctx, row)
    if image.status != "active" or busy(server):
        return wait(ctx, row, _LONGEST)
    read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.IMAGE)
    return Done(f"The image “{image.name}” is ready")


def _image(ctx: Context) -> Image | None:
    image_id = ctx.progress.get("image_id")
    if not image_id:
        return images.find_image(ctx.cloud, name=ctx.spec["name"], marks={MARK: str(ctx.op.pk)})
    try:
        return images.get_image(ctx.cloud, image_id)
    except PortalError as error:
        if error.id not in ("cloud:not-found", "cloud:image-not-found"):
            raise
        return None
