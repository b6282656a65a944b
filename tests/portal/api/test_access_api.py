"""Who may call the API at all, and its own description."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from allocations.models import Allocation
from portal.accounts import tokens
from portal.accounts.models import ApiToken, User
from tests.portal.api.conftest import Api


def test_without_a_token_or_session_nothing_is_answered(api: Api, allocation: Allocation) -> None:
    answer = api(None, "GET", "allocations")
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_revoked_or_expired_token_is_refused(api: Api, member: User) -> None:
    token, plain = tokens.issue(member, "test", "read", 1)
    client = Client(headers={"Authorization": f"Bearer {plain}"})
    assert client.get("/api/v1/allocations").status_code == 200
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get("/api/v1/allocations").status_code == 401
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() + timedelta(days=1))
    tokens.revoke(token=token, by=member)
    assert client.get("/api/v1/allocations").status_code == 401
    assert (
        Client(headers={"Authorization": "Bearer helio_nonsense"}).get("/api/v1/allocations").status_code
        == 401
    )


def test_a_session_reads_and_needs_its_csrf_token_to_write(allocation: Allocation, member: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    assert client.get("/api/v1/allocations").status_code == 200
    refused = client.post("/api/v1/instances", {}, content_type="application/json")
    assert refused.status_code == 403


def test_allocations_say_what_is_left(api: Api, allocation: Allocation, member: User) -> None:
    (found,) = api(member, "GET", "allocations").json()
    assert (found["slug"], found["role"]) == (allocation.slug, "member")
    cpu = next(one for one in found["resources"] if one["resource"] == "cpu")
    assert (float(cpu["awarded"]), float(cpu["used_reported"])) == (100_000, 25_000)
    assert found["quota"]["cores"] == {"used": 20, "limit": 150}
    assert api(member, "GET", f"allocations/{allocation.slug}").json()["slug"] == allocation.slug


def test_allocations_of_others_are_not_listed(api: Api, allocation: Allocation, stranger: User) -> None:
    assert [found["project_name"] for found in api(stranger, "GET", "allocations").json()] == ["TRA220028"]
    assert api(stranger, "GET", f"allocations/{allocation.slug}").status_code == 404


def test_the_description_names_every_call_of_the_issue(client: Client, db: None) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    wanted = {
        ("/api/v1/allocations", "get"),
        ("/api/v1/flavors", "get"),
        ("/api/v1/images", "get"),
        ("/api/v1/instances", "get"),
        ("/api/v1/instances", "post"),
        ("/api/v1/instances/{instance_id}", "get"),
        ("/api/v1/instances/{instance_id}", "delete"),
        ("/api/v1/instances/{instance_id}/actions/{action}", "post"),
        ("/api/v1/instances/{instance_id}/metrics", "get"),
        ("/api/v1/operations/{operation_id}", "get"),
    }
    assert wanted <= {(path, method) for path, methods in paths.items() for method in methods}


def test_the_documentation_page_asks_no_third_party(client: Client, db: None) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    assert "//" not in page.content.decode().replace("://testserver", "").replace('"//"', "")
    assert "ninja/swagger-ui-bundle" in page.content.decode()


def test_whoever_asks_too_much_is_told_when_to_come_back(
    api: Api, allocation: Allocation, member: User, pi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.api.auth.MOST_READS", 2)
    answers = [api(member, "GET", "allocations") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert api(pi, "GET", "allocations").status_code == 200  # others are not held up
