"""Hooks into the layers below."""

from instances.workshops import hooks
from instances.workshops.courses import gathering, launching  # noqa: F401  (registers itself)
from instances.workshops.models import Workshop


@hooks.obstacles
def in_the_way(workshop: Workshop) -> list[str]:
    """What the preflight of a planned workshop finds in its way now, for the notice a day before."""
    if workshop.owner is None:
        return []
    found = gathering.report_of(workshop, workshop.owner)
    return [f"{one.title}: {one.what}" for one in found.blocks]
