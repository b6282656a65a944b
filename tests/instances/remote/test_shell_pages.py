"""The page of a shell, the dock, and the ways to them from lists and machines, as browsers ask for them."""

import re
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance, Teammate
from instances.remote import sharing
from instances.remote.models import RemoteSession, Share
from portal.accounts.models import User
from tests.instances.remote.people import session_on
from tests.instances.views.conftest import signed_in

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-0000-0000-000000000000"


def get(user: User, path: str) -> Any:
    return signed_in(user).get(path)


@pytest.fixture
def share(lab: Instance, member: User, stranger: User) -> Share:
    return sharing.invite(by=member, session=session_on(lab, member), invited=stranger, mode="view")


# The page.


def test_the_page_says_where_a_ticket_is_asked_for_and_holds_none(lab: Instance, member: User) -> None:
    answer = get(member, f"/instances/{lab.pk}/shell/")
    html = answer.content.decode()
    assert f'data-open="/instances/{lab.pk}/remote/open/"' in html
    assert f'data-instance="{lab.pk}" data-name="{lab.name}"' in html
    assert f'data-topics="instance:{lab.pk}"' in html
    assert "data-guest" not in html
    assert "no-store" in answer.headers["Cache-Control"]
    assert RemoteSession.objects.count() == 0


def test_the_page_is_a_terminal_and_nothing_else(lab: Instance, member: User) -> None:
    html = get(member, f"/instances/{lab.pk}/shell/").content.decode()
    assert 'class="bar"' not in html
    assert "js/remote/dock" not in html
    assert html.count("<h1") == 1
    assert "js/remote/shell" in html
    assert "vendor/xterm" in html


def test_nothing_on_the_page_needs_a_weaker_policy(lab: Instance, member: User) -> None:
    answer = get(member, f"/instances/{lab.pk}/shell/")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    html = answer.content.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script>", html)


def test_scripts_learn_addresses_with_nobody_in_them(lab: Instance, member: User) -> None:
    html = get(member, f"/instances/{lab.pk}/shell/").content.decode()
    for name, path in {
        "open": f"/instances/{NOBODY}/remote/open/",
        "end": f"/remote/{NOBODY}/end/",
        "share": f"/remote/{NOBODY}/share/",
        "page": f"/instances/{NOBODY}/shell/",
    }.items():
        assert f'data-{name}="{path}"' in html


def test_without_script_the_page_gives_the_command(
    allocation: Allocation, lab: Instance, member: User
) -> None:
    lab.public_address = "203.0.113.9"
    lab.save()
    html = get(member, f"/instances/{lab.pk}/shell/").content.decode()
    inside = re.search(r"<noscript>(.*?)</noscript>", html, re.DOTALL)
    assert inside is not None
    assert "203.0.113.9" in inside[1]


def test_a_machine_that_is_off_has_the_page_too(lab: Instance, member: User) -> None:
    lab.status = "SHUTOFF"
    lab.save()
    assert get(member, f"/instances/{lab.pk}/shell/").status_code == 200


@pytest.mark.parametrize("role", ["colleague", "reader", "stranger"])
def test_who_may_not_connect_gets_no_page(role: str, lab: Instance, request: pytest.FixtureRequest) -> None:
    user: User = request.getfixturevalue(role)
    answer = get(user, f"/instances/{lab.pk}/shell/")
    assert answer.status_code in {403, 404}
    assert b"data-open" not in answer.content


def test_a_teammate_gets_the_page(lab: Instance, member: User, colleague: User) -> None:
    assert get(colleague, f"/instances/{lab.pk}/shell/").status_code == 403
    Teammate.objects.create(instance=lab, user=colleague, granted_by=member, at=timezone.now())
    assert get(colleague, f"/instances/{lab.pk}/shell/").status_code == 200


def test_a_hostile_name_is_only_text(lab: Instance, member: User) -> None:
    lab.name = '"><script>alert(1)</script>'
    lab.save()
    html = get(member, f"/instances/{lab.pk}/shell/").content.decode()
    assert "<script>alert" not in html


# Guests.


