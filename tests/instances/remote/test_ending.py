"""What ends a session at once, though nobody on it asked for that: on OpenSSH's own sshd, from the cause to the page."""

from collections.abc import Callable

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from allocations import services as allocations
from allocations.access import allocation_for
from allocations.members import removing
from allocations.members.people import key_of
from allocations.models import Membership
from allocations.roles import Need
from allocations.sources.people import login_name
from instances import live
from instances.models import Instance, Teammate
from instances.remote import teammates
from instances.remote.models import RemoteSession
from portal.accounts import services as accounts
from portal.accounts.models import User
from portal.core import events
from tests.cast import make_user
from tests.instances.remote.pages import ShellPage, browser, eventually

# Seconds from the cause to the page: a look each minute would not do.
AT_ONCE = 3.0


def removed(user: User, _: Instance) -> None:
    """The cloud names no project any more, as a sign-in finds out."""
    allocations.apply_projects(user, "demo", [], [])


def removed_by_the_pi(user: User, machine: Instance) -> None:
    """On the page of members, whatever the cloud goes on saying."""
    allocation = machine.allocation
    pi = User.objects.filter(memberships__allocation=allocation, memberships__role="pi").first() or make_user(
        "pia"
    )
    Membership.objects.get_or_create(user=pi, allocation=allocation, defaults={"role": "pi"})
    seen = allocation_for(pi, allocation.slug, Need.MANAGE)
    removing.remove(allocation=seen, by=pi, key=key_of(login_name(user)), choices={})


def demoted(user: User, _: Instance) -> None:
    Membership.objects.filter(user=user).update(role="member")
    events.publish([f"user.{user.pk}"], events.AccessChanged())


def made_reader(user: User, _: Instance) -> None:
    Membership.objects.filter(user=user).update(role="reader")
    events.publish([f"user.{user.pk}"], events.AccessChanged())


def switched_off(user: User, _: Instance) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.refresh_from_db()
    accounts.switched(user=user, by=user)


def signed_out_everywhere(user: User, _: Instance) -> None:
    accounts.end_all_sessions(user=user, by=user)


def machine_becomes(**changes: object) -> Callable[[User, Instance], None]:
    def cause(_: User, machine: Instance) -> None:
        Instance.objects.filter(pk=machine.pk).update(version=machine.version + 1, **changes)
        live.push_on_commit([machine.pk])

    return cause


CAUSES: dict[str, tuple[str, Callable[[User, Instance], None], str]] = {
    "a member who is removed": ("member", removed, "no-access"),
    "a member whom the PI removes": ("member", removed_by_the_pi, "no-access"),
    "a PI who is made a member, on somebody else's machine": ("pi", demoted, "no-access"),
    "an assistant who is made a member": ("assistant", demoted, "no-access"),
    "an owner who may only look any more": ("member", made_reader, "no-access"),
    "an account that is switched off": ("member", switched_off, "signed-out"),
    "signing out everywhere": ("member", signed_out_everywhere, "signed-out"),
    "a machine that is stopped": ("member", machine_becomes(status="SHUTOFF"), "machine-gone"),
    "a machine that is shelved": ("member", machine_becomes(status="SHELVED_OFFLOADED"), "machine-gone"),
    "a machine that is deleted": (
        "pi",
        machine_becomes(status="DELETED", deleted_at=timezone.now()),
        "machine-gone",
    ),
}


async def written_down(page: ShellPage) -> str:
    def look() -> str:
        return RemoteSession.objects.get(pk=page.session).end_reason

    return str(await eventually(look))


@pytest.mark.parametrize("cause", CAUSES)
async def test_it_ends_at_once(machine: Instance, cause: str, request: pytest.FixtureRequest) -> None:
    role, happens, reason = CAUSES[cause]
    user = await sync_to_async(request.getfixturevalue)(role)
    async with ShellPage(await browser(user), machine) as page:
        await page.run("echo on-it", b"on-it")
        await sync_to_async(happens)(user, machine)
        end = await page.until("end", seconds=AT_ONCE)
        assert end["reason"] == reason
        assert (await page.until("closed"))["code"] in (1000, 4401, 4403)
    assert await written_down(page) == reason


@pytest.mark.parametrize("cause", CAUSES)
async def test_it_does_not_end_others(
    machine: Instance, manager: User, member: User, cause: str, request: pytest.FixtureRequest
) -> None:
    """The manager has a shell on the machine too; what happens to another person is nothing to it."""
    role, happens, reason = CAUSES[cause]
    user = await sync_to_async(request.getfixturevalue)(role)
    async with ShellPage(await browser(manager), machine) as page:
        await page.run("echo on-it", b"on-it")
        await sync_to_async(happens)(user, machine)
        if reason == "machine-gone":
            assert (await page.until("end", seconds=AT_ONCE))["reason"] == reason
        else:
            await page.run("echo still-$((1+1))", b"still-2")


async def test_a_teammate_who_is_shut_out_leaves_at_once(
    machine: Instance, member: User, colleague: User
) -> None:
    await sync_to_async(teammates.let_in)(by=member, instance=machine, person=colleague.pk)
    async with ShellPage(await browser(colleague), machine) as page:
        await page.run("echo in", b"in")
        await sync_to_async(teammates.shut_out)(by=member, instance=machine, person=colleague.pk)
        assert (await page.until("end", seconds=AT_ONCE))["reason"] == "no-access"
    row = await RemoteSession.objects.aget(pk=page.session)
    assert (row.end_reason, row.ended_by_id) == ("no-access", member.pk)
    assert not await Teammate.objects.aexists()


async def test_signing_out_in_another_tab_ends_the_shell_of_this_browser(
    machine: Instance, member: User
) -> None:
    person = await browser(member)
    async with ShellPage(person, machine) as first, ShellPage(person, machine) as second:
        await first.run("echo one", b"one")
        await second.run("echo two", b"two")
        await sync_to_async(person.client.post)("/accounts/logout/")
        for page in (first, second):
            assert (await page.until("end", seconds=AT_ONCE))["reason"] == "signed-out"


async def test_an_event_that_was_lost_is_made_good_by_the_next_look(
    machine: Instance, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from instances.remote import limits

    monkeypatch.setattr(limits, "RECHECK_SECONDS", 0.5)
    async with ShellPage(await browser(member), machine) as page:
        await page.run("echo on-it", b"on-it")
        await Membership.objects.filter(user=member).aupdate(ended_at=timezone.now())
        assert (await page.until("end", seconds=AT_ONCE))["reason"] == "no-access"
