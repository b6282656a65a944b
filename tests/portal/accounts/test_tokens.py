"""API tokens: shown once, hashed, scoped, expiring."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(db: None) -> User:
    return make_user("alice")


def test_a_token_opens_the_door_for_its_owner(user: User) -> None:
    token, plain = tokens.issue(user, "laptop", "write", 30)
    found = tokens.authenticate(plain)
    assert found is not None
    assert (found.pk, found.user, found.scope) == (token.pk, user, "write")
    assert plain.startswith("helio_")


def test_the_database_does_not_hold_it(user: User) -> None:
    token, plain = tokens.issue(user, "laptop", "read", 30)
    kept = ApiToken.objects.values().get()
    assert not any(plain in str(value) for value in kept.values())
    assert (token.hint, len(token.digest)) == (plain[-4:], 64)
    assert not any(plain in str(event.detail) for event in AuditEvent.objects.all())


@pytest.mark.parametrize("plain", ["", "helio_", "helio_wrong", "Bearer x", "x" * 5000])
def test_what_is_no_token_opens_nothing(user: User, plain: str) -> None:
    tokens.issue(user, "laptop", "read", 30)
    assert tokens.authenticate(plain) is None


def test_the_hash_itself_is_not_the_token(user: User) -> None:
    token, _ = tokens.issue(user, "laptop", "read", 30)
    assert tokens.authenticate(token.digest) is None
    assert tokens.authenticate(f"helio_{token.digest}") is None


def test_an_expired_token_opens_nothing(user: User) -> None:
    token, plain = tokens.issue(user, "laptop", "read", 1)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tokens.authenticate(plain) is None
    assert token.expires_at < timezone.now() + timedelta(days=1, minutes=1)


def test_a_revoked_token_opens_nothing(user: User) -> None:
    token, plain = tokens.issue(user, "laptop", "read", 1)
    tokens.revoke(token=token, by=user)
    tokens.revoke(token=token, by=user)
    assert tokens.authenticate(plain) is None
    assert AuditEvent.objects.filter(action="token.revoke").count() == 1


def test_a_token_of_somebody_who_was_disabled_opens_nothing(user: User) -> None:
    _, plain = tokens.issue(user, "laptop", "read", 1)
    User.objects.update(is_active=False)
    assert tokens.authenticate(plain) is None


def test_it_costs_one_query_and_one_write_a_minute(user: User, django_assert_num_queries: Any) -> None:
    _, plain = tokens.issue(user, "laptop", "read", 1)
    with django_assert_num_queries(2):
        tokens.authenticate(plain)
    with django_assert_num_queries(1):
        found = tokens.authenticate(plain)
    assert found is not None
    assert found.last_used_at is not None


@pytest.mark.parametrize(
    ("name", "scope", "days"),
    [
        ("", "read", 1),
        ("  ", "read", 1),
        ("x" * 101, "read", 1),
        ("a", "admin", 1),
        ("a", "read", 0),
        ("a", "read", 366),
    ],
)
def test_what_no_token_may_be_is_refused(user: User, name: str, scope: str, days: int) -> None:
    with pytest.raises(PortalError, match="bad-input"):
        tokens.issue(user, name, scope, days)
    assert not ApiToken.objects.exists()


def test_there_is_an_end_to_the_number_of_tokens(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_TOKENS", 2)
    tokens.issue(user, "a", "read", 1)
    last, _ = tokens.issue(user, "b", "read", 1)
    with pytest.raises(PortalError, match="bad-input"):
        tokens.issue(user, "c", "read", 1)
    tokens.revoke(token=last, by=user)
    tokens.issue(user, "c", "read", 1)


def test_the_page_shows_a_new_token_once(client: Client, user: User) -> None:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    made = client.post("/profile/tokens/", {"name": "<b>lap</b>", "scope": "read", "days": "7"})
    plain = made.context["plain"]
    assert tokens.authenticate(plain) is not None
    assert plain.encode() in made.content
    assert b"<b>lap</b>" not in made.content
    assert made["Cache-Control"].startswith("max-age=0")
    again = client.get("/profile/tokens/")
    assert plain.encode() not in again.content
    assert plain[-4:].encode() in again.content


def test_a_wrong_form_is_answered_with_what_is_wrong(client: Client, user: User) -> None:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    response = client.post("/profile/tokens/", {"name": "a", "scope": "root", "days": "9999"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"scope", "days"}
    assert not ApiToken.objects.exists()


def test_the_page_revokes_mine_and_not_those_of_others(client: Client, user: User) -> None:
    mine, _ = tokens.issue(user, "mine", "read", 1)
    theirs, plain = tokens.issue(make_user("bob"), "theirs", "read", 1)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/profile/tokens/{mine.pk}/revoke/").status_code == 302
    assert client.post(f"/profile/tokens/{theirs.pk}/revoke/").status_code == 404
    assert client.post(f"/profile/tokens/{uuid4()}/revoke/").status_code == 404
    assert client.get(f"/profile/tokens/{mine.pk}/revoke/").status_code == 405
    assert tokens.authenticate(plain) is not None
