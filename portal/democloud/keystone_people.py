"""Projects, users, roles, domains and regions, as far as an ordinary user and an admin may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portal.democloud.errors import Fault
from portal.democloud.model_identity import Assignment, Project, Role, User
from portal.democloud.routing import Ctx, answer, ctx, empty, place, route
from portal.democloud.state import Region, World


def _collection(here: Ctx, request: Request, key: str, found: list[dict[str, Any]]) -> Response:
    own = f"{here.world.base_url}/identity{request.scope['path']}"
    return answer({key: found, "links": {"next": None, "self": own, "previous": None}})


def _admin(request: Request, rule: str) -> Ctx:
    here = ctx(request, scoped=False)
    if not here.admin:
        raise Fault(403, f"You are not authorized to perform the requested action: identity:{rule}.")
    return here


def _keeper(request: Request, rule: str, project_id: str | None) -> Ctx:
    """An admin; or, by a policy of the operators' own, who is manager in that project and works in it."""
    here = ctx(request, scoped=False)
    if here.world.identity.managers_assign and "manager" in here.roles and here.project_id == project_id:
        return here
    return _admin(request, rule)


def project_view(world: World, project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "name": project.name,
        "domain_id": project.domain_id,
        "description": project.description,
        "enabled": project.enabled,
        "parent_id": project.domain_id,
        "is_domain": False,
        "tags": project.tags,
        "options": {},
        "links": {"self": f"{world.base_url}/identity/v3/projects/{project.id}"},
    }


def user_view(world: World, user: User) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": user.id,
        "name": user.name,
        "domain_id": user.domain_id,
        "enabled": user.enabled,
        "email": user.email,
        "password_expires_at": None,
        "options": {},
        "links": {"self": f"{world.base_url}/identity/v3/users/{user.id}"},
    }
    if user.unique_id is not None:
        protocols = [{"protocol_id": "openid", "unique_id": user.unique_id}]
        found["federated"] = [{"idp_id": "access", "protocols": protocols}]
    return found


def role_view(world: World, role: Role) -> dict[str, Any]:
    own = f"{world.base_url}/identity/v3/roles/{role.id}"
    links = {"self": own}
    return {"id": role.id, "name": role.name, "domain_id": None, "description": None, "links": links}


async def my_projects(request: Request) -> Response:
    here = ctx(request, scoped=False)
    found = [project_view(here.world, one) for one in here.world.projects_of(here.user_id) if one.enabled]
    return _collection(here, request, "projects", found)


async def my_domains(request: Request) -> Response:
    return _collection(ctx(request, scoped=False), request, "domains", [])


async def my_system(request: Request) -> Response:
    here = ctx(request, scoped=False)
    return answer({"system": [], "links": {"self": f"{here.world.base_url}/identity/v3/auth/system"}})


async def user_projects(request: Request) -> Response:
    here = ctx(request, scoped=False)
    user_id = request.path_params["user_id"]
    if user_id != here.user_id and not here.admin:
        raise Fault(
            403, "You are not authorized to perform the requested action: identity:list_user_projects."
        )
    found = [project_view(here.world, one) for one in here.world.projects_of(user_id)]
    return _collection(here, request, "projects", found)


async def projects(request: Request) -> Response:
    here = _admin(request, "list_projects")
    found = [project_view(here.world, one) for one in here.world.identity.projects.values()]
    return _collection(here, request, "projects", _named(request, found))


