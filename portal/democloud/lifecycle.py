"""Moves machines through their sequences, one timer per step: five thousand idle ones cost nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portal.democloud.clock import second
from portal.democloud.model_compute import ActionEvent, InstanceAction, Server
from portal.democloud.sequences import ACPI_PATIENCE, KEEP, SEQUENCES, Step
from portal.democloud.state import Region, World, on_timer


class Aborted(Exception):
    """An effect has ended the sequence and set the states itself. The text goes into the history."""


Effect = Callable[[World, Region, Server, dict[str, Any]], None]
_effects: dict[str, Effect] = {}


def effect(name: str) -> Callable[[Effect], Effect]:
    """Register what a step's `effect` does: effect(world, region, server, args of the sequence)."""

    def register(function: Effect) -> Effect:
        _effects[name] = function
        return function

    return register


def record(
    world: World, server: Server, action: str, *, request_id: str, user_id: str, message: str | None = None
) -> InstanceAction:
    """A line in the server's history (`os-instance-actions`)."""
    now = second(world.now())
    line = InstanceAction(request_id, action, user_id, server.project_id, now, now, message)
    server.actions.append(line)
    return line


def begin(
    world: World,
    region: Region,
    server: Server,
    sequence: str,
    *,
    action: str,
    request_id: str,
    user_id: str,
    args: dict[str, Any] | None = None,
) -> None:
    """Start a sequence: its first task shows at once, what was under way is dropped."""
    plan = SEQUENCES[sequence]
    line = record(world, server, action, request_id=request_id, user_id=user_id)
    line.events.append(ActionEvent(plan.event, second(world.now())))
    server.run = request_id
    server.task_state = plan.task
    region.touch_server(server, world.now())
    _schedule(world, region, server, sequence, 0, args or {})


def _schedule(
    world: World, region: Region, server: Server, sequence: str, index: int, args: dict[str, Any]
) -> None:
    step = SEQUENCES[sequence].steps[index]
    seconds = step.seconds
    if sequence == "create" and step.effect == "launch":
        if server.spec.get("never"):
            return
        seconds = world.builds.seconds or seconds
    if step.acpi and server.power_state == 1 and server.guest_ready > world.clock.timestamp():
        seconds += ACPI_PATIENCE
    more = {"sequence": sequence, "index": index, "run": server.run, "args": args}
    world.later(seconds, "server-step", region, server.id, **more)


@on_timer("server-step")
def server_step(world: World, region: Region, target: str, timer: dict[str, Any]) -> None:
    server = region.data.servers.get(target)
    if server is None or server.run != timer["run"]:
        return
    sequence, index, args = timer["sequence"], timer["index"], timer["args"]
    steps = SEQUENCES[sequence].steps
    step = steps[index]
    _apply(server, step)
    try:
        if step.effect:
            _effects[step.effect](world, region, server, args)
    except Aborted as why:
        _finish(world, server, timer["run"], str(why))
    else:
        if index + 1 < len(steps):
            _schedule(world, region, server, sequence, index + 1, args)
        else:
            _finish(world, server, timer["run"], None)
    region.touch_server(server, world.now())


def _apply(server: Server, step: Step) -> None:
    server.task_state = step.task
    if step.vm:
        server.vm_state = step.vm
    if step.power != KEEP:
        server.power_state = step.power


def _finish(world: World, server: Server, run: str, failure: str | None) -> None:
    server.run = None
    now = second(world.now())
    for line in server.actions:
        if line.request_id == run:
            line.updated_at = now
            line.message = "Error" if failure else line.message
            for event in line.events:
                event.finish_time = now
                event.result = "Error" if failure else "Success"
                event.details = failure


def finish_now(world: World, region: Region, server: Server) -> None:
    """Take all steps that are left of the server's sequence at once."""
    while server.run is not None:
        timer = world.take_timer("server-step", server.id, server.run)
        if timer is None:
            return
        server_step(world, region, server.id, timer.args)


@on_timer("server-forget")
def server_forget(world: World, region: Region, target: str, timer: dict[str, Any]) -> None:
    """Nova archives deleted rows in the end; until then `changes-since` shows them."""
    server = region.data.servers.get(target)
    if server is not None and server.gone:
        region.drop_server(server)
