"""Signing in to a cloud, and what an application credential may and may not do."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.cloud import identity, servers
from portal.cloud.connection import AppCredentialLogin, Cloud, PasswordLogin, TokenLogin, connect
from portal.cloud.types import NewAppCredential
from portal.core.errors import PortalError
from tests.contract.maker import RUN, Maker
from tests.contract.places import Place


@pytest.fixture
def credential(place: Place, project_id: str, make: Maker) -> NewAppCredential:
    alice = place.login("alice", project_id)
    end = datetime.now(UTC) + timedelta(hours=1)
    made = identity.create_app_credential(
        place.login("alice"), project_id=project_id, name=make.name(), expires_at=end, roles=["member"]
    )
    make.undo(lambda: identity.delete_app_credential(alice, made.id))
    return made


def test_a_password_tells_who_one_is_and_which_projects_there_are(place: Place, project_id: str) -> None:
    token = identity.unscoped(place.login("alice"))
    assert (token.user_name, token.project_id, token.roles) == ("alice", None, ())
    assert token.expires_at > datetime.now(UTC)
    found = {project.name: project for project in identity.projects(place.login("alice"))}
    assert found[place.project].id == project_id and found[place.project].enabled


def test_a_wrong_password_is_refused(place: Place) -> None:
    with pytest.raises(PortalError) as refused:
        identity.validate(PasswordLogin(place.name, "alice", "not-her-password"))
    assert (refused.value.id, refused.value.outcome) == ("cloud:unauthorized", "auth")


def test_a_person_that_does_not_exist_is_refused_alike(place: Place) -> None:
    with pytest.raises(PortalError) as refused:
        identity.validate(PasswordLogin(place.name, f"{RUN}-nobody", "x"))
    assert refused.value.id == "cloud:unauthorized"


def test_scope_brings_roles(place: Place, project_id: str) -> None:
    token = identity.scoped(place.login("alice"), project_id)
    assert (token.project_id, token.project_name) == (project_id, place.project)
    assert {"manager", "member"} <= set(token.roles)


def test_a_member_is_not_a_manager(place: Place, project_id: str) -> None:
    roles = identity.scoped(place.login("bob"), project_id).roles
    assert "member" in roles and "manager" not in roles


def test_a_project_of_others_is_refused(place: Place, project_id: str) -> None:
    with pytest.raises(PortalError) as refused:
        identity.scoped(place.login("carol"), project_id)
    assert (refused.value.id, refused.value.outcome) == ("cloud:unauthorized", "auth")


def test_a_token_can_be_scoped_without_the_password(place: Place, project_id: str) -> None:
    unscoped = identity.unscoped(place.login("alice"))
    token = identity.scoped(TokenLogin(place.name, unscoped.value), project_id)
    assert token.project_id == project_id and "token" in token.methods


def test_a_token_that_is_none_is_refused(place: Place, project_id: str) -> None:
    with pytest.raises(PortalError) as refused:
        identity.scoped(TokenLogin(place.name, "gAAAA-not-a-token"), project_id)
    assert refused.value.outcome == "auth"


def test_an_application_credential_acts_in_its_project(
    place: Place, project_id: str, credential: NewAppCredential
) -> None:
    login = AppCredentialLogin(place.name, credential.id, credential.secret)
    token = identity.validate(login)
    assert (token.project_id, token.roles, token.methods) == (
        project_id,
        ("member",),
        ("application_credential",),
    )
    assert isinstance(servers.list_servers(connect(login, region=place.region)), list)
    assert [project.id for project in identity.projects(login)] == [project_id]


def test_it_has_the_roles_and_the_end_that_were_asked(credential: NewAppCredential, project_id: str) -> None:
    assert (credential.project_id, credential.roles) == (project_id, ("member",))
    assert credential.expires_at is not None
    assert timedelta(minutes=50) < credential.expires_at - datetime.now(UTC) < timedelta(minutes=70)


def test_with_another_secret_it_opens_nothing(place: Place, credential: NewAppCredential) -> None:
    with pytest.raises(PortalError) as refused:
        identity.validate(AppCredentialLogin(place.name, credential.id, "a guess"))
    assert (refused.value.id, refused.value.outcome) == ("cloud:credential-revoked", "auth")


def test_it_cannot_make_another(place: Place, project_id: str, credential: NewAppCredential) -> None:
    login = AppCredentialLogin(place.name, credential.id, credential.secret)
    with pytest.raises(PortalError) as refused:
        identity.create_app_credential(login, project_id=project_id, name=f"{RUN}-x", expires_at=None)
    assert (refused.value.id, refused.value.outcome) == ("cloud:forbidden", "refused")


def test_it_cannot_remove_itself_while_it_is_restricted(place: Place, credential: NewAppCredential) -> None:
    login = AppCredentialLogin(place.name, credential.id, credential.secret)
    with pytest.raises(PortalError) as refused:
        identity.delete_app_credential(login, credential.id)
    assert refused.value.id == "cloud:forbidden"


def test_a_removed_one_is_refused_at_the_next_sign_in(
    place: Place, project_id: str, credential: NewAppCredential
) -> None:
    login = AppCredentialLogin(place.name, credential.id, credential.secret)
    identity.validate(login)
    identity.delete_app_credential(place.login("alice", project_id), credential.id)
    with pytest.raises(PortalError) as refused:
        identity.validate(login)
    assert (refused.value.id, refused.value.outcome) == ("cloud:credential-revoked", "auth")


def test_a_name_is_given_once(place: Place, project_id: str, credential: NewAppCredential) -> None:
    with pytest.raises(PortalError) as taken:
        identity.create_app_credential(
            place.login("alice"), project_id=project_id, name=credential.name, expires_at=None
        )
    assert taken.value.id == "cloud:conflict"


def test_credentials_are_listed_to_their_owner_only(
    place: Place, project_id: str, credential: NewAppCredential
) -> None:
    mine = {found.id: found for found in identity.app_credentials(place.login("alice", project_id))}
    assert mine[credential.id].name == credential.name
    assert credential.id not in {
        found.id for found in identity.app_credentials(place.login("bob", project_id))
    }


def test_a_role_that_one_does_not_hold_cannot_be_given_away(place: Place, project_id: str) -> None:
    with pytest.raises(PortalError) as refused:
        identity.create_app_credential(
            place.login("bob"), project_id=project_id, name=f"{RUN}-m", expires_at=None, roles=["manager"]
        )
    assert refused.value.outcome == "refused"


def test_the_catalogue_tells_the_region_and_its_services(cloud: Cloud, place: Place) -> None:
    found = {region.id: region.services for region in identity.regions(cloud)}
    assert {"compute", "image", "network", "identity"} <= found[place.region]
