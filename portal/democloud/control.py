"""`/_control`: what tests and the demo may do to the cloud from outside. Needs `X-Control-Key`.

    GET|POST|DELETE /_control/faults, DELETE /_control/faults/{id}    see `faults.Rule`
    GET|POST /_control/clock       {"freeze": bool} {"advance": seconds} {"speed": number} {"to_next": most seconds}
    GET|DELETE /_control/calls     how many requests of each route there were
    POST /_control/tokens/expire   {"user": name}, or everybody's
    POST /_control/credentials/revoke   {"user": name} and/or {"id": id}
    POST /_control/roles           {"user", "project", "role", "grant": bool}
    POST /_control/servers         {"project", "user", "name", "flavor", "image", "metadata", "vm_state"}
    PATCH|DELETE /_control/servers/{id}    set fields (vm_state, task_state, ...); delete it elsewhere
    GET|PATCH /_control/servers/{id}/guest    {"ssh", "vnc", "latency_ms", "hangup_after", "disk_full"}: see below
    POST /_control/quotas          {"project", "quotas": {name: limit}}
    POST /_control/seed            {"seed": "demo" | "empty" | "load:N"}
    POST /_control/token-seconds   {"seconds": n}
    GET|POST /_control/access      {"pending_seconds", "tells_roles", "projects": {grant: {"closed": bool}}, "seats":
                                   {"grant/username": state or null}, "finish": bool}: ACCESS's own side; finish: what
                                   is pending comes about now. Answers with all seats
    POST /_control/policy          {"managers_assign": bool}: whether managers of a project see and change who is in it
    POST /_control/builds          {"seconds", "full_each", "broken_each", "stuck_each"}: see `builds.Builds`; {} as ever
    POST /_control/lacking         what the cloud shall be without: see `lacking.Lacking`; {} gives it all back

A body may name a region as "region"; IU is the first."""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import control_access, control_servers, runtime, seed
from portal.democloud.builds import Builds
from portal.democloud.control_find import named, region_of
from portal.democloud.errors import Fault
from portal.democloud.faults import ACTIONS, Rule
from portal.democloud.lacking import Lacking
from portal.democloud.model_identity import Assignment, Project, User
from portal.democloud.routing import answer, body, empty, new_hex, place, route

if TYPE_CHECKING:
    from portal.democloud.app import CloudApp

Handler = Callable[[Request], Awaitable[Response]]


def app_of(request: Request) -> CloudApp:
    app: CloudApp = request.scope["democloud.app"]
    return app


def guarded(handler: Handler) -> Handler:
    async def run(request: Request) -> Response:
        key = app_of(request).control_key
        if key is None or not hmac.compare_digest(key, request.headers.get("x-control-key", "")):
            raise Fault(403, "The control URL needs the key of the announce file in X-Control-Key.")
        return await handler(request)

    return run


async def list_faults(request: Request) -> Response:
    return answer({"faults": [dataclasses.asdict(rule) for rule in app_of(request).faults.rules]})


async def add_fault(request: Request) -> Response:
    given = await body(request)
    known = {field.name for field in dataclasses.fields(Rule)} - {"id", "hits"}
    if not set(given) <= known or given.get("action") not in ACTIONS:
        raise Fault(400, f"A fault has an action of {ACTIONS} and may have {sorted(known)}.")
    rule = Rule(id=new_hex(), **given)
    app_of(request).faults.rules.append(rule)
    return answer({"id": rule.id}, 201)


async def drop_faults(request: Request) -> Response:
    rules, wanted = app_of(request).faults.rules, request.path_params.get("id")
    rules[:] = [rule for rule in rules if wanted is not None and rule.id != wanted]
    return empty()


async def show_clock(request: Request) -> Response:
    clock = place(request)[0].clock
    frozen = clock.frozen_at is not None
    return answer({"now": clock.now().isoformat(), "frozen": frozen, "speed": clock.speed})


async def set_clock(request: Request) -> Response:
    """Timers that are due by the new time have fired when this answers."""
    world, _ = place(request)
    given = await body(request)
    if "freeze" in given:
        (world.clock.freeze if given["freeze"] else world.clock.thaw)()
    if "speed" in given:
        world.clock.speed = float(given["speed"])
    if "advance" in given:
        world.advance(float(given["advance"]))
    if "to_next" in given:
        world.advance_to_next(float(given["to_next"]))
    world.run_due()
    world.woken()
    return await show_clock(request)


async def show_calls(request: Request) -> Response:
    calls = app_of(request).calls
    return answer({"total": sum(calls.values()), "calls": dict(calls)})


