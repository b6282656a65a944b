"""Acting as a person: which credential, and what is said when there is none."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from allocations.models import Allocation
from portal.accounts import credentials
from portal.accounts.models import CloudCredential, User
from portal.core.errors import PortalError
from tests.cast import give_credential

pytestmark = pytest.mark.django_db


def refusal(user: User, allocation: Allocation) -> PortalError:
    with pytest.raises(PortalError) as caught:
        credentials.login_for(user, allocation.cloud, allocation.project_id)
    return caught.value


def test_the_login_is_the_persons_own_with_the_secret_out_of_sight(
    member: User, allocation: Allocation
) -> None:
    login = credentials.login_for(member, "demo", allocation.project_id)
    assert login.id == f"appcred-{member.pk}-{allocation.pk}"
    assert login.secret == "the-secret-of-the-credential"
    assert login.secret not in repr(login)


def test_nobody_acts_with_the_credential_of_a_colleague(
    member: User, newcomer: User, allocation: Allocation
) -> None:
    error = refusal(newcomer, allocation)
    assert (error.id, error.outcome) == ("accounts:no-credential", "auth")
    assert error.problem.title == "Not connected to Demo cloud"


@pytest.mark.parametrize(
    "change", [{"refused_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(seconds=1)}]
)
def test_one_that_has_ended_is_told_as_that(
    member: User, allocation: Allocation, change: dict[str, Any]
) -> None:
    CloudCredential.objects.update(**change)
    error = refusal(member, allocation)
    assert (error.id, error.outcome) == ("accounts:credential-refused", "auth")
    assert allocation.project_name in error.problem.what


def test_a_revoked_one_is_none(member: User, allocation: Allocation) -> None:
    CloudCredential.objects.update(revoked_at=timezone.now())
    assert refusal(member, allocation).id == "accounts:no-credential"


def test_a_secret_that_no_key_opens_asks_for_a_new_connection(member: User, allocation: Allocation) -> None:
    CloudCredential.objects.update(sealed_secret="gAAAAnonsense")
    error = refusal(member, allocation)
    assert (error.id, error.outcome) == ("portal:seal", "auth")


def test_last_use_is_noted_once_a_minute(
    member: User, allocation: Allocation, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        credentials.login_for(member, "demo", allocation.project_id)
    with django_assert_num_queries(1):
        credentials.login_for(member, "demo", allocation.project_id)
    noted = CloudCredential.objects.get().last_used_at
    assert noted is not None
    CloudCredential.objects.update(last_used_at=noted - timedelta(minutes=2))
    credentials.login_for(member, "demo", allocation.project_id)
    assert CloudCredential.objects.get().last_used_at > noted - timedelta(seconds=1)  # type: ignore[operator]


def test_a_project_is_read_with_any_usable_credential_the_last_used_first(
    pi: User, member: User, colleague: User, stranger: User, allocation: Allocation
) -> None:
    now = timezone.now()
    CloudCredential.objects.filter(user=pi).update(refused_at=now)
    CloudCredential.objects.filter(user=member).update(last_used_at=now - timedelta(hours=1))
    CloudCredential.objects.filter(user=colleague).update(last_used_at=now, expires_at=None)
    found = credentials.usable_of_project("demo", allocation.project_id)
    assert [credential.user for credential in found] == [colleague, member]


def test_refused_once_is_recorded_once_and_told_to_the_person(
    member: User,
    allocation: Allocation,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    sent: list[list[str]] = []
    monkeypatch.setattr("portal.core.events.send", lambda groups, event: sent.append(list(groups)))
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            credentials.refuse(member, "demo", allocation.project_id)
    assert sent == [[f"user.{member.pk}"]]
    assert CloudCredential.objects.get().refused_at is not None


def test_a_second_live_credential_for_one_project_is_impossible(member: User, allocation: Allocation) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        give_credential(member, allocation)
