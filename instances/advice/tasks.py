from celery import shared_task

from instances.advice import sightings


@shared_task(expires=1800)
def look() -> None:
    sightings.look()
