"""ACCESS's usermanagement API: who is in a project, who manages it, adding and removing people.

One key of the portal's own opens it for all projects: whoever calls here has made sure that the person may (`managed_by`).
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from portal.cloud.access_service import api
from portal.cloud.outside import ask, reading
from portal.cloud.parse import text
from portal.cloud.schema_sources import Access
from portal.cloud.types_people import AccessMember

_USERS = "/acdb/usermanagement/v1/users"
_LISTS = ("users", "members", "accounts")
_MOST = 20_000


def members(cloud: str, access: Access, grant: str) -> list[AccessMember]:
    """Everybody in the project, one for each person and resource."""
    service = api(cloud, access, "usermanagement")
    reply = ask(service, "GET", f"{_USERS}/{quote(grant, safe='')}")
    with reading(service):
        rows = _rows(reply.body)
        return [_member(row) for row in rows if text(row, "username")]


def managed_by(cloud: str, access: Access, username: str) -> list[str]:
    """The numbers of the grants that the person manages: as PI, co-PI or allocation manager."""
    service = api(cloud, access, "usermanagement")
    reply = ask(service, "GET", f"{_USERS}/{quote(username, safe='')}/projects_managed")
    with reading(service):
        return [text(row, "grantNumber") for row in _rows(reply.body) if text(row, "grantNumber")]


def add(cloud: str, access: Access, grant: str, usernames: Iterable[str], comment: str) -> None:
    """Ask for people to be added. Taken is not done: they are pending until `members` says otherwise."""
    _change(cloud, access, grant, "add_multiple", usernames, comment)


def remove(cloud: str, access: Access, grant: str, usernames: Iterable[str], comment: str) -> None:
    _change(cloud, access, grant, "remove_multiple", usernames, comment)


def _change(
    cloud: str, access: Access, grant: str, what: str, usernames: Iterable[str], comment: str
) -> None:
    body = {"comment": comment, "usernames": list(usernames)}
    ask(api(cloud, access, "usermanagement"), "POST", f"{_USERS}/{quote(grant, safe='')}/{what}", json=body)


def _rows(body: Any) -> list[Mapping[str, Any]]:
    """The list inside the wrapper, under whichever of its names."""
    found = body["result"] if isinstance(body, dict) else body
    if isinstance(found, dict):
        found = next((found[name] for name in _LISTS if isinstance(found.get(name), list)), None)
    if not isinstance(found, list) or len(found) > _MOST:
        raise ValueError("no list of people")
    return [row for row in found if isinstance(row, dict)]


def _member(row: Mapping[str, Any]) -> AccessMember:
    name = text(row, "name") or f"{text(row, 'firstName')} {text(row, 'lastName')}".strip()
    return AccessMember(
        username=text(row, "username")[:255],
        role=text(row, "role")[:64],
        state=text(row, "spState")[:64],
        name=name[:255],
        email=text(row, "email")[:255],
        organization=text(row, "organization")[:255],
        resource=(text(row, "resourceName") or text(row, "resource"))[:255],
    )
