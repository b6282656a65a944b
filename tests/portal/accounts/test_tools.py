"""A credential for somebody's own tools, made and deleted at a Keystone in a process of its own."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations import services as allocations
from portal.accounts import connecting, credentials, renewing, tasks, tools, tools_making
from portal.accounts.models import CloudCredential, ToolCredential, User
from portal.cloud import identity
from portal.cloud.config import clouds
from portal.cloud.logins import AppCredentialLogin
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.core.resealing import reseal_all
from portal.core.seal import unseal
from tests.cast import make_user
from tests.portal.accounts.conftest import Queue
from tests.portal.accounts.test_connecting import Killed, connect
from tests.world import World, at_cloud

pytestmark = pytest.mark.django_db
STATE = ToolCredential.State


@pytest.fixture
def alice(world: World) -> User:
    user = make_user("alice")
    connect(user)
    return user


@pytest.fixture
def holder(alice: User) -> CloudCredential:
    return CloudCredential.objects.get(user=alice, project_name="BIO220047", revoked_at=None)


def ask(user: User, holder: CloudCredential, **changes: Any) -> ToolCredential:
    given = {"cloud": "demo", "project_id": holder.project_id, "region": "IU", "name": "laptop", "days": 10}
    return tools.ask(by=user, **{**given, **changes})


def made(user: User, holder: CloudCredential, **changes: Any) -> ToolCredential:
    tool = ask(user, holder, **changes)
    tools_making.make(tool.pk)
    tool.refresh_from_db()
    return tool


def left_of(tool: ToolCredential) -> list[str]:
    """Those of the tool that the cloud has."""
    name = tools_making.cloud_name(tool)
    return [found.id for found in at_cloud("alice") if found.name == name]


def login(tool: ToolCredential, secret: str) -> AppCredentialLogin:
    return AppCredentialLogin(cloud="demo", id=tool.application_credential_id, secret=secret)


def works(tool: ToolCredential, secret: str) -> bool:
    try:
        return identity.validate(login(tool, secret)).project_id == tool.project_id
    except PortalError as error:
        assert error.outcome == "auth", error
        return False


def test_a_worker_makes_it_and_it_opens_the_one_project(alice: User, holder: CloudCredential) -> None:
    tool = made(alice, holder)
    assert (tool.state, tool.error_id) == (STATE.READY, "")
    secret = tools.show(tool=tool, by=alice)
    assert works(tool, secret)
    assert left_of(tool) == [tool.application_credential_id]
    assert tool.expires_at - timezone.now() > timedelta(days=9, hours=23)
    at_the_cloud = next(found for found in at_cloud("alice") if found.id == tool.application_credential_id)
    assert at_the_cloud.expires_at is not None
    assert abs(at_the_cloud.expires_at - tool.expires_at) < timedelta(seconds=2)


def test_asking_enqueues_an_id_and_nothing_else(
    alice: User, holder: CloudCredential, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tool = ask(alice, holder)
    assert queue.of("make_tool") == [tool.pk]


def test_the_secret_is_told_once_and_is_nowhere_here_after_that(alice: User, holder: CloudCredential) -> None:
    tool = made(alice, holder)
    assert unseal(tool.sealed_secret) not in tool.sealed_secret
    secret = tools.show(tool=tool, by=alice)
    row = ToolCredential.objects.filter(pk=tool.pk).values().get()
    assert row["sealed_secret"] == ""
    assert not any(secret in str(value) for value in row.values())
    assert not any(secret in str(event.detail) for event in AuditEvent.objects.all())
    with pytest.raises(PortalError) as refused:
        tools.show(tool=tool, by=alice)
    assert refused.value.id == "accounts:tool-not-shown-again"


def test_nobody_else_gets_it(alice: User, holder: CloudCredential) -> None:
    tool = made(alice, holder)
    mallory = make_user("mallory")
    with pytest.raises(PortalError) as refused:
        tools.mine(mallory, tool.pk)
    assert refused.value.id == "portal:not-found"
    with pytest.raises(ToolCredential.DoesNotExist):
        tools.show(tool=tool, by=mallory)


def test_it_is_restricted_unless_asked_otherwise(alice: User, holder: CloudCredential) -> None:
    for unrestricted in (False, True):
        tool = made(alice, holder, name=f"u{unrestricted}", unrestricted=unrestricted)
        mine = login(tool, tools.show(tool=tool, by=alice))
        try:
            identity.create_app_credential(mine, project_id=tool.project_id, name="child", expires_at=None)
        except PortalError as error:
            assert not unrestricted and error.id == "cloud:forbidden"
        else:
            assert unrestricted


def test_it_can_have_fewer_roles_but_none_that_the_person_lacks(alice: User, holder: CloudCredential) -> None:
    assert len(holder.roles) > 1
    role = sorted(holder.roles)[-1]
    tool = made(alice, holder, roles=[role])
    assert tool.roles == [role]
    with pytest.raises(PortalError, match="bad-input"):
        ask(alice, holder, roles=["admin"])


@pytest.mark.parametrize(
    "changes", [{"days": 0}, {"days": 366}, {"region": "MARS"}, {"name": "  "}, {"name": "x" * 101}]
)
def test_what_cannot_be_is_refused_before_anything_is_stored(
    alice: User, holder: CloudCredential, changes: dict[str, Any]
) -> None:
    with pytest.raises(PortalError):
        ask(alice, holder, **changes)
    assert not ToolCredential.objects.exists()


def test_the_operator_caps_its_life(
    alice: User, holder: CloudCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = clouds().clouds["demo"].portal.sign_in
    monkeypatch.setitem(demo.__dict__, "tool_days", 7)
    assert ask(alice, holder, days=7)
    with pytest.raises(PortalError):
        ask(alice, holder, days=8)


def test_without_a_connection_there_is_nobody_to_make_it(world: World) -> None:
    with pytest.raises(PortalError) as refused:
        tools.ask(by=make_user("bob"), cloud="demo", project_id="p", region="IU", name="x", days=1)
    assert refused.value.id == "accounts:tool-not-connected"


def test_a_credential_that_the_person_brought_makes_no_other(alice: User, holder: CloudCredential) -> None:
    CloudCredential.objects.filter(pk=holder.pk).update(made_here=False)
    with pytest.raises(PortalError) as refused:
        ask(alice, holder)
    assert refused.value.id == "accounts:tool-not-connected"


def test_there_is_an_end_to_how_many_one_has(
    alice: User, holder: CloudCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "MOST", 1)
    first = ask(alice, holder)
    with pytest.raises(PortalError):
        ask(alice, holder)
    ToolCredential.objects.filter(pk=first.pk).update(gone_at=timezone.now())
    assert ask(alice, holder)


def test_a_worker_killed_between_making_and_storing_leaves_one_stray_which_the_next_deletes(
    alice: User, holder: CloudCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = ask(alice, holder)
    with monkeypatch.context() as patch:
        patch.setattr(tools_making, "_store", lambda tool, made: (_ for _ in ()).throw(Killed()))
        for _ in range(3):
            with pytest.raises(Killed):
                tools_making.make(tool.pk)
            assert len(left_of(tool)) == 1
    tools_making.make(tool.pk)
    tool.refresh_from_db()
    assert tool.state == STATE.READY
    assert left_of(tool) == [tool.application_credential_id]
    assert works(tool, tools.show(tool=tool, by=alice))


def test_a_worker_that_is_gone_holds_it_for_minutes_only(
    alice: User, holder: CloudCredential, queue: Queue
) -> None:
    tool = ask(alice, holder)
    later = timezone.now() + timedelta(minutes=2)
    ToolCredential.objects.filter(pk=tool.pk).update(
        lease_until=later, asked_at=timezone.now() - timedelta(minutes=1)
    )
    tool.refresh_from_db()
    tools_making.make(tool.pk)
    tasks.sweep()
    assert not left_of(tool) and not queue.of("make_tool")
    ToolCredential.objects.filter(pk=tool.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep()
    assert queue.of("make_tool") == [tool.pk]
    tasks.make_tool(tool.pk)
    tool.refresh_from_db()
    assert len(left_of(tool)) == 1


def test_making_it_twice_makes_one(alice: User, holder: CloudCredential) -> None:
    tool = made(alice, holder)
    tools_making.make(tool.pk)
    assert left_of(tool) == [tool.application_credential_id]


@pytest.mark.parametrize("fault", [{"action": "lost-reply"}, {"action": "status", "status": 500}])
def test_an_answer_that_is_lost_or_bad_is_asked_for_again_and_leaves_one(
    world: World, alice: User, holder: CloudCredential, fault: dict[str, Any]
) -> None:
    tool = ask(alice, holder)
    world.fault(**fault, method="POST", path="application_credentials", count=1)
    tools_making.make(tool.pk)
    tool.refresh_from_db()
    assert tool.state == STATE.MAKING and tool.error_id and tool.next_attempt_at is not None
    world.mend()
    ToolCredential.objects.filter(pk=tool.pk).update(next_attempt_at=None)
    tools_making.make(tool.pk)
    tool.refresh_from_db()
    assert (tool.state, tool.error_id) == (STATE.READY, "")
    assert left_of(tool) == [tool.application_credential_id]


def test_a_cloud_that_never_answers_is_given_up_with_a_reason(
    world: World, alice: User, holder: CloudCredential
) -> None:
    tool = ask(alice, holder)
    world.fault("status", method="POST", path="application_credentials", status=503)
    for _ in range(tools_making.MOST_ATTEMPTS):
        ToolCredential.objects.filter(pk=tool.pk).update(next_attempt_at=None)
        tools_making.make(tool.pk)
    tool.refresh_from_db()
    assert tool.state == STATE.FAILED and tool.error_id


def test_a_cloud_that_forbids_it_is_asked_once(world: World, alice: User, holder: CloudCredential) -> None:
    tool = ask(alice, holder)
    world.fault("status", method="POST", path="application_credentials", status=403)
    tools_making.make(tool.pk)
    tool.refresh_from_db()
    assert (tool.state, tool.error_id) == (STATE.FAILED, "accounts:tool-forbidden")


def test_a_connection_that_has_ended_is_said_and_marked(alice: User, holder: CloudCredential) -> None:
    tool = ask(alice, holder)
    identity.delete_app_credential(credentials.login_of(holder), holder.application_credential_id)
    from portal.cloud import tokens

    tokens.forget_all()
    tools_making.make(tool.pk)
    tool.refresh_from_db()
    holder.refresh_from_db()
    assert tool.state == STATE.FAILED and tool.error_id
    assert holder.refused_at is not None


def test_revoked_it_is_deleted_at_the_cloud_and_opens_nothing(
    alice: User, holder: CloudCredential, queue: Queue, django_capture_on_commit_callbacks: Any
) -> None:
    tool = made(alice, holder)
    secret = tools.show(tool=tool, by=alice)
    with django_capture_on_commit_callbacks(execute=True):
        tools.revoke(tool=tool, by=alice, reason="test")
    assert queue.of("remove_tool") == [tool.pk]
    tasks.remove_tool(tool.pk)
    tool.refresh_from_db()
    assert tool.gone_at is not None
    assert not left_of(tool) and not works(tool, secret)
    assert not tools.listed(alice).exists()


def test_revoked_before_a_worker_came_nothing_is_made(alice: User, holder: CloudCredential) -> None:
    tool = ask(alice, holder)
    tools.revoke(tool=tool, by=alice, reason="test")
    tools_making.make(tool.pk)
    assert not left_of(tool)
    assert tools_making.remove(tool.pk)


def test_revoked_while_it_is_made_it_is_deleted_though_nobody_stored_it(
    alice: User, holder: CloudCredential, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = ask(alice, holder)
    create = identity.create_app_credential

    def slowly(*given: Any, **named: Any) -> Any:
        found = create(*given, **named)
        tools.revoke(tool=tool, by=alice, reason="changed my mind")
        return found

    monkeypatch.setattr(identity, "create_app_credential", slowly)
    tools_making.make(tool.pk)
    tool.refresh_from_db()
    assert tool.sealed_secret == "" and len(left_of(tool)) == 1
    assert queue.of("remove_tool") == [tool.pk]
    tools_making.remove(tool.pk)
    assert not left_of(tool)


def test_revoked_while_it_is_made_by_a_worker_that_then_dies_it_is_found_by_its_name(
    alice: User, holder: CloudCredential, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = ask(alice, holder)
    monkeypatch.setattr(tools_making, "_store", lambda tool, made: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        tools_making.make(tool.pk)
    assert len(left_of(tool)) == 1
    tools.revoke(tool=tool, by=alice, reason="test")
    assert tools_making.remove(tool.pk)
    assert not left_of(tool)


def test_a_cloud_that_is_away_is_asked_to_delete_it_until_it_answers(
    world: World, alice: User, holder: CloudCredential, queue: Queue
) -> None:
    tool = made(alice, holder)
    tools.revoke(tool=tool, by=alice, reason="test")
    world.fault("status", method="DELETE", path="application_credentials", status=500)
    assert not tools_making.remove(tool.pk)
    tool.refresh_from_db()
    assert tool.gone_at is None and tool.next_attempt_at is not None
    world.mend()
    ToolCredential.objects.filter(pk=tool.pk).update(
        next_attempt_at=None, revoked_at=timezone.now() - timedelta(minutes=1)
    )
    tasks.sweep()
    assert queue.of("remove_tool")[-1] == tool.pk
    assert tools_making.remove(tool.pk)
    assert not left_of(tool)


def test_where_no_key_is_left_the_person_is_told_that_it_is_still_there_and_may_try_again(
    alice: User, holder: CloudCredential
) -> None:
    tool = made(alice, holder)
    held = list(CloudCredential.objects.filter(user=alice))
    sealed = {one.pk: one.sealed_secret for one in held}
    CloudCredential.objects.update(sealed_secret="")
    tools.revoke(tool=tool, by=alice, reason="test")
    tools_making.remove(tool.pk)
    tool.refresh_from_db()
    assert tool.gone_at is None and tool.error_id == "accounts:tool-not-deleted"
    for pk, secret in sealed.items():
        CloudCredential.objects.filter(pk=pk).update(sealed_secret=secret)
    tools.revoke(tool=tool, by=alice, reason="again")
    assert tools_making.remove(tool.pk)
    assert not left_of(tool)


def test_leaving_the_project_revokes_it_and_it_goes_before_the_key_that_deletes_it(
    alice: User, holder: CloudCredential
) -> None:
    tool = made(alice, holder)
    allocations.apply_projects(alice, "demo", [], [])
    tool.refresh_from_db()
    assert tool.revoked_at is not None and tool.sealed_secret == ""
    for credential in CloudCredential.objects.filter(user=alice):
        renewing.revoke_at_cloud(credential.pk)
    tool.refresh_from_db()
    assert tool.gone_at is not None
    assert at_cloud("alice") == []


def test_the_key_stays_while_the_cloud_does_not_answer_about_what_it_deletes(
    world: World, alice: User, holder: CloudCredential
) -> None:
    made(alice, holder)
    allocations.apply_projects(alice, "demo", [], [])
    world.fault("status", method="DELETE", path="application_credentials", status=500)
    renewing.revoke_at_cloud(holder.pk)
    holder.refresh_from_db()
    assert holder.sealed_secret


def test_a_secret_that_nobody_fetches_is_erased_and_the_credential_deleted(
    alice: User, holder: CloudCredential, queue: Queue
) -> None:
    tool = made(alice, holder)
    ToolCredential.objects.filter(pk=tool.pk).update(secret_until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(PortalError):
        tools.show(tool=tool, by=alice)
    tasks.sweep()
    tool.refresh_from_db()
    assert tool.sealed_secret == "" and tool.revoked_at is not None
    tools_making.remove(tool.pk)
    assert not left_of(tool)


def test_one_that_was_seen_is_left_alone_by_the_sweep(
    alice: User, holder: CloudCredential, queue: Queue
) -> None:
    tool = made(alice, holder)
    secret = tools.show(tool=tool, by=alice)
    ToolCredential.objects.update(asked_at=timezone.now() - timedelta(hours=1))
    tasks.sweep()
    assert not queue.of("make_tool") and not queue.of("remove_tool")
    assert works(tool, secret)


def test_connecting_and_renewing_leave_it_alone(alice: User, holder: CloudCredential) -> None:
    tool = made(alice, holder)
    link = alice.cloud_links.get()
    assert renewing.renew(holder.pk)
    connect(alice)
    connecting.connect(link.pk)
    assert left_of(tool) == [tool.application_credential_id]


def test_its_secret_moves_to_a_new_key_with_all_others(
    alice: User, holder: CloudCredential, settings: Any
) -> None:
    tool = made(alice, holder)
    old = settings.SEAL_KEYS
    settings.SEAL_KEYS = ["a-new-key-of-more-than-32-characters", *old]
    reseal_all()
    settings.SEAL_KEYS = settings.SEAL_KEYS[:1]
    tool.refresh_from_db()
    assert unseal(tool.sealed_secret)


@pytest.fixture(autouse=True)
def mended(world: World) -> Iterator[None]:
    yield
    world.mend()


def test_a_hostile_name_is_only_a_name(alice: User, holder: CloudCredential) -> None:
    tool = made(alice, holder, name='x"; rm -rf ~ # ${var.x} 🚀')
    assert tool.state == STATE.READY
    assert left_of(tool) == [tool.application_credential_id]


def test_a_portal_with_a_new_database_takes_no_older_credential_for_its_stray(
    alice: User, holder: CloudCredential
) -> None:
    """Its numbers begin anew, and the person calls the new one as the old one."""
    old = made(alice, holder)
    secret = tools.show(tool=old, by=alice)
    number = old.pk
    ToolCredential.objects.all().delete()
    new = ask(alice, holder)
    ToolCredential.objects.filter(pk=new.pk).delete()
    new.pk = number
    new.save(force_insert=True)
    tools_making.make(number)
    assert works(old, secret)