def test_an_invited_stranger_sees_the_shell_and_no_machine(
    lab: Instance, share: Share, stranger: User
) -> None:
    html = get(stranger, f"/instances/{lab.pk}/shell/?share={share.pk}").content.decode()
    assert f'data-open="/remote/join/{share.pk}/open/"' in html
    assert "data-guest" in html
    assert str(share.session.person) in html
    assert f'href="/instances/{lab.pk}/"' not in html
    assert 'data-topics=""' in html
    assert "shell-state" not in html


def test_an_invited_helper_sees_the_machine_as_well(lab: Instance, member: User, pi: User) -> None:
    share = sharing.invite(by=member, session=session_on(lab, member), invited=pi, mode="type")
    html = get(pi, f"/instances/{lab.pk}/shell/?share={share.pk}").content.decode()
    assert "data-guest" in html
    assert f'href="/instances/{lab.pk}/"' in html
    assert f'data-open="/remote/join/{share.pk}/open/"' in html


@pytest.mark.parametrize("given", ["", "x", NOBODY])
def test_an_invitation_that_is_none_opens_nothing(given: str, lab: Instance, stranger: User) -> None:
    assert get(stranger, f"/instances/{lab.pk}/shell/?share={given}").status_code == 404


def test_an_invitation_of_another_opens_nothing(lab: Instance, share: Share, outsider_two: User) -> None:
    assert get(outsider_two, f"/instances/{lab.pk}/shell/?share={share.pk}").status_code == 404


@pytest.fixture
def outsider_two(db: None) -> User:
    return User.objects.create(username="somebody-else")


# Parts.


def test_the_state_of_the_machine_is_a_part_of_its_own(lab: Instance, reader: User) -> None:
    lab.status = "SHUTOFF"
    lab.save()
    html = get(reader, f"/instances/{lab.pk}/shell/state/").content.decode()
    assert html.startswith('<span id="shell-state"')
    assert "instance:changed from:body" in html


def test_the_dock_is_a_part_that_belongs_to_no_machine(lab: Instance, stranger: User) -> None:
    html = get(stranger, "/remote/dock/").content.decode()
    assert "<html" not in html
    assert str(lab.pk) not in html
    assert "terminal-markup" in html
    assert "vendor/xterm" in html


# The ways in.


def test_the_machines_page_leads_to_its_shell(lab: Instance, member: User, reader: User) -> None:
    lab.public_address = "203.0.113.9"
    lab.save()
    link = f'href="/instances/{lab.pk}/shell/" data-shell="{lab.pk}"'
    assert link in get(member, f"/instances/{lab.pk}/").content.decode()
    assert link not in get(reader, f"/instances/{lab.pk}/").content.decode()


def test_a_teammate_finds_the_shell_and_no_other_action(lab: Instance, member: User, colleague: User) -> None:
    lab.public_address = "203.0.113.9"
    lab.save()
    Teammate.objects.create(instance=lab, user=colleague, granted_by=member, at=timezone.now())
    html = get(colleague, f"/instances/{lab.pk}/").content.decode()
    assert f'data-shell="{lab.pk}"' in html
    assert f"/instances/{lab.pk}/actions/delete/" not in html


def test_a_machine_that_is_off_says_why_there_is_no_shell(lab: Instance, member: User) -> None:
    lab.status = "SHUTOFF"
    lab.save()
    for path in (f"/instances/{lab.pk}/", f"/instances/{lab.pk}/row/"):
        html = get(member, path).content.decode()
        assert "It is stopped: start it first." in html
        assert f'data-shell="{lab.pk}"' not in html


def test_each_row_leads_to_the_shell_for_all_alike(lab: Instance, member: User, reader: User) -> None:
    lab.public_address = "203.0.113.9"
    lab.save()
    rows = {get(user, f"/instances/{lab.pk}/row/").content for user in (member, reader)}
    assert len(rows) == 1
    assert f'href="/instances/{lab.pk}/shell/"' in rows.pop().decode()


def test_every_page_of_a_person_can_hold_the_dock(lab: Instance, member: User) -> None:
    for path in ("/", "/profile/", f"/instances/{lab.pk}/"):
        assert 'data-dock-from="/remote/dock/"' in get(member, path).content.decode()
