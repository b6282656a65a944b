"""The row of the person: made once, whoever comes at the same moment."""

from dataclasses import replace
from typing import Any

import pytest

from portal.accounts import signin
from portal.accounts.models import User
from portal.accounts.oidc import LoginClaims
from portal.core.errors import PortalError
from portal.core.models import AuditEvent

pytestmark = pytest.mark.django_db
ALICE = LoginClaims(
    issuer="https://cilogon.org",
    subject="http://cilogon.org/serverX/users/1",
    access_id="alice@access-ci.org",
    login_name="alice",
    email="alice@example.edu",
    display_name="Alice Moreau",
    given_name="Alice",
    family_name="Moreau",
    idp="https://access-ci.org/idp",
    idp_name="ACCESS",
    assurance="",
    groups=("ACCESS:BIO220047:pi",),
    operator=False,
)


def namesake(number: int) -> LoginClaims:
    return replace(ALICE, subject=f"http://cilogon.org/serverX/users/{number}")


def test_namesakes_get_names_of_their_own() -> None:
    assert [signin.person(namesake(number)).username for number in (1, 2, 3)] == [
        "alice",
        "alice-2",
        "alice-3",
    ]


@pytest.mark.parametrize("name", ["", "☃", "../../etc", "a" * 500])
def test_whatever_the_name_there_is_one_for_addresses(name: str) -> None:
    user = signin.person(replace(ALICE, login_name=name))
    assert user.username
    assert len(user.username) <= 150
    assert "/" not in user.username


def test_a_name_once_given_stays() -> None:
    signin.person(ALICE)
    assert (
        signin.person(replace(ALICE, login_name="alicia", access_id="alicia@access-ci.org")).username
        == "alice"
    )


def test_two_tabs_at_once_make_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    free_username = signin._free_username
    raced: list[User] = []

    def slow(claims: LoginClaims) -> str:
        name = free_username(claims)
        if not raced:
            raced.append(User.objects.create(username="alice", issuer=ALICE.issuer, subject=ALICE.subject))
        return name

    monkeypatch.setattr(signin, "_free_username", slow)
    found = signin.person(ALICE)
    assert raced, "the other tab was never simulated"
    assert [(user.pk, user.subject) for user in User.objects.all()] == [(found.pk, ALICE.subject)]


def test_a_name_that_is_lost_every_time_ends_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create(username="taken")
    monkeypatch.setattr(signin, "_free_username", lambda claims: "taken")
    with pytest.raises(PortalError, match="unavailable"):
        signin.person(ALICE)


def test_long_claims_fit_their_columns() -> None:
    long = "x" * 255
    user = signin.person(replace(ALICE, given_name=long, family_name=long, email=f"{long}@example.edu"[:255]))
    user.refresh_from_db()
    assert (len(user.first_name), len(user.last_name)) == (150, 150)


def test_becoming_an_operator_is_recorded() -> None:
    signin.person(ALICE)
    signin.person(replace(ALICE, operator=True))
    signin.person(replace(ALICE, operator=True))
    found: list[dict[str, Any]] = list(AuditEvent.objects.order_by("id").values_list("detail", flat=True))
    assert [detail.get("operator") for detail in found] == [None, True, None]


def test_a_disabled_person_is_refused_and_nothing_about_them_changes() -> None:
    signin.person(ALICE)
    User.objects.update(is_active=False)
    with pytest.raises(PortalError, match="disabled"):
        signin.person(replace(ALICE, display_name="Somebody"))
    assert User.objects.get().display_name == "Alice Moreau"


def test_a_superuser_stays_one_and_stays_staff() -> None:
    signin.person(ALICE)
    User.objects.update(is_superuser=True)
    user = signin.person(ALICE)
    assert (user.is_superuser, user.is_staff, user.is_operator) == (True, True, False)
