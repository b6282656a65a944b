"""Where allocations and people are told of: which keys are there, and how the readings stand. Calls nobody."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from allocations.sources.models import MembershipRequest, SourceState
from allocations.sources.registry import title_of
from portal.cloud.config import CloudConfig
from portal.cloud.doctor_checks import chosen
from portal.cloud.keys import key
from portal.cloud.schema_sources import Access, AccessKeys
from portal.core.doctor import Finding, Plan, degraded, note, ok, probe, under
from portal.core.errors import explain

_LATE = timedelta(hours=1)
_MEANS = {
    "usermanagement": "members are not read, and nobody is added or removed from here",
    "userinfo": "people cannot be looked up",
    "spacct": "names at the resource are not known",
    "profiles": "nobody is told before asking that somebody cannot be added",
}


@probe("Sources of allocations and people", place=140)
def sources(plan: Plan) -> Iterator[Finding]:
    for cloud in chosen(plan):
        yield from under(cloud.title, list(_of(cloud)))


def _of(cloud: CloudConfig) -> Iterator[Finding]:
    configured = cloud.portal.sources
    if configured.access is not None:
        yield from _keys(configured.access)
    if not any((configured.projects, configured.access, configured.keystone)):
        yield note("sources", "none beside the cloud itself")
        return
    yield from _states(cloud)
    yield from _requests(cloud)


def _keys(access: Access) -> Iterator[Finding]:
    for part in AccessKeys.model_fields:
        name = getattr(access.keys, part)
        if key(name):
            yield ok(f"{access.title}: {part}", f"the key is in {name}")
        else:
            where = f"{name} is empty" if name else "portal.yaml names no variable"
            yield note(f"{access.title}: {part}", f"{where}: {_MEANS[part]}")


def _states(cloud: CloudConfig) -> Iterator[Finding]:
    rows = list(SourceState.objects.filter(cloud=cloud.name).order_by("source"))
    for source in dict.fromkeys(row.source for row in rows):
        mine = [row for row in rows if row.source == source]
        failing = [row for row in mine if row.error_id]
        late = [row for row in mine if row.due_at < timezone.now() - _LATE]
        title = title_of(source, cloud)
        if failing:
            problem = explain(failing[0].error_id, failing[0].error_params)
            says = f"{len(failing)} of {len(mine)} readings fail, the first with: {problem.title}"
            yield degraded(title, says, problem.todo)
        elif late:
            says = f"{len(late)} of {len(mine)} readings are late by more than an hour"
            yield degraded(title, says, "See whether the workers and beat run.")
        else:
            yield ok(title, f"{len(mine)} readings, all in time")


def _requests(cloud: CloudConfig) -> Iterator[Finding]:
    live = MembershipRequest.objects.filter(allocation__cloud=cloud.name, state__in=MembershipRequest.LIVE)
    stuck = live.exclude(problem_id="").count()
    if stuck:
        says = f"{stuck} of {live.count()} requests about members cannot be handed over at the moment"
        yield degraded("requests", says, "Look at Membership requests in the admin for the reason.")
