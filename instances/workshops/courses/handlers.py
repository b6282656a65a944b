"""Hooks into the layers below."""

from instances.workshops import hooks
from instances.workshops.courses import gathering, resealing
from instances.workshops.courses import launching as launching  # registers itself
from instances.workshops.models import Workshop
from portal.accounts import looking
from portal.core.resealing import store

store(resealing.reseal_scripts)
store(resealing.reseal_data)
# The form shows the boot script, which may hold secrets of its author.
looking.close({"workshops:edit"})


@hooks.obstacles
def in_the_way(workshop: Workshop) -> list[str]:
    """What the preflight of a planned workshop finds in its way now, for the notice a day before."""
    if workshop.owner is None:
        return []
    found = gathering.report_of(workshop, workshop.owner)
    return [f"{one.title}: {one.what}" for one in found.blocks]
