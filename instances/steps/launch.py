"""One machine from nothing to ready: prepare, create, build, address, set-up.

`asked_at` is stored before the create call. Without it no server can exist; with it the server is looked for
by its marks before anything is asked again: no crash and no lost reply makes a second one.
"""

from datetime import datetime

from django.utils import timezone

from instances import hooks, lacking, live
from instances.actions import LAUNCH_STAGES
from instances.exosphere import OPEN_SETUP
from instances.mirror.adopt import marks_of_launch
from instances.mirror.catalogue import read_kind
from instances.models import CatalogueItem, Instance
from instances.specs import LaunchSpec
from instances.statuses import ACTIVE, ERROR
from instances.steps import floating, seat_data
from instances.steps.launch_server import USERNAME, new_server
from instances.steps.link import link_server
from instances.steps.machine import faulty, look, machine, observe, wait
from instances.steps.marks import note_address
from instances.steps.prepare import forget, prepare
from portal.cloud import servers
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Again, Done, Next, Outcome

# A request whose reply was lost is in the list within this time, or never.
_SHOWS_WITHIN = 10.0
_LOOK_AGAIN = 3.0
_STALE = frozenset({"cloud:bad-request", "cloud:not-found"})
_NETWORK = "Waiting for the network"


def run(ctx: Context) -> Outcome:
    row = machine(ctx)
    if row.deleted_at is not None:
        raise PortalError("instances:deleted-meanwhile", name=row.name)
    spec = LaunchSpec.model_validate(ctx.spec)
    match ctx.step:
        case "start":
            return prepare(ctx, row, spec)
        case "create":
            return _create(ctx, row, spec)
        case "build":
            return _build(ctx, row, spec)
        case "data":
            return seat_data.attach(ctx, row, spec)
        case "address":
            return _address(ctx, row, spec)
        case _:
            return _setup(ctx, row)


def _create(ctx: Context, row: Instance, spec: LaunchSpec) -> Outcome:
    if row.server_id:
        return _made(ctx, row, row.server_id)
    asked_at = ctx.progress.get("asked_at")
    if asked_at is not None:
        found = servers.find_made(ctx.cloud, **marks_of_launch(ctx.op.pk, row))
        if found is not None:
            link_server(row, found.id)
            return _made(ctx, row, found.id)
        if (ctx.now - datetime.fromisoformat(asked_at)).total_seconds() < _SHOWS_WITHIN:
            return Again(_LOOK_AGAIN, "Making sure whether the cloud made it")
    authorities = hooks.authorities()
    wanted = new_server(ctx, row, spec, authorities)
    ctx.remember(asked_at=timezone.now().isoformat(), authorities=authorities)
    try:
        server_id = servers.create_server(ctx.cloud, wanted)
    except PortalError as error:
        if error.id not in _STALE or ctx.progress.get("prepared_again"):
            raise
        # Perhaps the network or the group that was found for an earlier launch is gone: find them anew, once.
        forget(row.allocation, spec)
        return Next("start", "Preparing the network again", {"prepared_again": True, "asked_at": None})
    link_server(row, server_id)
    return _made(ctx, row, server_id)


def _made(ctx: Context, row: Instance, server_id: str) -> Next:
    hooks.tell_trust(row, USERNAME, ctx.progress.get("authorities", ()))
    return Next("build", "Building", {"server_id": server_id})


def _build(ctx: Context, row: Instance, spec: LaunchSpec) -> Outcome:
    observe(ctx, row)
    problem = faulty(row)
    if problem is not None:
        raise problem
    if row.status == ACTIVE and not row.task_state:
        if seat_data.wanted(spec):
            return Next("data", "Giving it the workshop's data")
        return Next("address", "Giving it an address")
    return wait(ctx, row, LAUNCH_STAGES["build"][1])


def _address(ctx: Context, row: Instance, spec: LaunchSpec) -> Outcome:
    """A machine without its address is still a machine: the reason is told, and the launch goes on."""
    if spec.address == "none":
        return _after_address()
    if not lacking.has(row.allocation, "public-addresses"):
        return _after_address(address_problem="this cloud has none to give")
    server = look(ctx, row)
    row.refresh_from_db()
    if given := ctx.progress.get("address"):
        return (
            _after_address()
            if floating.shows(server, given) or floating.late(ctx)
            else floating.soon(ctx, row, _NETWORK)
        )
    if floating.has_public_address(server, row):
        return _after_address()
    try:
        address = floating.ensure(
            ctx, row, spec.floating_ip_id if spec.address == "existing" else floating.NEW
        )
    except PortalError as error:
        if error.outcome != "refused":
            raise
        ctx.note(f"No public address: {error.problem.title}")
        note_address(ctx, row, server, "none")
        return _after_address(address_problem=error.problem.title)
    if address is None:
        return floating.soon(ctx, row, _NETWORK)
    ctx.remember(address=address.address)
    read_kind(row.allocation, ctx.cloud, CatalogueItem.Kind.FLOATING_IP)
    return (
        _after_address()
        if floating.shows(look(ctx, row), address.address)
        else floating.soon(ctx, row, _NETWORK)
    )


def _after_address(**learnt: str) -> Next:
    return Next("setup", "Setting up", learnt)


def _setup(ctx: Context, row: Instance) -> Outcome:
    """The guest reports on its console; the mirror reads that, so this step calls nothing."""
    if row.status == ERROR:
        raise PortalError("instances:fault", name=row.name, fault=row.fault_message or "it gave no reason")
    if row.status != ACTIVE:
        return Done("Made; its set-up was not seen to end, because the machine was stopped or changed")
    if row.setup_status == "complete":
        return _ready(ctx, row)
    if row.setup_status and row.setup_status not in OPEN_SETUP:
        raise PortalError("instances:setup-failed", name=row.name, status=row.setup_status)
    return wait(ctx, row, LAUNCH_STAGES["setup"][1], hurry=False)


def _ready(ctx: Context, row: Instance) -> Outcome:
    now = ctx.now
    row.ready_at = row.ready_at or now
    Instance.objects.filter(pk=row.pk, ready_at=None).update(ready_at=row.ready_at)
    live.push_on_commit([row.pk])
    minutes, seconds = divmod(int((row.ready_at - row.created_at).total_seconds()), 60)
    words = f"Ready after {minutes} min {seconds} s" if minutes else f"Ready after {seconds} s"
    problem = ctx.progress.get("address_problem")
    return Done(f"{words}, without a public address: {problem}" if problem else words)
