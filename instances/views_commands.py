"""Show me the command, and the files for one's own ssh. All of it is read from our tables."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from allocations.access import allocation_for
from allocations.models import Allocation
from allocations.roles import Need
from instances import hooks, ssh_config
from instances.access import instance_for, instances_of
from instances.actions import ACTIONS
from instances.commands.gather import context_of_action, tools_url
from instances.exosphere import login_user
from instances.forms_actions import first_values
from instances.hooks import SshWay
from instances.models import Instance
from instances.rows import row
from instances.ssh_config import SshMachine
from instances.views_bulk import chosen_machines
from portal.cloud.config import clouds
from portal.core.errors import PortalError
from portal.core.htmx import page_or_part


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def command(request: HttpRequest, id: UUID, action: str) -> HttpResponse:
    """The commands for one action; a POST brings the dialog's form as it stands."""
    instance = instance_for(request.user, id, Need.SEE)
    if action not in ACTIONS:
        raise PortalError("portal:not-found")
    values = request.POST if request.method == "POST" else first_values(action, instance)
    context = context_of_action(instance.allocation, [instance], action, values)
    more = {"i": instance, "allocation": instance.allocation, "actions": [(ACTIONS[action], context)]}
    return page_or_part(
        request, "instances/commands.html", "instances/_command_body.html", {**context, **more, "one": True}
    )


@never_cache
@require_safe
def commands(request: HttpRequest, id: UUID) -> HttpResponse:
    """All that can be done with the machine now, each with its commands."""
    instance = instance_for(request.user, id, Need.SEE)
    offered = [action for action, ruling in row(instance).offered if ruling.allowed]
    found = [
        (
            action,
            context_of_action(
                instance.allocation, [instance], action.name, first_values(action.name, instance)
            ),
        )
        for action in offered
    ]
    context = {"i": instance, "allocation": instance.allocation, "actions": found, "section": "instances"}
    return render(request, "instances/commands.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_command(request: HttpRequest, slug: str, action: str) -> HttpResponse:
    allocation = allocation_for(request.user, slug, Need.SEE)
    wanted = ACTIONS.get(action)
    if wanted is None or not wanted.bulk:
        raise PortalError("portal:not-found")
    data = request.POST if request.method == "POST" else request.GET
    machines = chosen_machines(request, allocation, data)
    context = context_of_action(allocation, machines, action, data)
    more = {"allocation": allocation, "actions": [(wanted, context)], "one": True}
    return page_or_part(
        request, "instances/commands.html", "instances/_command_body.html", {**context, **more}
    )


@never_cache
@require_safe
def ssh_files(request: HttpRequest, kind: str, slug: str = "", id: str | None = None) -> HttpResponse:
    """`kind`: config or known-hosts, of one machine or of all of the allocation."""
    if kind not in {"config", "known-hosts"}:
        raise PortalError("portal:not-found")
    if id is not None:
        instance = instance_for(request.user, id, Need.SEE)
        allocation, machines = instance.allocation, [] if instance.deleted_at else [instance]
    else:
        allocation = allocation_for(request.user, slug, Need.SEE)
        machines = list(instances_of(request.user, allocation).order_by("created_at", "pk"))
    stem = ssh_config.file_stem(allocation.slug)
    if id is not None and machines:
        stem = f"{stem}-{ssh_config.alias_of(machines[0].name)}"
    ways = hooks.ways_of(machines)
    found = [_machine(allocation, machine, ways.get(machine.pk)) for machine in machines]
    about = f"{allocation.project_name} at {clouds().cloud(allocation.cloud).title}, {allocation.region}"
    if kind == "known-hosts":
        return _download(f"{stem}.known_hosts", ssh_config.known_hosts(found, about=about))
    text = ssh_config.config(found, group=allocation.slug, about=about, stem=stem)
    return _download(f"{stem}.config", text)


def _machine(allocation: Allocation, instance: Instance, way: SshWay | None) -> SshMachine:
    cloud = clouds().cloud(allocation.cloud).portal
    private = instance.private_address
    without = f"no public address; it is {private} in its own network" if private else "no address"
    jump = way.jump if way else None
    return SshMachine(
        id=str(instance.pk),
        name=instance.name,
        address=instance.public_address or (private if jump else ""),
        without=without,
        user=(way.login if way else "") or login_user(instance.metadata, instance.image_name),
        port=cloud.ssh_port,
        key_name=instance.key_name,
        host_keys=way.host_keys if way else tuple(instance.host_keys),
        jump=None if instance.public_address else jump,
        certificate=bool(way and way.certificate),
    )


def _download(name: str, text: str) -> HttpResponse:
    """`name` is one of ours: letters, digits, hyphens and dots."""
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@never_cache
@require_safe
def own_tools(request: HttpRequest, slug: str) -> HttpResponse:
    """Where people begin who want to use their own tools with an allocation."""
    allocation = allocation_for(request.user, slug, Need.SEE)
    context: dict[str, Any] = {
        "allocation": allocation,
        "tools_url": tools_url(allocation),
        "section": "instances",
        "machines": _count(request, allocation),
        "links": _links(allocation),
    }
    return render(request, "instances/own_tools.html", context)


def _count(request: HttpRequest, allocation: Allocation) -> int:
    return instances_of(request.user, allocation).exclude(public_address="").count()


def _links(allocation: Allocation) -> Sequence[tuple[str, str]]:
    stem = ssh_config.file_stem(allocation.slug)
    return [
        (reverse("instances:ssh", args=[allocation.slug, kind]), f"{stem}.{ending}")
        for kind, ending in (("config", "config"), ("known-hosts", "known_hosts"))
    ]
