"""Every URL tried by every role. A URL that this table does not know fails: whoever adds one says who may see it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings

from allocations.models import Allocation
from instances.models import Instance
from instances.remote import recordings, sharing
from portal.accounts.models import User
from portal.operations import services as operations
from portal.operations.models import Operation
from tests.access.room import room_ids, seat_helper, seat_here, seat_learner  # noqa: F401  (fixtures)
from tests.access.table import CHANGING, GET, NO_GET, POST_ONLY, ROLES, WHO
from tests.allocations.members.things import people_of
from tests.allocations.overview.exported import made_for
from tests.cast import CAST
from tests.instances.remote.people import session_on, visit_on
from tests.instances.remote.test_recordings import written
from tests.portal.api.conftest import catalogue, machine  # noqa: F401  (fixtures)
from tests.portal.notices.things import ids_of


def names(patterns: list[Any] | None = None, space: str = "") -> Iterator[str]:
    for found in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(found, URLResolver):
            if found.namespace == "admin":
                continue
            yield from names(found.url_patterns, f"{space}{found.namespace}:" if found.namespace else space)
        elif isinstance(found, URLPattern) and found.name:
            yield f"{space}{found.name}"


def test_every_url_of_the_site_is_in_the_table() -> None:
    assert set(names()) - set(GET) - POST_ONLY == set()


@pytest.fixture
def operation(machine: Instance, member: User) -> Operation:  # noqa: F811
    return operations.submit(
        kind="instance.lock",
        by=member,
        cloud="demo",
        region="IU",
        project_id=machine.allocation.project_id,
        target_type="instance",
        target_id=machine.pk,
        target_name=machine.name,
        spec={"action": "lock"},
    )


@pytest.fixture
def remote_ids(machine: Instance, member: User, settings: Settings, tmp_path: Path) -> dict[str, Any]:  # noqa: F811
    """What the pages of shells are about, by the names of their URLs: the member's shell, shared and recorded."""
    settings.RECORDINGS_DIR = tmp_path
    session = session_on(machine, member)
    share = sharing.invite(by=member, session=session, invited=None, mode="view")
    recording = recordings.start(by=member, session=session)
    written(recording, b"hello")
    of_share = ("join", "join-open", "change-share")
    of_recording = ("recording", "cast", "recording-delete")
    return {
        "": session.pk,
        **{f"remote:{name}": share.pk for name in of_share},
        **{f"remote:{name}": recording.pk for name in of_recording},
        "visit": visit_on(share, member).pk,
        "recording": recording.pk,
    }


@pytest.fixture
def notice_ids(member: User) -> dict[str, dict[str, Any]]:
    return ids_of(member)


@pytest.fixture
def people_ids(allocation: Allocation, colleague: User) -> dict[str, Any]:
    return people_of(allocation, colleague)


@pytest.fixture
def address(
    catalogue: Allocation,  # noqa: F811
    machine: Instance,  # noqa: F811
    operation: Operation,
    remote_ids: dict[str, Any],
    notice_ids: dict[str, dict[str, Any]],
    people_ids: dict[str, Any],
    room_ids: dict[str, Any],  # noqa: F811
) -> Any:
    """The path behind a URL name, with the things of the member in it."""
    known = {
        "slug": catalogue.slug,
        "id": machine.pk,
        "instance_id": machine.pk,
        "pk": 1,
        "cloud": "demo",
        "method": "password",
        "provider_id": "cilogon",
        "operation": operation.pk,
        "operation_id": operation.pk,
        "action": "stop",
        "kind": "config",
        "person": 1,
        "visit_id": remote_ids["visit"],
        "policy": "schedule",
        "what": "extend",
        "connection_id": remote_ids[""],
        "recording_id": remote_ids["recording"],
        **people_ids,
        **room_ids,
        "export_id": made_for(operation.by).pk,
    }

    def path(name: str) -> str:
        query = (
            "?allocation=" + catalogue.slug
            if name in {"api:list_flavors", "api:list_images", "api:list_instances"}
            else ""
        )
        kwargs = dict(known)
        if name.startswith("operations:"):
            kwargs["id"] = kwargs["pk"] = operation.pk
        if name.startswith("remote:"):
            kwargs["id"] = remote_ids.get(name, remote_ids[""])
        kwargs |= notice_ids.get(name, {})
        if name == "members:departure":
            kwargs["id"] = people_ids["departure_id"]
        for wanted in _parameters(name):
            assert wanted in kwargs, f"{name} has a parameter that this test does not know: {wanted}"
        return reverse(name, kwargs={wanted: kwargs[wanted] for wanted in _parameters(name)}) + query

    return path


def _parameters(name: str) -> list[str]:
    *spaces, last = name.split(":")
    resolver: Any = get_resolver()
    for space in spaces:
        resolver = resolver.namespace_dict[space][1]
    return list(resolver.reverse_dict.getlist(last)[0][0][0][1])


@pytest.mark.parametrize("name", sorted(GET))
def test_only_those_entitled_see_it(name: str, address: Any, request: pytest.FixtureRequest) -> None:
    path = address(name)
    for role in ("nobody", *ROLES):
        client = Client()
        if role != "nobody":
            client.force_login(request.getfixturevalue(role))
        answer = client.get(path)
        if role in WHO[GET[name]]:
            # A redirect inside the site is an answer, one to the sign-in page is not.
            assert answer.status_code < 400 or answer.status_code == 503, (role, name, answer.status_code)
            assert "/accounts/login" not in answer.headers.get("Location", ""), (role, name)
        elif role == "nobody":
            assert answer.status_code in {302, 401, 403}, (role, name, answer.status_code)
            assert "/accounts/login" in answer.headers.get("Location", "/accounts/login")
        else:
            assert answer.status_code in {403, 404}, (role, name, answer.status_code)
            assert b"blast-node" not in answer.content, (role, name)


@pytest.mark.parametrize("name", sorted(POST_ONLY - NO_GET))
def test_what_changes_things_is_not_done_by_a_get(name: str, address: Any, member: User) -> None:
    client = Client()
    client.force_login(member)
    before = Operation.objects.count()
    assert client.get(address(name)).status_code in {404, 405}
    assert Operation.objects.count() == before


@pytest.mark.parametrize("name", sorted(CHANGING))
def test_a_post_by_somebody_not_entitled_changes_nothing(
    name: str, address: Any, request: pytest.FixtureRequest
) -> None:
    path = address(name)
    before = Operation.objects.values_list("pk", "state")
    state = set(before.all())
    for role in ("nobody", *ROLES):
        if role in WHO[CHANGING[name]]:
            continue
        client = Client()
        if role != "nobody":
            client.force_login(request.getfixturevalue(role))
        answer = client.post(path, {"instance": str(0)})
        assert answer.status_code in {302, 401, 403, 404}, (role, name, answer.status_code)
        assert set(before.all()) == state, (role, name)


def test_a_post_without_the_csrf_token_is_refused(address: Any, member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    for name in CHANGING:
        assert client.post(address(name)).status_code == 403, name


@pytest.mark.parametrize("role", [role for role in CAST if role != "operator"])
def test_the_admin_pages_are_for_operators(role: str, request: pytest.FixtureRequest) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(role))
    assert client.get("/admin/").status_code == 302
