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
from tests.allocations.members.things import people_of
from tests.allocations.overview.exported import made_for
from tests.cast import CAST
from tests.instances.remote.people import session_on, visit_on
from tests.instances.remote.test_recordings import written
from tests.portal.api.conftest import catalogue, machine  # noqa: F401  (fixtures)
from tests.portal.notices.things import ids_of

# Who gets what at a GET. public: anybody. person: whoever is signed in. members: of the allocation, and operators (to look).
# actors: those who may act on the member's machine. launchers: who may launch. owner: of the operation. staff: operators.
WHO = {
    "public": {"nobody", *CAST},
    "person": set(CAST),
    "members": {"pi", "manager", "member", "colleague", "assistant", "reader", "operator"},
    "launchers": {"pi", "manager", "member", "colleague", "assistant"},
    "actors": {"pi", "manager", "member", "assistant"},
    "owner": {"member"},
    "staff": {"operator"},
    # Those who act on machines of others, and those who may replay the member's shell.
    "helpers": {"pi", "manager", "assistant"},
    "keepers": {"pi", "manager", "member"},
    "managers": {"pi", "manager"},
}
GET: dict[str, str] = {
    "healthz": "public",
    "home": "public",
    "account_login": "public",
    "api:openapi-json": "public",
    "api:openapi-view": "public",
    "account_logout": "public",
    "home-parts": "person",
    "home-switch": "person",
    "no-allocation": "person",
    "profile": "person",
    "profile-tokens": "person",
    "notices:inbox": "person",
    "notices:bell": "person",
    "notices:open": "owner",
    "notices:preferences": "person",
    "notices:mails": "person",
    "notices:webhooks": "person",
    "notices:webhook": "owner",
    "notices:unsubscribe": "public",
    "notices:announcements": "staff",
    "notices:announcement": "staff",
    "look-people": "staff",
    "api:list_notices": "person",
    "api:list_choices": "person",
    "api:list_webhooks": "person",
    "api:list_deliveries": "owner",
    "profile-clouds": "person",
    "profile-cloud-connect": "person",
    "profile-tools": "person",
    "instances:running": "person",
    "allocations:detail": "members",
    "allocations:card": "members",
    "budgets:page": "members",
    "api:my_budgets": "members",
    "api:list_budgets": "managers",
    "api:list_limits": "managers",
    "budgets:mine": "members",
    "budgets:new": "managers",
    "budgets:many": "managers",
    "budgets:group-new": "managers",
    "budgets:limits": "managers",
    "overview:figures": "members",
    "overview:forecast": "members",
    "overview:quota": "members",
    "overview:plan": "members",
    "overview:save": "members",
    "overview:trail": "members",
    "overview:planner": "person",
    "overview:exports": "person",
    "overview:export-file": "owner",
    "api:get_overview": "members",
    "api:get_forecast": "members",
    "api:get_plan": "person",
    "api:get_plan_within": "members",
    "api:get_trail": "members",
    "api:list_exports": "person",
    "api:get_export_content": "owner",
    "reports:usage": "members",
    "reports:usage-csv": "members",
    "reports:all": "staff",
    "reports:all-csv": "staff",
    "reports:rates": "person",
    "api:get_usage": "members",
    "api:get_usage_csv": "members",
    "api:list_all_allocations": "staff",
    "api:list_all_allocations_csv": "staff",
    "api:list_rates": "person",
    "instances:list": "members",
    "instances:rows": "members",
    "instances:launch": "launchers",
    "instances:launch-name": "launchers",
    "instances:detail": "members",
    "instances:row": "members",
    "instances:status": "members",
    "instances:facts": "members",
    "instances:timeline": "members",
    "instances:console-log": "members",
    "instances:actions": "members",
    "instances:action": "actors",
    "instances:commands": "members",
    "instances:command": "members",
    "instances:own-tools": "members",
    "instances:ssh": "members",
    "instances:machine-ssh": "members",
    "instances:console": "actors",
    "instances:screen": "actors",
    "remote:shell": "actors",
    "remote:desktop": "actors",
    "remote:ports": "actors",
    "remote:files": "actors",
    "remote:shell-state": "members",
    "remote:dock": "person",
    "remote:of-machine": "members",
    "remote:who": "members",
    "remote:of-allocation": "helpers",
    "remote:own-connections": "person",
    "remote:invitations": "person",
    "remote:session": "members",
    "remote:on-it": "members",
    "remote:disconnect": "actors",
    "remote:share": "owner",
    "remote:share-people": "owner",
    "remote:join": "actors",
    "remote:recording": "keepers",
    "remote:cast": "keepers",
    "api:list_instance_connections": "members",
    "api:list_connections": "person",
    "api:get_recording": "keepers",
    "members:list": "members",
    "members:beside": "managers",
    "members:add": "managers",
    "members:roles": "managers",
    "members:invitations": "managers",
    "members:remove": "managers",
    "members:departure": "managers",
    "members:join": "person",
    "members:invited": "public",
    "api:list_members": "members",
    "api:left_behind": "managers",
    "api:list_departures": "managers",
    "api:list_invitations": "managers",
    "remote:jump": "members",
    "remote:native": "members",
    "remote:host-keys": "members",
    "remote:trust": "members",
    "remote:jump-offer": "members",
    "advice:page": "members",
    "advice:brief": "members",
    "api:list_advice": "members",
    "policies:machine": "members",
    "policies:edit": "keepers",
    "policies:allocation": "members",
    "policies:edit-default": "managers",
    "api:get_policies": "members",
    "api:list_policies": "members",
    "metrics:series": "members",
    "metrics:graphs": "members",
    "metrics:alerts": "members",
    "operations:detail": "members",
    "api:list_allocations": "person",
    "api:get_allocation": "members",
    "api:list_facts": "members",
    "api:list_flavors": "members",
    "api:list_images": "members",
    "api:list_instances": "members",
    "api:get_instance": "members",
    "api:get_ssh": "members",
    "api:get_metrics": "members",
    "api:get_operation": "owner",
}
FILES_OF_A_SESSION = {
    *("remote:files-list", "remote:files-content", "remote:files-standing", "remote:files-folder"),
    *("remote:files-rename", "remote:files-permissions", "remote:files-preview"),
}
# Only POST (or DELETE) means something there; tests of the feature try those. GET is refused for everybody.
POST_ONLY = {
    # What a search found is for who asked alone: tests/allocations/members/test_pages.py tries it as another.
    *("members:found", "members:invitation-revoke"),
    *(
        "api:add_members",
        "api:change_role",
        "api:remove_member",
        "api:make_invitation",
        "api:revoke_invitation",
    ),
    # Of a budget or group that is not there: tests/allocations/budgets/test_views.py tries those that are, as everybody.
    *("budgets:edit", "budgets:delete", "budgets:group", "budgets:group-delete"),
    *("api:set_budget", "api:change_budget", "api:delete_budget", "api:set_limits", "api:save_group"),
    "overview:export-remove",
    "api:delete_export",
    "api:make_export",
    "openid_connect_login",
    "openid_connect_callback",
    "profile-end-sessions",
    "notices:read",
    "notices:read-all",
    "notices:dismiss",
    "notices:webhook-do",
    "notices:announcement-end",
    "look-start",
    "look-end",
    "api:read_notices",
    "api:change_choice",
    "api:add_webhook",
    "api:change_webhook",
    "api:remove_webhook",
    "api:test_webhook",
    "profile-token-revoke",
    "profile-cloud-disconnect",
    "profile-credential-renew",
    "policies:put-off",
    "api:set_policy",
    "api:drop_policy",
    "api:extend_lease",
    "api:put_off_policy",
    "api:set_default_policy",
    "api:dry_run",
    "profile-credential-revoke",
    "profile-cloud-websso",
    "profile-cloud-answer",
    "websso-return",
    "websso-finish",
    "instances:launch-preview",
    "instances:launch-key",
    "operations:cancel",
    "reports:show-spending",
    "api:act",
    "api:launch",
    "api:delete_instance",
    "remote:open",
    "remote:end",
    "remote:seat",
    "advice:dismiss",
    # Of advice that is not given: tests/instances/advice/test_views.py tries what is, as everybody.
    "advice:follow",
    "remote:files-unlock",
    "remote:files-delete",
    "remote:files-discard",
    "remote:files-folders",
    "remote:files-archive",
    # Of a live session, which asks a machine: tests/instances/remote/files/test_views_browse.py tries them as everybody.
    *FILES_OF_A_SESSION,
    "remote:port-open",
    "remote:port-listening",
    "remote:port-close",
    "remote:unshare",
    "remote:record",
    "remote:change-share",
    "remote:change-visit",
    "remote:join-open",
    "remote:recording-delete",
    "api:end_connection",
    "api:delete_recording",
    "remote:jump-make",
    "remote:certificate-sign",
    "remote:teammate-add",
    "remote:teammate-remove",
    "remote:host-key-end",
    "remote:passphrase",
    "remote:put-trust",
    # Of a certificate, or a session, that is not there: tests of the feature try those that are.
    "api:sign_certificate",
    "api:let_in",
    "api:shut_out",
    "remote:certificate",
    "remote:machine-keys",
    "remote:jump-choose",
    "remote:jump-remove",
    "remote:let-in",
    "instances:bulk",
    "instances:bulk-command",
    "profile-tool",
    "profile-tool-show",
    "profile-tool-revoke",
    "account_inactive",
    "api:api-root",
}
# Not tried with GET below: they lead elsewhere, have a page of their own, or share a path with a GET.
NO_GET = {
    *("api:set_budget", "api:set_limits"),
    "api:make_export",
    "advice:follow",
    *("budgets:edit", "budgets:delete", "budgets:group", "budgets:group-delete"),
    *FILES_OF_A_SESSION,
    # Over a connection to the machine (tests/instances/remote/test_keys_pages.py).
    "remote:machine-keys",
    *("openid_connect_login", "openid_connect_callback", "api:api-root", "account_inactive"),
    *(
        "api:launch",
        *("api:add_webhook", "api:change_webhook", "api:remove_webhook"),
        *("api:add_members", "api:make_invitation", "members:found"),
        "api:delete_instance",
        "api:delete_recording",
        "instances:bulk",
        "instances:bulk-command",
        "profile-tool",
    ),
    # By hand both lead to the connected clouds; what they take comes from a cloud's page (tests/portal/accounts/test_websso.py).
    *("websso-return", "websso-finish"),
}
CHANGING = {
    "members:add": "managers",
    "members:roles": "managers",
    "members:remove": "managers",
    "members:departure": "managers",
    "members:invitations": "managers",
    "budgets:new": "managers",
    "budgets:many": "managers",
    "budgets:group-new": "managers",
    "budgets:limits": "managers",
    "instances:launch": "launchers",
    "instances:bulk": "members",
    "instances:action": "actors",
    "instances:console-log": "members",
    "operations:cancel": "actors",
    "reports:show-spending": "managers",
    "remote:disconnect": "actors",
    "remote:end": "actors",
    "remote:port-open": "actors",
    "remote:port-listening": "actors",
    "remote:port-close": "owner",
    "remote:seat": "actors",
    "remote:unshare": "owner",
    "remote:record": "owner",
    "remote:recording-delete": "keepers",
    "remote:jump-make": "launchers",
    "remote:certificate-sign": "actors",
    "remote:teammate-add": "actors",
    "remote:teammate-remove": "actors",
    "remote:host-keys": "actors",
    "remote:host-key-end": "actors",
    "remote:trust": "actors",
    "remote:passphrase": "actors",
    "remote:jump-choose": "launchers",
    "remote:let-in": "actors",
    "policies:edit": "keepers",
    "policies:put-off": "actors",
    "policies:edit-default": "managers",
}


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
    for role in ("nobody", *CAST):
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
    for role in ("nobody", *CAST):
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