def _named(request: Request, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    name = request.query_params.get("name")
    return [one for one in found if name in (None, one["name"])]


async def project(request: Request) -> Response:
    """A project that the asker has a role in (or any, for an admin)."""
    here = ctx(request, scoped=False)
    found = here.world.identity.projects.get(request.path_params["id"])
    if found is None or not (here.admin or here.world.roles_of(here.user_id, found.id)):
        raise Fault(403, "You are not authorized to perform the requested action: identity:get_project.")
    return answer({"project": project_view(here.world, found)})


async def users(request: Request) -> Response:
    # Who may give roles finds whom to give them to, by name.
    here = ctx(request, scoped=False)
    here = _keeper(request, "list_users", here.project_id if request.query_params.get("name") else None)
    found = [user_view(here.world, one) for one in here.world.identity.users.values()]
    return _collection(here, request, "users", _named(request, found))


async def user(request: Request) -> Response:
    here = ctx(request, scoped=False)
    user_id = request.path_params["id"]
    found = here.world.identity.users.get(user_id)
    if found is None or (user_id != here.user_id and not here.admin):
        raise Fault(403, "You are not authorized to perform the requested action: identity:get_user.")
    return answer({"user": user_view(here.world, found)})


async def roles(request: Request) -> Response:
    here = _keeper(request, "list_roles", ctx(request, scoped=False).project_id)
    found = [role_view(here.world, one) for one in here.world.identity.roles.values()]
    return _collection(here, request, "roles", _named(request, found))


async def assignments(request: Request) -> Response:
    """Who holds what, for admins only: a manager of a project cannot ask who is in it, unless policy says so."""
    project_id = request.query_params.get("scope.project.id")
    here = _keeper(request, "list_role_assignments", project_id)
    user_id = request.query_params.get("user.id")
    chosen = [
        one
        for one in here.world.identity.assignments
        if project_id in (None, one.project_id) and user_id in (None, one.user_id)
    ]
    with_names = "include_names" in request.query_params
    found = [_assignment(here.world, one, with_names=with_names) for one in sorted(chosen, key=repr)]
    return _collection(here, request, "role_assignments", found)


def _assignment(world: World, one: Assignment, *, with_names: bool) -> dict[str, Any]:
    role: dict[str, Any] = {"id": one.role_id}
    person: dict[str, Any] = {"id": one.user_id}
    within: dict[str, Any] = {"id": one.project_id}
    if with_names:
        domains = world.identity.domains
        who, where = world.identity.users[one.user_id], world.identity.projects[one.project_id]
        role["name"] = world.identity.roles[one.role_id].name
        person |= {"name": who.name, "domain": {"id": who.domain_id, "name": domains[who.domain_id].name}}
        within |= {
            "name": where.name,
            "domain": {"id": where.domain_id, "name": domains[where.domain_id].name},
        }
    return {"role": role, "user": person, "scope": {"project": within}, "links": {}}


def _assignment_of(request: Request, rule: str) -> tuple[World, Assignment]:
    here = _keeper(request, rule, request.path_params["project_id"])
    params, identity = request.path_params, here.world.identity
    for kind, store, one in (
        ("project", identity.projects, params["project_id"]),
        ("user", identity.users, params["user_id"]),
        ("role", identity.roles, params["role_id"]),
    ):
        if one not in store:
            raise Fault(404, f"Could not find {kind}: {one}.")
    return here.world, Assignment(params["user_id"], params["project_id"], params["role_id"])


async def grant(request: Request) -> Response:
    world, assignment = _assignment_of(request, "create_grant")
    world.identity.assignments.add(assignment)
    return empty()


async def ungrant(request: Request) -> Response:
    world, assignment = _assignment_of(request, "revoke_grant")
    if assignment not in world.identity.assignments:
        raise Fault(404, f"Could not find role assignment with role: {assignment.role_id}.")
    world.identity.assignments.discard(assignment)
    return empty()


async def domains(request: Request) -> Response:
    here = _admin(request, "list_domains")
    found = [
        {"id": one.id, "name": one.name, "description": one.description, "enabled": True, "links": {}}
        for one in here.world.identity.domains.values()
    ]
    return _collection(here, request, "domains", _named(request, found))


def region_view(world: World, region: Region) -> dict[str, Any]:
    links = {"self": f"{world.base_url}/identity/v3/regions/{region.name}"}
    return {"id": region.name, "description": "", "parent_region_id": None, "links": links}


async def regions(request: Request) -> Response:
    """Open to everyone, as in Keystone."""
    here = ctx(request, scoped=False)
    found = [region_view(here.world, region) for region in here.world.regions.values()]
    return _collection(here, request, "regions", found)


async def version(request: Request) -> Response:
    return answer({"version": _version(place(request)[0])})


async def versions(request: Request) -> Response:
    world, _ = place(request)
    headers = {"Location": f"{world.base_url}/identity/v3/"}
    return answer({"versions": {"values": [_version(world)]}}, 300, headers)


def _version(world: World) -> dict[str, Any]:
    return {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{world.base_url}/identity/v3/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }


def routes() -> list[Route]:
    grant_path = "/v3/projects/{project_id}/users/{user_id}/roles/{role_id}"
    readers: dict[str, Callable[..., Any]] = {
        "/": versions,
        "/v3": version,
        "/v3/auth/projects": my_projects,
        "/v3/OS-FEDERATION/projects": my_projects,
        "/v3/auth/domains": my_domains,
        "/v3/auth/system": my_system,
        "/v3/users": users,
        "/v3/users/{id}": user,
        "/v3/users/{user_id}/projects": user_projects,
        "/v3/projects": projects,
        "/v3/projects/{id}": project,
        "/v3/roles": roles,
        "/v3/role_assignments": assignments,
        "/v3/domains": domains,
        "/v3/regions": regions,
    }
    writers = [route("PUT", grant_path, grant), route("DELETE", grant_path, ungrant)]
    return [route("GET", path, handler) for path, handler in readers.items()] + writers
