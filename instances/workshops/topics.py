from allocations.access import Person
from instances.workshops.access import taking_part, workshop_for
from instances.workshops.live import group_of, group_of_learner
from instances.workshops.rights import Right
from portal.core.sockets import topic


@topic("workshop")
def workshop_group(user: Person, key: str) -> str:
    """`workshop:<uuid>`: what changes in it, for those who run it."""
    return group_of(workshop_for(user, key, Right.SEE).pk)


@topic("part")
def part_group(user: Person, key: str) -> str:
    """`part:<uuid of the workshop>`: what changes for this one learner."""
    return group_of_learner(taking_part(user, key).pk)