async def forget_calls(request: Request) -> Response:
    app_of(request).calls.clear()
    return empty()


async def expire_tokens(request: Request) -> Response:
    world, _ = place(request)
    given = await body(request)
    user = named(world.identity.users, given["user"], "user") if "user" in given else None
    chosen = [token for token in world.identity.tokens.values() if user is None or token.user_id == user.id]
    for token in chosen:
        token.expires_at = min(token.expires_at, world.now())
    return answer({"expired": len(chosen)})


async def set_lacking(request: Request) -> Response:
    place(request)[0].lacking = Lacking.of(await body(request))
    return empty()


async def set_token_seconds(request: Request) -> Response:
    place(request)[0].token_seconds = float((await body(request))["seconds"])
    return empty()


async def revoke_credentials(request: Request) -> Response:
    """Deleted, as their user or an administrator would."""
    world, _ = place(request)
    given = await body(request)
    user = named(world.identity.users, given["user"], "user") if "user" in given else None
    gone = [
        one.id
        for one in world.identity.credentials.values()
        if (user is None or one.user_id == user.id) and given.get("id") in (None, one.id)
    ]
    for credential_id in gone:
        del world.identity.credentials[credential_id]
    return answer({"revoked": len(gone)})


async def set_role(request: Request) -> Response:
    world, _ = place(request)
    given = await body(request)
    identity = world.identity
    user: User = named(identity.users, given.get("user"), "user")
    project: Project = named(identity.projects, given.get("project"), "project")
    role = named(identity.roles, given.get("role", "member"), "role")
    assignment = Assignment(user.id, project.id, role.id)
    if given.get("grant", True):
        identity.assignments.add(assignment)
    else:
        identity.assignments.discard(assignment)
    return empty()


async def set_quotas(request: Request) -> Response:
    world, _ = place(request)
    given = await body(request)
    region = region_of(world, given)
    project: Project = named(world.identity.projects, given.get("project"), "project")
    quotas = given.get("quotas") or {}
    if not set(quotas) <= set(region.data.default_quotas):
        raise Fault(400, f"Quotas are {sorted(region.data.default_quotas)}.")
    region.data.quotas.setdefault(project.id, {}).update(quotas)
    return empty()


async def set_builds(request: Request) -> Response:
    world, _ = place(request)
    given = await body(request)
    known = {field.name for field in dataclasses.fields(Builds)} - {"seen"}
    if not set(given) <= known:
        raise Fault(400, f"Builds may have {sorted(known)}.")
    world.builds = Builds(**given)
    return empty()


async def reseed(request: Request) -> Response:
    """A new world in place of this one: guests off, tokens gone, faults dropped."""
    world, _ = place(request)
    name = str((await body(request)).get("seed", "demo"))
    try:
        fresh = seed.new_world(name, world.clock, world.pool)
    except seed.UnknownSeed as error:
        raise Fault(400, str(error)) from None
    for region in world.regions.values():
        for server_id in region.data.servers:
            world.hypervisor.delete(server_id)
    world.become(fresh)
    world.lacking, world.builds = Lacking(), Builds()
    runtime.boot_guests(world)
    app_of(request).faults.rules.clear()
    return empty()


def routes() -> list[Route]:
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/faults", list_faults),
        ("POST", "/faults", add_fault),
        ("DELETE", "/faults", drop_faults),
        ("DELETE", "/faults/{id}", drop_faults),
        ("GET", "/clock", show_clock),
        ("POST", "/clock", set_clock),
        ("GET", "/calls", show_calls),
        ("DELETE", "/calls", forget_calls),
        ("POST", "/tokens/expire", expire_tokens),
        ("POST", "/token-seconds", set_token_seconds),
        ("POST", "/credentials/revoke", revoke_credentials),
        ("POST", "/roles", set_role),
        ("POST", "/servers", control_servers.create),
        ("PATCH", "/servers/{id}", control_servers.change),
        ("DELETE", "/servers/{id}", control_servers.delete),
        ("GET", "/servers/{id}/guest", control_servers.show_guest),
        ("PATCH", "/servers/{id}/guest", control_servers.change_guest),
        ("POST", "/quotas", set_quotas),
        ("POST", "/seed", reseed),
        ("POST", "/lacking", set_lacking),
        ("POST", "/builds", set_builds),
        ("POST", "/policy", control_access.set_policy),
        ("GET", "/access", control_access.show),
        ("POST", "/access", control_access.change),
    ]
    return [route(method, path, guarded(handler)) for method, path, handler in table]
