"""Hooks into the layers below."""

from instances.policies import own_parts  # noqa: F401 (registers its part of exports)
from portal.notices.kinds import Kind, register

register(
    Kind("policy.idle", "A machine is idle and will be put away", group="policies", ways={"page", "mail"})
)
register(Kind("policy.lease", "A lease ends or has ended", group="policies", ways={"page", "mail"}))
register(
    Kind("policy.schedule", "A schedule put a machine away, or could not", group="policies", ways={"page"})
)
