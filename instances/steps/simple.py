"""Actions that are one call: look, ask, wait until the server is as wanted.

What shows in the server's state is judged by it. What does not (a reboot ends where it began) is judged by
Nova's own record: request ids from before the call tell whether a call whose reply was lost had arrived.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from instances.actions import ACTIONS
from instances.models import Instance
from instances.statuses import ACTIVE, ERROR, PAUSED, STOPS, SUSPENDED, VERIFY_RESIZE
from instances.steps.machine import busy, faulty, look, machine, recorded, wait
from portal.cloud import servers
from portal.cloud.connection import Cloud
from portal.cloud.types import Server
from portal.core.errors import PortalError
from portal.operations.context import Context
from portal.operations.outcomes import Done, Next, Outcome

# After the cloud accepted, so long may pass before a server that looks untouched counts as refused.
GRACE_SECONDS = 20.0
_RACED = frozenset({"cloud:wrong-state", "cloud:conflict", "cloud:not-found"})
Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """`record`: Nova's name of the action. `silent`: the wanted state is the one it starts from.

    `otherwise`: the server came to rest, but somebody else had the opposite done.
    """

    ask: Callable[[Cloud, Server, Spec], None]
    reached: Callable[[Server, Spec], bool]
    record: str
    said: str
    silent: bool = False
    otherwise: Callable[[Server, Spec], bool] = lambda server, spec: False


def _resume(cloud: Cloud, server: Server, spec: Spec) -> None:
    if server.status == PAUSED:
        servers.unpause(cloud, server.id)
    else:
        servers.resume(cloud, server.id)


def _settled(*statuses: str) -> Callable[[Server, Spec], bool]:
    return lambda server, spec: server.status in statuses and not busy(server)


MOVES: dict[str, Move] = {
    "start": Move(lambda c, s, _: servers.start(c, s.id), _settled(ACTIVE), "start", "Started"),
    "stop": Move(lambda c, s, _: servers.stop(c, s.id), _settled(*STOPS), "stop", "Stopped"),
    "suspend": Move(lambda c, s, _: servers.suspend(c, s.id), _settled(SUSPENDED), "suspend", "Suspended"),
    "resume": Move(_resume, _settled(ACTIVE), "resume", "Resumed"),
    "reboot": Move(
        lambda c, s, _: servers.reboot(c, s.id), _settled(ACTIVE), "reboot", "Rebooted", silent=True
    ),
    "hard_reboot": Move(
        lambda c, s, _: servers.reboot(c, s.id, "HARD"), _settled(ACTIVE), "reboot", "Rebooted", silent=True
    ),
    "rebuild": Move(
        lambda c, s, spec: servers.rebuild(c, s.id, spec["image_id"]),
        lambda server, spec: server.status in (ACTIVE, *STOPS) and not busy(server),
        "rebuild",
        "Rebuilt",
        silent=True,
    ),
    "lock": Move(lambda c, s, _: servers.lock(c, s.id), lambda s, _: s.locked, "lock", "Locked"),
    "unlock": Move(lambda c, s, _: servers.unlock(c, s.id), lambda s, _: not s.locked, "unlock", "Unlocked"),
    "rename": Move(
        lambda c, s, spec: servers.rename(c, s.id, spec["name"]),
        lambda server, spec: server.name == spec["name"],
        "rename",
        "Renamed",
    ),
    "confirm_resize": Move(
        lambda c, s, _: servers.confirm_resize(c, s.id),
        lambda server, _: server.status not in (VERIFY_RESIZE, ERROR) and not busy(server),
        "confirmResize",
        "The new size is kept",
        otherwise=lambda server, spec: server.flavor_name not in ("", spec.get("flavor_name")),
    ),
    "revert_resize": Move(
        lambda c, s, _: servers.revert_resize(c, s.id),
        _settled(ACTIVE, *STOPS),
        "revertResize",
        "Back at the old size",
        otherwise=lambda server, spec: server.flavor_name == spec.get("flavor_name", ""),
    ),
}


def run(ctx: Context) -> Outcome:
    name = ctx.spec["action"]
    row = machine(ctx)
    return follow(ctx, row, name, MOVES[name], ACTIONS[name].longest_seconds)


def follow(ctx: Context, row: Instance, name: str, move: Move, longest: float, then: str = "") -> Outcome:
    """Bring the server where `move` leads, whatever was done of it already; then go on with step `then`."""
    server = look(ctx, row)
    if ctx.step == "start":
        return _ask(ctx, row, server, name, move, longest, then)
    if move.reached(server, ctx.spec):
        return _finished(ctx, server, move, then)
    row.refresh_from_db()
    problem = faulty(row)
    if problem is not None and not busy(server):
        raise problem
    _require_progress(ctx, row, server, move)
    return wait(ctx, row, longest)


def _ask(
    ctx: Context, row: Instance, server: Server, name: str, move: Move, longest: float, then: str
) -> Outcome:
    waiting = Next("wait", ACTIONS[name].verb.split(" ")[0])
    if not move.silent and move.reached(server, ctx.spec):
        return _finished(ctx, server, move, then)
    if move.silent and _arrived(ctx, row, move):
        return waiting
    if busy(server) and name not in ("lock", "unlock", "rename"):
        # Either our own call, whose reply was lost, or somebody else's change: it will show.
        return wait(ctx, row, longest, "Waiting for the machine to be free")
    try:
        move.ask(ctx.cloud, server, ctx.spec)
    except PortalError as error:
        if error.id not in _RACED:
            raise
        again = look(ctx, row)
        if not move.silent and move.reached(again, ctx.spec):
            return _finished(ctx, again, move, then)
        if not busy(again):
            raise
        return wait(ctx, row, longest, "Waiting for the machine to be free")
    look(ctx, row)
    return waiting


def _arrived(ctx: Context, row: Instance, move: Move) -> bool:
    """Whether a call of ours is in Nova's record. Before the first one, what stands there is remembered."""
    known = ctx.progress.get("recorded")
    found = recorded(ctx, row, move.record)
    if known is None:
        ctx.remember(recorded=sorted(found))
        return False
    return bool(found.keys() - set(known))


def _finished(ctx: Context, server: Server, move: Move, then: str) -> Outcome:
    if move.otherwise(server, ctx.spec):
        raise PortalError(
            "instances:resize-settled", name=ctx.op.target_name, label=ctx.op.label, flavor=server.flavor_name
        )
    return Next(then, move.said) if then else Done(move.said)


def _require_progress(ctx: Context, row: Instance, server: Server, move: Move) -> None:
    """The cloud accepted, and then nothing: it gave up, and says so only in its record."""
    since = ctx.op.step_since or ctx.op.created_at
    if busy(server) or (ctx.now - since).total_seconds() < GRACE_SECONDS:
        return
    entries = servers.actions_of(ctx.cloud, row.server_id)
    last = next((entry for entry in entries if entry.action == move.record), None)
    if last is not None and last.message:
        raise PortalError(
            "instances:given-up",
            name=row.name,
            label=ctx.op.label,
            detail=last.message,
            request_id=last.request_id,
        )
