"""ACCESS's userinfo and profiles (who somebody is) and spacct (what they are called at a resource)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from portal.cloud.access_service import api
from portal.cloud.outside import ask, reading
from portal.cloud.parse import text
from portal.cloud.schema_sources import Access
from portal.cloud.types_people import AccessPerson

_MOST_FOUND = 50
_MOST_ACCOUNTS = 200_000


def search(cloud: str, access: Access, q: str) -> list[AccessPerson]:
    """People whose id or name fits, the first of them."""
    service = api(cloud, access, "userinfo")
    reply = ask(service, "GET", "/acdb/userinfo/v2/people/search", params={"q": q})
    with reading(service):
        found = _result(reply.body)
        rows = found if isinstance(found, list) else found["people"]
        return [_person(row) for row in rows[:_MOST_FOUND] if text(row, "portal_login")]


def by_local_name(cloud: str, access: Access, username: str) -> AccessPerson | None:
    """The person of that account name at the resource."""
    service = api(cloud, access, "userinfo")
    path = (
        f"/acdb/userinfo/v2/people/by_username/{quote(access.resource, safe='')}/{quote(username, safe='')}"
    )
    reply = ask(service, "GET", path)
    with reading(service):
        found = _result(reply.body)
        row = found[0] if isinstance(found, list) and found else found
        return _person(row) if isinstance(row, dict) and text(row, "portal_login") else None


def profile(cloud: str, access: Access, username: str) -> AccessPerson:
    """Name, address and eligibility of the person of that id."""
    service = api(cloud, access, "profiles")
    reply = ask(service, "GET", f"/identity/profiles/v1/people/{quote(username, safe='')}")
    with reading(service):
        row: Mapping[str, Any] = reply.body.get("result", reply.body)
        return AccessPerson(
            username=text(row, "username")[:255] or username,
            name=f"{text(row, 'firstName')} {text(row, 'lastName')}".strip()[:255],
            email=text(row, "email")[:255],
            eligible=_eligible(row),
            why_not=_why_not(row)[:255],
        )


def local_names(cloud: str, access: Access) -> list[tuple[str, str]]:
    """(id, account name) of everybody at the resource."""
    service = api(cloud, access, "spacct")
    reply = ask(service, "GET", f"/acdb/spacct/v2/users/resource/{quote(access.resource, safe='')}")
    with reading(service):
        rows = _result(reply.body)["users"]
        pairs = [
            (text(row, "portalLogin")[:255], str(name)[:255])
            for row in rows
            for name in row.get("usernames") or ()
        ]
        if len(pairs) > _MOST_ACCOUNTS:
            raise ValueError("more accounts than there can be")
        return [pair for pair in pairs if all(pair)]


def _result(body: Any) -> Any:
    return body["result"]


def _person(row: Mapping[str, Any]) -> AccessPerson:
    name = f"{text(row, 'first_name')} {text(row, 'last_name')}".strip()
    state = text(row, "status").casefold()
    return AccessPerson(
        username=text(row, "portal_login")[:255],
        name=name[:255],
        email=text(row, "email")[:255],
        organization=text(row, "organization")[:255],
        eligible=state in ("", "active"),
        why_not="" if state in ("", "active") else f"the account is {state}"[:255],
    )


def _eligible(row: Mapping[str, Any]) -> bool:
    barred = row.get("isSuspended") is True or row.get("isArchived") is True
    return not barred and text(row, "isEligible").casefold() != "no"


def _why_not(row: Mapping[str, Any]) -> str:
    if row.get("isSuspended") is True:
        return "the account is suspended"
    if row.get("isArchived") is True:
        return "the account was closed"
    return text(row, "eligibleReason") if text(row, "isEligible").casefold() == "no" else ""
