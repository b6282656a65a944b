"""People from identity providers that the portal takes nobody from, but for a workshop."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from portal.accounts import hooks, tokens, visiting
from portal.accounts.models import ApiToken, CloudLink, User
from portal.accounts.oidc import LoginClaims, Refusal, claims_of, visitor_of
from portal.cloud.schema import Oidc
from tests.cast import make_user
from tests.portal.accounts.test_oidc import ALICE, ID_TOKEN, RULES
from tests.portal.accounts.test_sign_in import question
from tests.world import World

UNI = "https://idp.uni.example/idp"
UMA = {
    **ALICE,
    "eppn": "alice@access-ci.org",
    "idp": UNI,
    "idp_name": "University",
    "email": "uma@uni.example",
}
OPEN = RULES.model_copy(update={"visitor_idps": (UNI,)})


def visitor(userinfo: dict[str, Any], rules: Oidc = OPEN) -> LoginClaims | Refusal | None:
    return visitor_of(userinfo, ID_TOKEN, rules)


def test_a_visitor_is_a_person_without_id_groups_or_rights() -> None:
    found = visitor({**UMA, "is_member_of": ["heliosphere:operator", "ACCESS:BIO220047:pi"]})
    assert isinstance(found, LoginClaims)
    assert (found.access_id, found.groups, found.operator, found.visitor) == ("", (), False, True)
    assert (found.subject, found.email, found.idp) == (ALICE["sub"], "uma@uni.example", UNI)


def test_only_from_where_the_operator_says() -> None:
    assert visitor(UMA, RULES) is None
    assert visitor({**UMA, "idp": "https://other.example"}) is None
    anywhere = RULES.model_copy(update={"visitor_idps": ("*",)})
    assert isinstance(visitor({**UMA, "idp": "https://other.example"}, anywhere), LoginClaims)


def test_an_answer_that_contradicts_itself_makes_no_visitor() -> None:
    assert isinstance(visitor({**UMA, "sub": "somebody-else"}), Refusal)


@pytest.mark.parametrize(
    ("claim", "verified"),
    [(True, True), ("true", True), (False, False), ("false", False), (1, False), (None, False)],
)
def test_an_address_is_verified_by_the_claim(claim: object, verified: bool) -> None:
    found = claims_of({**ALICE, "email_verified": claim}, ID_TOKEN, RULES)
    assert isinstance(found, LoginClaims) and found.email_verified is verified


def test_or_by_an_identity_provider_that_the_operator_believes() -> None:
    rules = RULES.model_copy(update={"email_idps": (ALICE["idp"],)})
    found = claims_of(ALICE, ID_TOKEN, rules)
    assert isinstance(found, LoginClaims) and found.email_verified


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether whoever sits there comes for a workshop."""
    says = [True]
    monkeypatch.setattr(hooks, "_visits", [lambda request, claims: says[0]])
    yield says


@pytest.mark.django_db
def test_who_comes_for_a_workshop_signs_in_and_connects_no_cloud(
    world: World, client: Client, doors: list[bool]
) -> None:
    assert world.sign_in(client, "mallory", next_url="/w/join/")["Location"] == "/w/join/"
    user = User.objects.get()
    assert (user.is_visitor, user.access_id, user.claimed_groups, user.is_operator) == (True, "", [], False)
    assert not CloudLink.objects.exists()
    assert client.get("/profile/").status_code == 403


@pytest.mark.django_db
def test_the_same_person_with_nothing_to_come_for_is_refused(
    world: World, client: Client, doors: list[bool]
) -> None:
    world.sign_in(client, "mallory")
    doors[0] = False
    response = world.sign_in(Client(), "mallory")
    assert response.status_code == 403 and "_auth_user_id" not in response.client.session


@pytest.mark.django_db
def test_people_of_the_portal_are_no_visitors_whatever_they_come_for(
    world: World, client: Client, doors: list[bool]
) -> None:
    world.sign_in(client, "alice")
    user = User.objects.get()
    assert (user.is_visitor, user.email_verified) == (False, True)
    assert CloudLink.objects.filter(user=user).exists()


@pytest.mark.django_db
def test_the_hint_limits_nobody_who_comes_for_a_workshop(
    world: World, client: Client, doors: list[bool]
) -> None:
    assert "idphint" not in question(world.leave(client))
    doors[0] = False
    assert question(world.leave(Client()))["idphint"] == "https://access-ci.org/idp"


@pytest.mark.django_db
def test_tokens_of_a_visitor_are_good_for_nothing() -> None:
    user = make_user("uma")
    _, plain = tokens.issue(user, "x", ApiToken.Scope.READ, 1)
    assert tokens.authenticate(plain) is not None
    User.objects.filter(pk=user.pk).update(is_visitor=True)
    assert tokens.authenticate(plain) is None


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("", True),
        ("home", True),
        ("account_logout", True),
        ("profile", False),
        ("api:list_instances", False),
        ("admin:index", False),
        ("remotely:x", False),
    ],
)
def test_everything_is_shut_that_nobody_opened(name: str, allowed: bool) -> None:
    assert visiting.allowed(name) is allowed
