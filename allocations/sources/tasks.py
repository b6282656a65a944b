from celery import shared_task


@shared_task(expires=120)
def carry(allocation_id: int) -> None:
    """Carry out what was asked about the people of one allocation."""
    from allocations.sources import carrying

    carrying.carry(allocation_id)


@shared_task(expires=60)
def look_up(lookup_id: str) -> None:
    from allocations.sources import looking_up

    looking_up.look_up(lookup_id)
