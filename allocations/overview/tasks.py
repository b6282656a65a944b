from celery import shared_task

from allocations.overview import building, reminding


@shared_task(expires=600)
def build_export(export_id: str) -> None:
    building.build(export_id)


# Each minute: what was lost is found, and what is old is erased.
@shared_task
def sweep_exports() -> None:
    building.tidy()
    for export_id in building.due():
        build_export.delay(export_id)


@shared_task
def remind_of_ends() -> None:
    reminding.remind()
