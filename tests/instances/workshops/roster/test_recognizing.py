"""At the sign-in, rosters and lists of helpers know who came."""

from typing import Any

import pytest

from instances.workshops.access import parts_of, workshops_run_by
from instances.workshops.models import Helper, Learner, Workshop
from instances.workshops.roster import services
from portal.accounts import signin
from portal.accounts.models import User
from portal.accounts.oidc import LoginClaims
from tests.instances.workshops.room import make_helper, make_learner, make_workshop
from tests.instances.workshops.roster.conftest import entry

pytestmark = pytest.mark.django_db


def sign_in(name: str, **changes: Any) -> User:
    given: dict[str, Any] = {
        "issuer": "https://cilogon.test",
        "subject": f"sub-{name}",
        "access_id": f"{name}@access-ci.org",
        "login_name": name,
        "email": f"{name}@example.edu",
        "display_name": name.title(),
        "given_name": name.title(),
        "family_name": "",
        "idp": "https://access-ci.org/idp",
        "idp_name": "ACCESS",
        "assurance": "",
        "groups": (),
        "operator": False,
        "email_verified": True,
    }
    return signin.person(LoginClaims(**{**given, **changes}))


def test_an_invitation_is_listed_from_the_sign_in_on(workshop: Workshop, member: User) -> None:
    services.add(
        workshop=workshop, by=member, entries=[entry("Ada"), entry("Bert", 2, email="", access_id="bert")]
    )
    for name in ("ada", "bert"):
        assert [one.workshop for one in parts_of(sign_in(name))] == [workshop]
    assert set(workshop.learners.values_list("state", flat=True)) == {"invited"}


def test_an_unverified_address_is_known_to_nobody(workshop: Workshop, member: User) -> None:
    services.add(workshop=workshop, by=member, entries=[entry("Ada")])
    make_helper(workshop, None, email="ada@example.edu")
    ada = sign_in("ada", email_verified=False)
    assert not parts_of(ada).exists() and not workshops_run_by(ada).exists()


def test_a_helper_named_by_address_or_id_helps_from_the_sign_in_on(workshop: Workshop) -> None:
    make_helper(workshop, None, email="Tina@Example.edu")
    make_helper(workshop, None, access_id="TOM")
    for name in ("tina", "tom"):
        assert list(workshops_run_by(sign_in(name))) == [workshop]


def test_a_visitor_is_nobodys_access_id(workshop: Workshop) -> None:
    make_helper(workshop, None, access_id="tom")
    tom = sign_in("tom", access_id="", visitor=True, idp="https://evil.example/idp", email="x@evil.example")
    assert tom.is_visitor and not workshops_run_by(tom).exists()


def test_a_line_that_somebody_has_is_theirs(workshop: Workshop, member: User) -> None:
    other = sign_in("other")
    make_learner(workshop, other, email="ada@example.edu", state="invited")
    assert not parts_of(sign_in("ada")).exists()


def test_two_lines_of_one_workshop_are_no_reason_to_fail(workshop: Workshop, member: User) -> None:
    services.add(
        workshop=workshop, by=member, entries=[entry("Ada"), entry("A", 2, email="", access_id="ada")]
    )
    make_helper(workshop, None, email="ada@example.edu")
    make_helper(workshop, None, access_id="ada")
    ada = sign_in("ada")
    assert Learner.objects.get(user=ada).access_id == "ada"
    assert Helper.objects.filter(user=ada).count() == 1
    assert sign_in("ada") == ada


def test_what_is_over_or_was_withdrawn_is_left_alone(
    workshop: Workshop, member: User, allocation: Any
) -> None:
    (ada,) = services.add(workshop=workshop, by=member, entries=[entry("Ada")]).made
    services.remove(learner=ada, by=member)
    over = make_workshop(allocation, member, state="ended")
    make_learner(over, None, email="ada@example.edu", state="invited")
    assert not parts_of(sign_in("ada")).exists()


def test_a_sign_in_costs_four_queries_more_whatever_there_is(
    workshop: Workshop, member: User, allocation: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        make_helper(make_workshop(allocation, member), None, email="x@example.edu")
    from instances.workshops.roster.people import recognize

    nobody = sign_in("nobody")
    with django_assert_max_num_queries(2):
        recognize(nobody)
