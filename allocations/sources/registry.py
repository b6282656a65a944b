"""The sources that workers ask. Two more tell without being asked: the accounting (read with the quota, by
`allocations.refreshing`; see `told_accounting`) and the portal's own memberships (`people`)."""

from allocations.sources import source_access, source_keystone, source_projects
from allocations.sources.interface import Source
from portal.cloud.config import CloudConfig

ASKED: tuple[Source, ...] = (source_projects.SOURCE, source_access.SOURCE, source_keystone.SOURCE)
BY_NAME = {source.name: source for source in ASKED}


def title_of(source: str, cloud: CloudConfig | None) -> str:
    """What people call the source."""
    if cloud is None:
        return source
    known = BY_NAME.get(source)
    if known is not None and known.applies(cloud, "any"):
        return known.title(cloud)
    return {
        "accounting": f"{cloud.title}'s accounting",
        "cloud": cloud.title,
        "claim": "your identity provider",
        "portal": "this portal",
    }.get(source, source)
