"""Hooks into the layers below."""

from collections.abc import Sequence
from uuid import UUID

from instances.hooks import Announcement, announced
from instances.policies import launching as launching  # registers its part of launches
from instances.policies import own_parts as own_parts  # registers its parts
from instances.policies import upcoming
from portal.notices.kinds import Kind, register


@announced
def next_of(ids: Sequence[UUID]) -> dict[UUID, Announcement]:
    return upcoming.announcements(ids)


register(
    Kind("policy.idle", "A machine is idle and will be put away", group="policies", ways={"page", "mail"})
)
register(Kind("policy.lease", "A lease ends or has ended", group="policies", ways={"page", "mail"}))
register(
    Kind("policy.schedule", "A schedule put a machine away, or could not", group="policies", ways={"page"})
)
