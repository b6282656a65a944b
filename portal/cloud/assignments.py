"""Roles in a project: listed and changed as the person whose login it is, as far as the cloud's policy lets them."""

from portal.cloud.calls import rows, send
from portal.cloud.connection import Cloud
from portal.cloud.parse import text
from portal.cloud.translate import translated
from portal.cloud.types_people import Assignment
from portal.core.errors import PortalError


def of_project(cloud: Cloud) -> list[Assignment]:
    """Who holds which role in the project of the login. `cloud:forbidden` where only administrators may ask."""
    params = {"scope.project.id": cloud.project_id, "include_names": "true"}
    found = rows(cloud, "identity", "/role_assignments", "role_assignments", params=params)
    with translated("identity"):
        return [
            Assignment(
                user_id=str(row["user"]["id"]),
                user_name=text(row["user"], "name"),
                role_id=str(row["role"]["id"]),
                role=text(row["role"], "name"),
            )
            for row in found
            if "user" in row and row.get("scope", {}).get("project", {}).get("id") == cloud.project_id
        ]


def user_id(cloud: Cloud, name: str, domain: str) -> str:
    """The id of the user of that name; `cloud:not-found` where there is none (or none that may be seen)."""
    params = {"name": name}
    found = rows(cloud, "identity", "/users", "users", params=params)
    with translated("identity"):
        fitting = [str(row["id"]) for row in found if text(row, "name") == name]
    if len(fitting) > 1 and domain:
        fitting = _in_domain(cloud, found, name, domain)
    if len(fitting) != 1:
        raise PortalError("cloud:not-found", service="identity", detail=f"{len(fitting)} users of that name")
    return fitting[0]


def _in_domain(cloud: Cloud, found: list[dict[str, object]], name: str, domain: str) -> list[str]:
    named = {domain, domain.casefold()}
    return [str(row["id"]) for row in found if text(row, "name") == name and text(row, "domain_id") in named]


def role_id(cloud: Cloud, name: str) -> str:
    found = rows(cloud, "identity", "/roles", "roles", params={"name": name})
    with translated("identity"):
        fitting = [str(row["id"]) for row in found if text(row, "name") == name]
    if not fitting:
        raise PortalError("cloud:not-found", service="identity", detail=f"no role {name}")
    return fitting[0]


def assign(cloud: Cloud, *, user: str, role: str) -> None:
    """Given twice is given once."""
    send(cloud, "identity", "PUT", _path(cloud, user, role))


def unassign(cloud: Cloud, *, user: str, role: str) -> None:
    """Taken twice is taken once: what is not there any more is no error."""
    try:
        send(cloud, "identity", "DELETE", _path(cloud, user, role))
    except PortalError as error:
        if error.id != "cloud:not-found":
            raise


def _path(cloud: Cloud, user: str, role: str) -> str:
    return f"/projects/{cloud.project_id}/users/{user}/roles/{role}"
