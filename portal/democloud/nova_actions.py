"""`POST /servers/{id}/action`: the one key of the body names the action."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud import (
    lifecycle,
    nova_change,
    nova_console,
    nova_input,
    nova_quota,
    nova_rules,
    nova_snapshot,
)
from portal.democloud.errors import Fault
from portal.democloud.microversions import microversion
from portal.democloud.model_compute import Server
from portal.democloud.nova_find import asked_server, find_flavor
from portal.democloud.nova_rebuild import rebuild
from portal.democloud.routing import Ctx, body, empty, route

REBOOTS = ["HARD", "Hard", "hard", "SOFT", "Soft", "soft"]
Action = Callable[[Request, Ctx, Server, Any], Awaitable[Response]]


def begin(here: Ctx, server: Server, sequence: str, action: str, **args: Any) -> None:
    lifecycle.begin(
        here.world,
        here.region,
        server,
        sequence,
        action=action,
        request_id=here.request_id,
        user_id=here.user_id,
        args=args,
    )


def _simple(rule: str, action: str) -> Action:
    async def run(request: Request, here: Ctx, server: Server, given: Any) -> Response:
        nova_rules.check(server, rule)
        begin(here, server, rule, action, from_state=server.vm_state)
        return empty(202)

    return run


async def reboot(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    kind = str(nova_input.required(given, "type", "reboot"))
    if kind not in REBOOTS:
        raise nova_input.invalid("type", kind, f"{kind!r} is not one of {REBOOTS}")
    kind = kind.upper()
    sequence = "reboot" if kind == "SOFT" else "reboot_hard"
    nova_rules.check(server, sequence)
    begin(here, server, sequence, "reboot", from_state=server.vm_state, hard=kind == "HARD")
    return empty(202)


async def shelve(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    """A server with its root disk on a volume needs no image of it."""
    nova_rules.check(server, "shelve")
    if server.image_id is None:
        begin(here, server, "shelve_volume", "shelve")
        return empty(202)
    image = nova_snapshot.new_image(here, server, f"{server.name}-shelved", {})
    server.shelved_image_id = image.id
    begin(here, server, "shelve", "shelve", image_id=image.id)
    return empty(202)


async def shelve_offload(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    """For admins, by Nova's own policy: here, what is shelved is offloaded at once anyway."""
    if not here.admin:
        raise Fault(403, "Policy doesn't allow os_compute_api:os-shelve:shelve_offload to be performed.")
    nova_rules.check(server, "shelveOffload")
    begin(here, server, "shelveOffload", "shelveOffload")
    return empty(202)


async def restore(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    """This cloud deletes at once, so that there is never anything to bring back."""
    nova_rules.check(server, "restore")
    return empty(202)


async def resize(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    reference = nova_input.required(given, "flavorRef", "resize")
    nova_rules.check_unlocked(server)
    flavor = find_flavor(here, str(reference), status=400)
    if flavor.id == server.flavor_id:
        raise Fault(400, "When resizing, instances must change flavor!")
    if flavor.disk == 0 and server.flavor.disk != 0:
        raise Fault(400, "Cannot resize to zero disk flavor.")
    nova_rules.check(server, "resize")
    nova_quota.check(here.region, here.project_id, flavor, less=server.flavor)
    begin(here, server, "resize", "resize", flavor_id=flavor.id, from_state=server.vm_state)
    return empty(202)


async def confirm_resize(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    nova_rules.check(server, "confirmResize")
    if server.run is not None:
        raise Fault(400, "Instance has not been resized.")
    begin(here, server, "confirmResize", "confirmResize")
    return empty(204)


async def revert_resize(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    nova_rules.check(server, "revertResize")
    if server.run is not None or server.old_flavor is None:
        raise Fault(400, "Instance has not been resized.")
    begin(here, server, "revertResize", "revertResize")
    return empty(202)


async def lock(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    """The reason is kept from 2.73 on, and passed over before."""
    told = isinstance(given, dict) and microversion(request) >= 73
    reason = given.get("locked_reason") if told else None
    _set_lock(here, server, locked=True, reason=reason)
    return empty(202)


async def unlock(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    _set_lock(here, server, locked=False, reason=None)
    return empty(202)


def _set_lock(here: Ctx, server: Server, *, locked: bool, reason: str | None) -> None:
    nova_rules.check_in_a_cell(server)
    server.locked, server.locked_reason = locked, reason
    name = "lock" if locked else "unlock"
    lifecycle.record(here.world, server, name, request_id=here.request_id, user_id=here.user_id)
    nova_change.changed(here, server)


async def force_delete(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    nova_change.begin_delete(here, server)
    return empty(202)


async def unchanged(request: Request, here: Ctx, server: Server, given: Any) -> Response:
    """`changePassword`: the emulated guests have no passwords to change."""
    nova_rules.check(server, "changePassword")
    lifecycle.record(here.world, server, "changePassword", request_id=here.request_id, user_id=here.user_id)
    return empty(202)


ACTIONS: dict[str, Action] = {
    "os-start": _simple("start", "start"),
    "os-stop": _simple("stop", "stop"),
    "suspend": _simple("suspend", "suspend"),
    "resume": _simple("resume", "resume"),
    "pause": _simple("pause", "pause"),
    "unpause": _simple("unpause", "unpause"),
    "unshelve": _simple("unshelve", "unshelve"),
    "rescue": _simple("rescue", "rescue"),
    "unrescue": _simple("unrescue", "unrescue"),
    "reboot": reboot,
    "shelve": shelve,
    "shelveOffload": shelve_offload,
    "restore": restore,
    "resize": resize,
    "confirmResize": confirm_resize,
    "revertResize": revert_resize,
    "rebuild": rebuild,
    "lock": lock,
    "unlock": unlock,
    "forceDelete": force_delete,
    "changePassword": unchanged,
    "createImage": nova_snapshot.create_image,
    "os-getConsoleOutput": nova_console.output,
    "addSecurityGroup": nova_change.add_security_group,
    "removeSecurityGroup": nova_change.remove_security_group,
}


# What Nova has beside these: calls of admins, and of a network that Nova itself ran once.
LACKING = frozenset(
    [
        "addFixedIp",
        "addFloatingIp",
        "createBackup",
        "evacuate",
        "injectNetworkInfo",
        "migrate",
        "os-getRDPConsole",
        "os-getSPICEConsole",
        "os-getSerialConsole",
        "os-getVNCConsole",
        "os-migrateLive",
        "os-resetState",
        "removeFixedIp",
        "removeFloatingIp",
        "resetNetwork",
        "trigger_crash_dump",
    ]
)


async def act(request: Request) -> Response:
    here, server = asked_server(request)
    document = await body(request)
    if len(document) != 1:
        raise Fault(400, "Malformed request body")
    name, given = next(iter(document.items()))
    if name in LACKING:
        raise Fault(501, f"The demo cloud lacks the server action {name}")
    action = ACTIONS.get(name)
    if action is None:
        raise Fault(400, f"There is no such action: {name}")
    return await action(request, here, server, given)


def routes() -> list[Route]:
    return [route("POST", "/v2.1/servers/{server_id}/action", act)]
