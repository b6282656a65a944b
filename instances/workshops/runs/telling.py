"""Open pages hear what became of commands, files and work: each looks again for itself."""

from uuid import UUID

from instances.workshops.live import group_of, group_of_learner
from portal.core import events


def runs_changed(workshop_id: UUID, id: UUID) -> None:
    """`id`: of the command or the file."""
    events.publish([group_of(workshop_id)], events.Changed("runs:changed", {"id": str(id)}))


def work_changed(workshop_id: UUID, learner_id: UUID | None = None) -> None:
    groups = [group_of(workshop_id)] + ([group_of_learner(learner_id)] if learner_id else [])
    events.publish(groups, events.Changed("work:changed", {"id": str(workshop_id)}))
