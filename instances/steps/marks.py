"""Metadata that says how things stand, on machines made here; those that were made elsewhere keep theirs as it is."""

from instances import exosphere
from instances.exosphere import AddressOption
from instances.models import Instance
from portal.cloud import servers
from portal.cloud.types import Server
from portal.core.errors import PortalError
from portal.operations.context import Context


def note_address(ctx: Context, row: Instance, server: Server, option: AddressOption) -> None:
    """Whether an address belongs to the machine: Exosphere shows one that waits for its address until there is one.

    Best effort, because the address itself is what was asked for.
    """
    if not exosphere.made_here(server.metadata, str(row.pk)):
        return
    if exosphere.marks_of(server.metadata).address == option:
        return
    try:
        servers.set_metadata(ctx.cloud, server.id, {exosphere.ADDRESS_KEY: exosphere.address_text(option)})
    except PortalError as error:
        if error.outcome == "auth":
            raise
