"""A jump host that runs, as the cloud says, and does not answer: restarted, and when that does not help, replaced."""

import logging
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from allocations.models import Allocation
from instances import services
from instances.remote.jump_states import state_of
from instances.remote.jumps import jump_of
from instances.remote.models import JumpHost
from instances.workshops import access
from instances.workshops.guests import jump as jumps
from instances.workshops.guests.jump_silence import Step, step_for
from instances.workshops.guests.models import JumpWatch
from instances.workshops.models import Workshop
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.operations import services as operations

logger = logging.getLogger(__name__)
_ANSWER_SECONDS = 5.0
_AT_ONCE = 16


def look() -> None:
    """Those of workshops that are open now, or will be within the hour: whether sshd says its name."""
    now = timezone.now()
    needed = {workshop.allocation_id: workshop for workshop in _open_workshops(now)}
    found = JumpHost.objects.filter(allocation__in=needed).select_related(
        "instance__allocation", "allocation"
    )
    hosts = [one for one in found if state_of(one).usable]
    with ThreadPoolExecutor(_AT_ONCE, "jump-watch") as pool:
        answers = list(pool.map(lambda one: answers_ssh(*_address(one)), hosts))
    for host, answered in zip(hosts, answers, strict=True):
        _take(host, needed[host.allocation_id], now, answered=answered)


def _open_workshops(now: datetime) -> Iterable[Workshop]:
    soon = now + timedelta(hours=1)
    running = Workshop.objects.filter(
        state=Workshop.State.RUNNING, opens_at__lte=soon, closes_at__gt=now
    ).select_related("allocation", "owner")
    return [one for one in running if access.is_open(one, now) or (one.opens_at and one.opens_at > now)]


def _address(host: JumpHost) -> tuple[str, int]:
    return host.instance.public_address, clouds().cloud(host.allocation.cloud).portal.ssh_port


def answers_ssh(address: str, port: int) -> bool:
    """Whether an SSH server says its name there. Nothing else is asked of it."""
    try:
        with socket.create_connection((address, port), timeout=_ANSWER_SECONDS) as reached:
            reached.settimeout(_ANSWER_SECONDS)
            return reached.recv(4) == b"SSH-"
    except OSError:
        return False


@transaction.atomic
def _take(host: JumpHost, workshop: Workshop, now: datetime, *, answered: bool) -> None:
    allocation: Allocation = host.allocation
    watch, _ = JumpWatch.objects.select_for_update().get_or_create(
        allocation=allocation, defaults={"instance": host.instance, "looked_at": now}
    )
    if answered or watch.instance_id != host.instance_id:
        watch.instance, watch.silent_since, watch.restarted_at = host.instance, None, None
    if not answered:
        watch.silent_since = watch.silent_since or now
    watch.looked_at = now
    made = host.how == JumpHost.How.MADE
    wanted = step_for(watch.silent_since, watch.restarted_at, now, made=made)
    if wanted is Step.RESTART:
        watch.restarted_at = now
        _restart(host, workshop)
    watch.save()
    if wanted is Step.REPLACE:
        _replace(host, workshop)


def _restart(host: JumpHost, workshop: Workshop) -> None:
    """Where that cannot be, it is replaced in its time."""
    if operations.live_for("instance", [host.instance_id]):
        return
    try:
        with transaction.atomic():
            services.act_for_portal(
                instance=host.instance, action="hard_reboot", reason=_why(workshop), urgency=2
            )
    except PortalError as error:
        logger.info("jump host %s was not restarted: %s", host.instance_id, error)


def _replace(host: JumpHost, workshop: Workshop) -> None:
    """The row goes, so that the next round makes another; a machine that the portal made goes with it."""
    current = jump_of(host.allocation)
    if current is None or current.instance_id != host.instance_id:
        return
    if host.how == JumpHost.How.MADE:
        try:
            with transaction.atomic():
                services.act_for_portal(
                    instance=host.instance,
                    action="delete",
                    reason=_why(workshop),
                    params={"release_address": True},
                )
        except PortalError:
            return
    current.delete()
    jumps.ensure_jump(workshop)


def _why(workshop: Workshop) -> str:
    return f"{jumps.reason_of(workshop)}, since it does not answer"
