"""What this part adds to a person's export: work of theirs that is kept, and commands that they ran in seats."""

from allocations.overview.hooks import Rows, export_part
from instances.workshops.runs.models import CommandRun, Work
from portal.accounts.models import User
from portal.core.seal import unseal


@export_part("workshop_work", "work of yours that was collected: download it on the workshop's page")
def work(user: User) -> Rows:
    rows = Work.objects.filter(learner__user=user).select_related("workshop", "stored").order_by("asked_at")
    for one in rows.iterator(chunk_size=1000):
        here = one.stored is not None and one.stored.removed_at is None
        yield {
            "workshop": one.workshop.title,
            "collected": one.collected_at,
            "files": one.files,
            "size_bytes": one.stored.size_bytes if one.stored and here else 0,
            "erased": one.erased_at,
        }


@export_part("workshop_commands", "commands that you ran in the seats of workshops")
def commands(user: User) -> Rows:
    rows = CommandRun.objects.filter(by=user).select_related("workshop").order_by("asked_at")
    for one in rows.iterator(chunk_size=1000):
        yield {
            "workshop": one.workshop.title,
            "asked": one.asked_at,
            "as_root": one.as_root,
            "command": unseal(one.sealed_command),
        }
