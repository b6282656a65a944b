"""A public list of projects (ACCESS's): what a grant is about. No key, once a day, by grant number."""

from datetime import timedelta

from allocations.sources.interface import Project, Reading, Source
from portal.cloud import public_projects
from portal.cloud.config import CloudConfig, clouds
from portal.cloud.schema_sources import PublicProjects
from portal.cloud.types_people import PublicProject
from portal.core.errors import PortalError


def _config(cloud: CloudConfig) -> PublicProjects:
    found = cloud.portal.sources.projects
    assert found is not None
    return found


def read(project: Project, validator: str) -> Reading:
    config = _config(clouds().cloud(project.cloud))
    answer = public_projects.look_up(project.cloud, config, project.grant, validator)
    if answer.unchanged:
        return Reading(unchanged=True, validator=answer.validator)
    if answer.project is None:
        raise PortalError("sources:unknown-grant", source=config.title, grant=project.grant)
    return Reading(facts=facts(answer.project), validator=answer.validator)


def facts(found: PublicProject) -> dict[str, str]:
    return {
        "grant": found.number,
        "title": found.title,
        "abstract": found.abstract,
        "field_of_science": found.field_of_science,
        "pi": found.pi,
        "institution": found.institution,
        "type": found.kind,
        "begins": found.begins.isoformat() if found.begins else "",
        "ends": found.ends.isoformat() if found.ends else "",
    }


SOURCE = Source(
    name="projects",
    title=lambda cloud: _config(cloud).title,
    applies=lambda cloud, grant: cloud.portal.sources.projects is not None and bool(grant),
    every=lambda cloud: timedelta(hours=_config(cloud).hours),
    read=read,
    url=lambda cloud: _config(cloud).page_url,
)
