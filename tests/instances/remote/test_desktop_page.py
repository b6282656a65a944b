"""The page of a desktop: who gets it, and what it says where there is none."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation
from instances.models import Instance
from instances.remote.models import Mode, RemoteSession, Share
from instances.remote.problems_desktop import _screen
from portal.accounts.models import User
from portal.core.errors import PortalError, listed
from tests.instances.rows import machine

pytestmark = pytest.mark.django_db
OURS = {"helioDesktop": "true"}
EXOSPHERE = {"exoServerVersion": "6", "exoGuac": '{"v":1,"ssh":true,"vnc":true}'}


@pytest.fixture
def lab(allocation: Allocation, member: User) -> Instance:
    return machine(allocation, member, public_address="192.0.2.7", metadata=OURS)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user: User, lab: Instance, query: str = "") -> Any:
    return signed_in(user).get(reverse("remote:desktop", args=[lab.pk]) + query)


def text_of(user: User, lab: Instance, query: str = "") -> str:
    found = page(user, lab, query)
    assert found.status_code == 200
    return str(found.content.decode())


def test_the_owner_gets_a_page_that_asks_for_tickets_at_the_right_address(
    lab: Instance, member: User
) -> None:
    text = text_of(member, lab)
    assert f'data-open="{reverse("remote:open", args=[lab.pk])}"' in text
    assert "data-joining" not in text and "data-restart" not in text
    # No ticket, and nothing else that opens anything, is in the page.
    assert "ticket" not in text


def test_it_has_no_style_and_no_script_of_its_own(lab: Instance, member: User) -> None:
    text = text_of(member, lab)
    assert " style=" not in text and "<style" not in text and "onclick" not in text
    policy = page(member, lab)["Content-Security-Policy"]
    assert "unsafe" not in policy


def test_who_may_only_see_the_machine_is_refused(lab: Instance, colleague: User) -> None:
    assert page(colleague, lab).status_code == 403


def test_a_stranger_learns_nothing(lab: Instance, stranger: User) -> None:
    assert page(stranger, lab).status_code == 404


def test_to_start_it_again_is_asked_and_not_done_by_a_link(lab: Instance, member: User) -> None:
    text = text_of(member, lab, "?restart")
    assert 'data-restart="1"' in text and "Start the desktop of" in text
    assert not RemoteSession.objects.exists()


def test_a_machine_without_one_offers_what_it_has(allocation: Allocation, member: User) -> None:
    text = text_of(member, machine(allocation, member, metadata={}))
    assert (
        "made without a desktop" in text and reverse("allocations:detail", args=[allocation.slug])[:5] in text
    )
    assert 'id="desk"' not in text


def test_exospheres_desktop_is_said_to_be_exospheres(allocation: Allocation, member: User) -> None:
    lab = machine(allocation, member, metadata=EXOSPHERE)
    text = text_of(member, lab)
    assert "set up by Exosphere" in text and 'id="desk"' not in text
    assert reverse("instances:screen", args=[lab.pk]) in text


class TestJoining:
    @pytest.fixture
    def share(self, lab: Instance, member: User, stranger: User) -> Share:
        session = RemoteSession.objects.create(
            instance=lab, person=member, kind="desktop", login="exouser", asked_at=timezone.now()
        )
        return Share.objects.create(
            session=session, mode=Mode.VIEW, invited=stranger, created_by=member, created_at=timezone.now()
        )

    def test_who_is_invited_gets_the_page_without_a_right_to_the_machine(
        self, lab: Instance, stranger: User, share: Share
    ) -> None:
        text = text_of(stranger, lab, f"?share={share.pk}")
        assert f'data-open="{reverse("remote:join-open", args=[share.pk])}"' in text
        assert "Leave" in text and "Share</span>" not in text and "Start the desktop again" not in text
        # Nor a way to the machine's page, which they could not see.
        assert reverse("instances:detail", args=[lab.pk]) + '">' not in text.split("noscript")[0]

    def test_who_is_not_invited_does_not(
        self, lab: Instance, assistant: User, colleague: User, share: Share
    ) -> None:
        for user in (assistant, colleague):
            assert page(user, lab, f"?share={share.pk}").status_code == 404

    def test_an_invitation_that_is_over_opens_nothing(
        self, lab: Instance, stranger: User, share: Share
    ) -> None:
        Share.objects.filter(pk=share.pk).update(ended_at=timezone.now())
        assert page(stranger, lab, f"?share={share.pk}").status_code in (404, 410)


def test_a_person_may_have_a_desktop_of_a_machine_only_with_a_right_to_it(
    lab: Instance, colleague: User
) -> None:
    answer = signed_in(colleague).post(reverse("remote:open", args=[lab.pk]), {"kind": "desktop"})
    assert answer.status_code == 403 and answer.json()["problem"]["id"] == "portal:forbidden"
    assert not RemoteSession.objects.exists()


def test_a_machine_that_no_network_reaches_offers_its_screen(lab: Instance) -> None:
    assert [one.url for one in _screen(lab, {})] == [reverse("instances:screen", args=[lab.pk])]


def test_a_cloud_without_screens_is_not_said_to_have_them(
    lab: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instances.remote.problems_desktop.has", lambda allocation, feature: False)
    assert _screen(lab, {}) == []


@pytest.mark.parametrize(
    "what",
    [
        *("desktop-setting-up", "desktop-starting", "desktop-down", "desktop-not-installed"),
        *("desktop-forwarding", "desktop-restart", "no-desktop"),
    ],
)
def test_each_problem_of_a_desktop_has_words(what: str) -> None:
    assert listed(f"remote:{what}")
    problem = PortalError(f"remote:{what}", name="lab").problem
    assert "lab" in problem.what and "?" not in problem.what
