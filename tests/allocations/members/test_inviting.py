"""Invitation links: for whom they are, how often they hold, and who decides that."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from allocations.members import deciding, eligible, inviting
from allocations.members.models import Decision, Invitation, InvitationUse
from allocations.models import Allocation, Membership
from allocations.sources.models import MembershipRequest
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.notices.models import Mail, Notice
from tests.allocations.members.conftest import BY_HAND, Source, seen_by
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def can_do(source: Source) -> Source:
    return source


def made(by: User, allocation: Allocation, **given: object) -> tuple[Invitation, str]:
    wanted: dict[str, object] = {"role": "member", "days": 7, "cap": 2, **given}
    invitation, address = inviting.make(allocation=seen_by(by, allocation), by=by, **wanted)  # type: ignore[arg-type]
    return invitation, address.rstrip("/").rpartition("/")[2]


def of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_only_a_digest_of_the_token_is_kept(pi: User, allocation: Allocation) -> None:
    invitation, token = made(pi, allocation)
    row = Invitation.objects.values().get(pk=invitation.pk)
    assert token not in str(row)
    assert token not in str(list(AuditEvent.objects.values_list("detail", flat=True)))
    assert inviting.find(token, asker="test") == invitation


def test_who_uses_it_is_asked_for_in_the_name_of_whoever_made_it(
    pi: User, newcomer: User, allocation: Allocation
) -> None:
    invitation, _ = made(pi, allocation, role="ta")
    row = inviting.redeem(invitation=invitation, user=newcomer)
    assert row is not None
    assert (row.action, row.username, row.role, row.asked_by) == ("add", "newbie", "ta", pi)
    assert Decision.objects.get(user=newcomer).role == "ta"
    assert not Membership.objects.filter(user=newcomer).exists()
    assert Notice.objects.get(user=pi).title == "Newbie used an invitation to BIO220047"


def test_a_second_time_counts_nothing(pi: User, newcomer: User, allocation: Allocation) -> None:
    invitation, _ = made(pi, allocation)
    inviting.redeem(invitation=invitation, user=newcomer)
    assert inviting.redeem(invitation=invitation, user=newcomer) is None
    invitation.refresh_from_db()
    assert (invitation.used, MembershipRequest.objects.count()) == (1, 1)


def test_a_member_uses_up_nothing(pi: User, member: User, allocation: Allocation) -> None:
    invitation, _ = made(pi, allocation)
    assert inviting.redeem(invitation=invitation, user=member) is None
    invitation.refresh_from_db()
    assert invitation.used == 0


def test_the_cap_holds(pi: User, allocation: Allocation) -> None:
    invitation, _ = made(pi, allocation, cap=1)
    inviting.redeem(invitation=invitation, user=make_user("first"))
    invitation.refresh_from_db()
    with pytest.raises(PortalError, match="invitation-full"):
        inviting.redeem(invitation=invitation, user=make_user("second"))


def test_who_had_looked_before_the_last_use_was_taken_is_refused_and_leaves_no_trace(
    pi: User, allocation: Allocation
) -> None:
    """`stale` says that a use is free: the row decides, not what was read."""
    stale, _ = made(pi, allocation, cap=1)
    inviting.redeem(invitation=Invitation.objects.get(pk=stale.pk), user=make_user("first"))
    with pytest.raises(PortalError, match="invitation-full"):
        inviting.redeem(invitation=stale, user=make_user("second"))
    assert InvitationUse.objects.count() == 1
    assert MembershipRequest.objects.count() == 1


def test_withdrawn_expired_and_orphaned_links_hold_no_more(
    pi: User, manager: User, newcomer: User, allocation: Allocation
) -> None:
    withdrawn, _ = made(pi, allocation)
    inviting.revoke(allocation=seen_by(manager, allocation), by=manager, id=withdrawn.pk)
    expired, _ = made(pi, allocation)
    Invitation.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    orphaned, _ = made(manager, allocation)
    Membership.objects.filter(user=manager).update(role="member")
    for invitation, problem in ((withdrawn, "revoked"), (expired, "expired"), (orphaned, "orphaned")):
        fresh = inviting.by_id(invitation.pk)
        with pytest.raises(PortalError, match=f"members:invitation-{problem}"):
            inviting.redeem(invitation=fresh, user=newcomer)
    assert not MembershipRequest.objects.exists()


def test_it_is_for_those_of_the_domain_only(pi: User, allocation: Allocation) -> None:
    invitation, _ = made(pi, allocation, domain="@Example.EDU")
    assert invitation.domain == "example.edu"
    for address in ("eve@other.org", "eve@notexample.edu", ""):
        eve = make_user(f"eve{address[:6]}", email=address)
        with pytest.raises(PortalError, match="invitation-not-yours"):
            inviting.redeem(invitation=invitation, user=eve)
    for address in ("ada@example.edu", "ada@cs.example.edu"):
        assert inviting.redeem(invitation=invitation, user=make_user(address[:6], email=address)) is not None


def test_whoever_was_removed_does_not_come_back_by_a_link(
    pi: User, member: User, allocation: Allocation
) -> None:
    invitation, _ = made(pi, allocation)
    Membership.objects.filter(user=member).update(ended_at=timezone.now())
    deciding.decide(allocation, "bob", member, by=pi, out=True)
    with pytest.raises(PortalError, match="invitation-removed"):
        inviting.redeem(invitation=invitation, user=member)
    assert Decision.objects.get().out


def test_a_member_makes_none_and_a_manager_none_above_themselves(
    manager: User, member: User, allocation: Allocation
) -> None:
    with pytest.raises(PortalError, match="portal:forbidden"):
        made(member, allocation)
    with pytest.raises(PortalError, match="portal:bad-input"):
        made(manager, allocation, role="pi")


@pytest.mark.parametrize(
    "given",
    [{"days": 0}, {"days": 91}, {"cap": 0}, {"cap": 1001}, {"domain": "no domain"}, {"domain": "a..b"}],
)
def test_what_is_out_of_bounds_is_refused(pi: User, allocation: Allocation, given: dict[str, object]) -> None:
    with pytest.raises(PortalError, match="portal:bad-input"):
        made(pi, allocation, **given)
    assert not Invitation.objects.exists()


def test_an_allocation_has_so_many_links_and_no_more(
    pi: User, allocation: Allocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inviting, "MOST_LIVE", 1)
    made(pi, allocation)
    with pytest.raises(PortalError, match="portal:bad-input"):
        made(pi, allocation)


def test_wrong_tokens_are_counted_and_right_ones_are_not(pi: User, allocation: Allocation) -> None:
    _, token = made(pi, allocation)
    for _ in range(10):
        with pytest.raises(PortalError, match="invitation-unknown"):
            inviting.find("wrong", asker="192.0.2.1")
    with pytest.raises(PortalError, match="portal:too-many"):
        inviting.find("wrong", asker="192.0.2.1")
    with pytest.raises(PortalError, match="invitation-unknown"):
        inviting.find("wrong", asker="192.0.2.2")
    for _ in range(20):
        inviting.find(token, asker="192.0.2.1")


def test_the_page_shows_the_link_once_and_the_token_leaves_the_address(
    pi: User, newcomer: User, allocation: Allocation
) -> None:
    url = reverse("members:invitations", args=[allocation.slug])
    answer = of(pi).post(url, {"role": "member", "days": "7", "cap": "5", "note": "course 101"})
    link = answer.context["link"]
    assert link in answer.content.decode()
    assert link not in of(pi).get(url).content.decode()
    client = of(newcomer)
    led = client.get(link.removeprefix("http://127.0.0.1:8000"))
    assert (led.status_code, led.headers["Location"]) == (302, reverse("members:join"))
    assert "invites you to use" in client.get(reverse("members:join")).content.decode()
    assert not MembershipRequest.objects.exists()
    done = client.post(reverse("members:join"))
    assert "You have asked to be added" in done.content.decode()
    assert "Newbie" in of(pi).get(url).content.decode()


def test_who_is_not_signed_in_signs_in_first_and_comes_back_to_it(pi: User, allocation: Allocation) -> None:
    _, token = made(pi, allocation)
    client = Client()
    client.get(reverse("members:invited", args=[token]))
    led = client.get(reverse("members:join"))
    assert led.status_code == 302
    assert token not in led.headers["Location"]
    assert "next=/join/" in led.headers["Location"]


def test_a_wrong_link_and_none_are_a_page_that_says_so(newcomer: User) -> None:
    client = of(newcomer)
    answer = client.get(reverse("members:invited", args=["wrong"]))
    assert answer.status_code == 404
    assert "not valid" in answer.content.decode()
    assert client.get(reverse("members:join")).headers["Location"] == reverse("home")


def test_a_wrong_domain_is_a_page_that_says_for_whom_it_is(
    pi: User, newcomer: User, allocation: Allocation
) -> None:
    _, token = made(pi, allocation, domain="other.org")
    client = of(newcomer)
    client.get(reverse("members:invited", args=[token]))
    answer = client.get(reverse("members:join"))
    assert answer.status_code == 403
    assert "other.org" in answer.content.decode()


def test_withdrawing_is_by_who_manages_this_allocation(
    pi: User, stranger: User, member: User, allocation: Allocation
) -> None:
    invitation, _ = made(pi, allocation)
    url = reverse("members:invitation-revoke", args=[allocation.slug, invitation.pk])
    assert of(member).post(url).status_code == 403
    assert of(stranger).post(url).status_code == 404
    theirs = stranger.memberships.get().allocation.slug
    assert (
        of(stranger).post(reverse("members:invitation-revoke", args=[theirs, invitation.pk])).status_code
        == 404
    )
    assert of(pi).post(url).status_code == 302
    assert Invitation.objects.get().revoked_by == pi


def test_it_is_mailed_to_each_address_once(
    pi: User, allocation: Allocation, mailing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails: list[dict[str, str]] = []
    monkeypatch.setattr("portal.notices.services.mail", lambda **mail: mails.append(mail))
    _, token = made(pi, allocation, mail_to=["ada@example.edu", "grace@example.edu"])
    assert [mail["to_address"] for mail in mails] == ["ada@example.edu", "grace@example.edu"]
    assert all(token in mail["text"] for mail in mails)
    assert len({mail["key"] for mail in mails}) == 2


def test_where_the_source_takes_nothing_the_managers_hear_what_to_do(
    pi: User, newcomer: User, allocation: Allocation, source: Source
) -> None:
    source(BY_HAND)
    invitation, _ = made(pi, allocation)
    row = inviting.redeem(invitation=invitation, user=newcomer)
    assert row is not None
    assert row.state == "refused"
    assert "Newbie" in Notice.objects.get(user=pi).title


@pytest.mark.parametrize(
    ("rule", "email", "provider", "fits"),
    [
        ("", "", "", True),
        ("example.edu", "a@example.edu", "", True),
        ("example.edu", "a@example.edu.evil.org", "", False),
        ("a@example.edu", "A@Example.edu", "", True),
        ("a@example.edu", "b@example.edu", "", False),
        ("example.edu", "", "https://idp.example.edu/shibboleth", True),
        ("example.edu", "", "urn:mace:example.edu", False),
    ],
)
def test_for_whom_a_rule_is(rule: str, email: str, provider: str, fits: bool) -> None:
    assert eligible.fits(rule, email=email, identity_provider=provider) is fits


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_as_many_get_in_as_the_cap_says(pi: User, allocation: Allocation) -> None:
    invitation, _ = made(pi, allocation, cap=3)
    people = [make_user(f"person{number}") for number in range(8)]
    said: list[str] = []
    gate = threading.Barrier(len(people))

    def use(person: User) -> None:
        try:
            gate.wait()
            inviting.redeem(invitation=inviting.by_id(invitation.pk), user=person)
            said.append("in")
        except PortalError as problem:
            said.append(problem.id)
        finally:
            connection.close()

    threads = [threading.Thread(target=use, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(said) == ["in"] * 3 + ["members:invitation-full"] * 5
    assert InvitationUse.objects.count() == MembershipRequest.objects.count() == 3


@pytest.fixture
def mailing(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.DEFAULT_FROM_EMAIL = "portal@example.edu"


def test_an_address_that_is_none_is_refused_and_no_link_is_left(
    pi: User, allocation: Allocation, mailing: None
) -> None:
    with pytest.raises(PortalError, match="notices:bad-address"):
        made(pi, allocation, mail_to=["no address"])
    assert not Invitation.objects.exists()


def test_what_waits_to_be_mailed_does_not_hold_the_token_in_the_open(
    pi: User, allocation: Allocation, mailing: None
) -> None:
    _, token = made(pi, allocation, mail_to=["ada@example.edu"])
    assert token not in str(Mail.objects.values().get())


def test_a_portal_that_sends_no_mail_promises_none(
    pi: User, allocation: Allocation, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = ""
    with pytest.raises(PortalError, match="portal:bad-input"):
        made(pi, allocation, mail_to=["ada@example.edu"])
    url = reverse("members:invitations", args=[allocation.slug])
    assert "Send it to" not in of(pi).get(url).content.decode()
