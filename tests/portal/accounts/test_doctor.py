"""Sign-in and credentials, as the doctor tells of them: counted, judged, and never shown."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from portal.accounts import doctor_checks
from portal.accounts.models import CloudCredential, User
from portal.cloud import doctor_services
from portal.cloud.config import clouds
from portal.core import doctor_http
from portal.core.doctor import Finding, Plan
from portal.core.doctor_http import Answer
from portal.core.models import AuditEvent
from portal.core.seal import seal
from tests.cast import make_user

pytestmark = pytest.mark.django_db
SECRET = "a-secret-that-nobody-may-see"


def document(**changes: Any) -> dict[str, Any]:
    rules = clouds().oidc
    assert rules is not None
    return {
        "issuer": rules.issuer,
        "authorization_endpoint": "https://x/a",
        "token_endpoint": "https://x/t",
        "userinfo_endpoint": "https://x/u",
        "jwks_uri": "https://x/j",
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(rules.scopes),
        **changes,
    }


def told(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> dict[str, Finding]:
    monkeypatch.setattr(doctor_http, "ask", lambda url: answer)
    return {finding.name: finding for finding in doctor_checks.identity_provider(Plan())}


def told_of(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> dict[str, Finding]:
    return told(monkeypatch, Answer(200, body=json.dumps(document(**changes))))


def test_a_provider_that_is_well_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told_of(monkeypatch)
    assert {found[name].level for name in ("issuer", "endpoints", "PKCE")} == {"ok"}
    assert "http://testserver/accounts/oidc/cilogon/login/callback/" in found["callback"].says
    assert "scopes" not in found


def test_an_issuer_that_calls_itself_otherwise_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told_of(monkeypatch, issuer="https://other.example")["issuer"]
    assert found.level == "broken" and "https://other.example" in found.todo


@pytest.mark.parametrize(
    ("changes", "name", "level"),
    [
        ({"token_endpoint": None}, "endpoints", "broken"),
        ({"code_challenge_methods_supported": None}, "PKCE", "note"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE", "note"),
        ({"scopes_supported": ["openid"]}, "scopes", "degraded"),
    ],
)
def test_what_a_provider_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], name: str, level: str
) -> None:
    assert told_of(monkeypatch, **changes)[name].level == level


@pytest.mark.parametrize(
    "answer",
    [Answer(0, trouble="no connection"), Answer(404), Answer(200, body="<html>"), Answer(200, body="[]")],
)
def test_a_provider_without_a_document_is_broken(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    assert told(monkeypatch, answer)["discovery"].level == "broken"


def test_a_client_without_an_id_is_broken(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "", SECRET
    found = told_of(monkeypatch)
    assert found["OIDC_CLIENT_ID"].level == "broken"
    assert SECRET not in str(found)


def credential(name: str, **changes: Any) -> CloudCredential:
    user: User = make_user(name)
    given = {"cloud": "demo", "project_id": f"p-{name}", "project_name": "BIO220047"}
    return CloudCredential.objects.create(
        user=user, application_credential_id=f"id-{name}", sealed_secret=seal(SECRET), **given, **changes
    )


def counted() -> Finding:
    [found] = doctor_checks.stored(Plan(cloud="demo"))
    return found


def test_credentials_are_counted_by_how_they_are() -> None:
    now = timezone.now()
    credential("a", expires_at=now + timedelta(days=20))
    credential("b", expires_at=now + timedelta(days=2))
    credential("c", expires_at=now - timedelta(days=1))
    credential("d", refused_at=now)
    credential("e", revoked_at=now)
    found = counted()
    assert found.says == "2 usable, 1 of them end within 7 days; 1 ended, 1 refused"
    assert found.level == "ok"
    assert SECRET not in str(found)


def test_many_refused_credentials_are_a_sign() -> None:
    credential("a", refused_at=timezone.now())
    credential("b", refused_at=timezone.now())
    credential("c")
    assert counted().level == "degraded"


def test_no_credentials_are_no_error() -> None:
    assert (counted().level, "nobody is connected" in counted().says) == ("note", True)


def test_without_a_credential_the_services_are_said_not_to_be_tried() -> None:
    [found] = doctor_checks.services(Plan(cloud="demo"))
    assert found.level == "untried"
    assert "manage.py doctor --cloud demo --as" in found.todo


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the credentials with which clouds were looked at."""
    found: list[str] = []

    def examine(login: Any, region: str) -> list[Finding]:
        found.append(f"{login.id} {region}")
        return [Finding(name="sign-in", level="ok", says="")]

    monkeypatch.setattr(doctor_services, "examine", examine)
    return found


def test_each_region_is_looked_at_with_a_usable_credential(asked: list[str]) -> None:
    credential("old", expires_at=timezone.now() - timedelta(days=1))
    credential("refused", refused_at=timezone.now())
    credential("bob")
    found = list(doctor_checks.services(Plan(cloud="demo")))
    assert asked == ["id-bob IU", "id-bob TACC"]
    assert found[0].under == "Services of demo in IU, as Bob in BIO220047"


def test_the_person_can_be_chosen_and_is_left_a_trace(asked: list[str]) -> None:
    mine = credential("alice")
    credential("bob")
    list(doctor_checks.services(Plan(cloud="demo", person=mine.user.username)))
    assert asked == ["id-alice IU", "id-alice TACC"]
    event = AuditEvent.objects.get(action="credential.used-by-doctor")
    assert event.scope == f"user.{mine.user_id}"


def test_a_person_without_a_credential_is_not_replaced_by_another(asked: list[str]) -> None:
    credential("bob")
    [found] = doctor_checks.services(Plan(cloud="demo", person="carol"))
    assert (found.level, asked) == ("untried", [])


def test_without_the_network_no_credential_is_used(asked: list[str]) -> None:
    credential("bob")
    [found] = doctor_checks.services(Plan(cloud="demo", network=False))
    assert (found.level, asked) == ("untried", [])
