"""Putting a machine into the group that lets the portal in by SSH."""

from instances.mirror.catalogue import read_kind
from instances.models import CatalogueItem
from instances.steps.machine import look, machine
from portal.cloud import networks, servers
from portal.cloud.schema import SecurityGroupPreset
from portal.operations.context import Context
from portal.operations.outcomes import Done, Outcome


def run(ctx: Context) -> Outcome:
    """Looks before it acts: the group is found or made with these rules, and the machine is put into it once."""
    row = machine(ctx)
    look(ctx, row)
    preset = SecurityGroupPreset.model_validate(ctx.spec["group"])
    group = networks.ensure_security_group(ctx.cloud, preset.name, preset.rules, preset.description)
    if group.id not in servers.security_group_ids(ctx.cloud, row.server_id):
        servers.add_security_group(ctx.cloud, row.server_id, group.id)
    read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.SECURITY_GROUP)
    look(ctx, row)
    return Done(f"SSH is let in by the group {preset.name}")
