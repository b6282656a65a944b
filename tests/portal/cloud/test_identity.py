"""Who somebody is, where they may work, and application credentials."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from portal.cloud import identity
from portal.cloud.connection import AppCredentialLogin, Cloud, OidcTokenLogin, PasswordLogin, TokenLogin
from portal.core.errors import PortalError
from tests.portal.cloud.stub import PROJECT, USER, Answer, Stub, unauthorized

PASSWORD = PasswordLogin("stub", "alice", "hunter2")
V3 = "/identity/v3"
EXCHANGE = f"{V3}/OS-FEDERATION/identity_providers/access/protocols/openid/auth"
CREDENTIALS = f"{V3}/users/{USER}/application_credentials"
ROWS = [
    {"id": PROJECT, "name": "BIO220047", "domain_id": "default", "description": "Genomes", "enabled": True},
    {"id": "other", "name": "CIS220046", "domain_id": "default", "description": None, "enabled": False},
]
CREDENTIAL = {
    "id": "ac-1",
    "name": "heliosphere",
    "secret": "s3cret",
    "project_id": PROJECT,
    "roles": [{"id": "1", "name": "member"}],
    "expires_at": "2026-12-21T06:00:00.000000",
    "unrestricted": False,
}


def asked(stub: Stub) -> Any:
    return stub.sign_ins[-1].json["auth"]


def test_a_password_without_a_project_gives_a_token_without_scope(stub: Stub) -> None:
    token = identity.unscoped(PASSWORD)
    assert (token.user_name, token.user_domain, token.project_id, token.roles) == (
        "alice",
        "Default",
        None,
        (),
    )
    assert token.methods == ("password",)
    assert asked(stub)["scope"] == "unscoped"


def test_the_project_of_a_password_is_left_out_for_an_unscoped_token(stub: Stub) -> None:
    identity.unscoped(PasswordLogin("stub", "alice", "hunter2", project_id=PROJECT))
    assert asked(stub)["scope"] == "unscoped"


def test_a_scoped_token_has_the_roles(stub: Stub) -> None:
    token = identity.scoped(PASSWORD, PROJECT)
    assert (token.project_id, token.project_name, token.roles) == (
        PROJECT,
        "BIO220047",
        ("manager", "member"),
    )
    assert asked(stub)["scope"] == {"project": {"id": PROJECT}}


def test_a_token_can_be_scoped_to_a_project(stub: Stub) -> None:
    identity.scoped(TokenLogin("stub", "given"), PROJECT)
    assert asked(stub)["identity"] == {"methods": ["token"], "token": {"id": "token-1"}}
    assert asked(stub)["scope"] == {"project": {"id": PROJECT}}


def test_token_values_do_not_show(stub: Stub) -> None:
    token = identity.unscoped(PASSWORD)
    assert token.value == "token-1" and "token-1" not in repr(token)


def test_an_access_token_is_exchanged_at_the_federation_endpoint(stub: Stub) -> None:
    stub.on(
        "POST", EXCHANGE, Answer(201, stub.token(["openid"], scoped=False), {"X-Subject-Token": "federated"})
    )
    token = identity.unscoped(OidcTokenLogin("stub", "oidc-access-token"))
    assert (token.value, token.methods) == ("federated", ("openid",))
    assert stub.only("POST", EXCHANGE).headers["authorization"] == "Bearer oidc-access-token"


def test_a_refused_access_token_is_an_error_of_the_sign_in(stub: Stub) -> None:
    stub.on("POST", EXCHANGE, Answer(401, body=b"<html>401", headers={"Content-Type": "text/html"}))
    with pytest.raises(PortalError) as refused:
        identity.unscoped(OidcTokenLogin("stub", "expired"))
    assert (refused.value.id, refused.value.outcome) == ("cloud:federation-account", "auth")


def test_projects_of_a_person(stub: Stub) -> None:
    stub.on("GET", f"{V3}/auth/projects", Answer(200, {"projects": ROWS, "links": {}}))
    first, second = identity.projects(PASSWORD)
    assert (first.name, first.description, first.enabled) == ("BIO220047", "Genomes", True)
    assert (second.name, second.description, second.enabled) == ("CIS220046", "", False)


def test_somebody_without_projects_has_none(stub: Stub) -> None:
    stub.on("GET", f"{V3}/auth/projects", Answer(200, {"projects": []}))
    assert identity.projects(PASSWORD) == []


def test_an_application_credential_works_in_its_own_project_only(
    stub: Stub, login: AppCredentialLogin
) -> None:
    stub.on("GET", f"{V3}/auth/projects", Answer(200, {"projects": ROWS}))
    assert [project.id for project in identity.projects(login)] == [PROJECT]


def test_who_am_i_is_answered_from_a_good_token(stub: Stub, login: AppCredentialLogin) -> None:
    assert identity.whoami(login).user_id == USER
    assert identity.whoami(login).methods == ("application_credential",)
    assert len(stub.sign_ins) == 1


def test_validating_asks_the_cloud_whatever_is_remembered(stub: Stub, login: AppCredentialLogin) -> None:
    identity.validate(login)
    identity.validate(login)
    assert len(stub.sign_ins) == 2


def test_validating_a_revoked_credential_fails(stub: Stub, login: AppCredentialLogin) -> None:
    identity.validate(login)
    stub.sign_in_answer = unauthorized()
    with pytest.raises(PortalError) as revoked:
        identity.validate(login)
    assert (revoked.value.id, revoked.value.outcome) == ("cloud:credential-revoked", "auth")


def make(stub: Stub, **how: Any) -> Any:
    stub.on("POST", CREDENTIALS, Answer(201, {"application_credential": CREDENTIAL}))
    wanted = {"project_id": PROJECT, "name": "heliosphere", "expires_at": None} | how
    made = identity.create_app_credential(PASSWORD, **wanted)
    return made, stub.only("POST", CREDENTIALS).json["application_credential"]


def test_a_credential_is_made_in_the_scope_of_its_project(stub: Stub) -> None:
    made, body = make(stub)
    assert asked(stub)["scope"] == {"project": {"id": PROJECT}}
    assert (made.id, made.secret, made.project_id, made.roles) == ("ac-1", "s3cret", PROJECT, ("member",))
    assert made.expires_at == datetime(2026, 12, 21, 6, tzinfo=UTC)
    assert body == {"name": "heliosphere", "unrestricted": False}


def test_its_secret_does_not_show(stub: Stub) -> None:
    made, _ = make(stub)
    assert "s3cret" not in repr(made)


def test_a_credential_ends_when_asked_and_has_the_roles_asked(stub: Stub) -> None:
    end = datetime(2026, 12, 21, 1, tzinfo=timezone(timedelta(hours=-5)))
    _, body = make(stub, expires_at=end, roles=["member"], unrestricted=True, description="for the portal")
    assert body == {
        "name": "heliosphere",
        "unrestricted": True,
        "description": "for the portal",
        "expires_at": "2026-12-21T06:00:00.000000Z",
        "roles": [{"name": "member"}],
    }


def test_a_restricted_credential_cannot_make_another(stub: Stub, login: AppCredentialLogin) -> None:
    stub.on("POST", CREDENTIALS, Answer(403, {"error": {"code": 403, "message": "not allowed"}}))
    with pytest.raises(PortalError) as refused:
        identity.create_app_credential(login, project_id=PROJECT, name="x", expires_at=None)
    assert refused.value.id == "cloud:forbidden"


def test_credentials_are_listed_without_secrets_and_deleted(stub: Stub) -> None:
    row = {key: value for key, value in CREDENTIAL.items() if key != "secret"} | {"expires_at": None}
    stub.on("GET", CREDENTIALS, Answer(200, {"application_credentials": [row]}))
    stub.on("DELETE", f"{CREDENTIALS}/ac-1", Answer(204))
    [found] = identity.app_credentials(PASSWORD)
    assert (found.id, found.expires_at) == ("ac-1", None)
    identity.delete_app_credential(PASSWORD, "ac-1")
    assert stub.seen[-1].method == "DELETE"


def test_keystone_in_trouble_is_not_a_refusal(stub: Stub) -> None:
    stub.on("GET", f"{V3}/auth/projects", Answer(503))
    with pytest.raises(PortalError) as down:
        identity.projects(PASSWORD)
    assert (down.value.id, down.value.outcome) == ("cloud:unavailable", "retry")


def test_a_token_refused_by_keystone_itself_is_renewed(stub: Stub) -> None:
    stub.on("GET", f"{V3}/auth/projects", unauthorized(), Answer(200, {"projects": ROWS}))
    assert len(identity.projects(PASSWORD)) == 2
    assert len(stub.sign_ins) == 2


def test_regions_tell_what_they_offer(cloud: Cloud) -> None:
    [region] = identity.regions(cloud)
    assert region.id == "IU"
    assert {"compute", "image", "network", "block-storage"} <= region.services
