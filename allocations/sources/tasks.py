"""What workers do about sources. The clock's tasks only hand out what is due; each of these finds out if it still is."""

from celery import shared_task

from allocations.sources import carrying, local_names, looking_up, managing, syncing, telling, tidying


@shared_task(expires=120)
def carry(allocation_id: int) -> None:
    """Carry out what was asked about the people of one allocation."""
    carrying.carry(allocation_id)


@shared_task(expires=60)
def look_up(lookup_id: str) -> None:
    looking_up.look_up(lookup_id)


@shared_task(expires=60)
def sync(state_id: int) -> None:
    syncing.sync(state_id)


@shared_task
def carry_due() -> None:
    for pk in carrying.due():
        carry.delay(pk)
    for found in looking_up.due():
        look_up.delay(str(found))
    telling.tell_ended()


@shared_task
def sync_due() -> None:
    syncing.meet()
    for pk in syncing.due():
        sync.delay(pk)
    for pk in managing.due():
        read_managed.delay(pk)
    for cloud in local_names.due():
        read_names.delay(cloud)


@shared_task(expires=60)
def read_managed(pk: int) -> None:
    managing.read(pk)


@shared_task(expires=600)
def read_names(cloud: str) -> None:
    local_names.read(cloud)


@shared_task
def tidy() -> None:
    tidying.tidy()
