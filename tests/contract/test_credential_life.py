"""The end of tokens and of application credentials, and how the next credential is made before it."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.cloud import identity, servers
from portal.cloud.connection import AppCredentialLogin, Cloud, TokenLogin, connect
from portal.cloud.types import NewAppCredential
from portal.core.errors import PortalError
from tests.contract.maker import Maker
from tests.contract.places import Place

_LIFE = 8


def made(place: Place, make: Maker, *, seconds: float = 3600, unrestricted: bool = True) -> NewAppCredential:
    alice = place.login("alice", make.cloud.project_id)
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    found = identity.create_app_credential(
        alice,
        project_id=make.cloud.project_id,
        name=make.name(),
        expires_at=end,
        unrestricted=unrestricted,
        description="for the contract",
    )
    make.undo(lambda: identity.delete_app_credential(alice, found.id))
    return found


def login_of(place: Place, credential: NewAppCredential) -> AppCredentialLogin:
    return AppCredentialLogin(place.name, credential.id, credential.secret)


def end_token(cloud: Cloud) -> None:
    """Revoke the token that this connection has, behind its back."""
    token = str(cloud.access.auth_token)
    headers = {"X-Subject-Token": token, "X-Auth-Token": token}
    url = f"{cloud.config.auth_url}/auth/tokens"
    answer = cloud.session.request(url, "DELETE", headers=headers, authenticated=False)
    assert answer.status_code == 204


def test_a_token_that_ended_is_replaced_without_anybody_noticing(place: Place, make: Maker) -> None:
    cloud = connect(login_of(place, made(place, make)), region=place.region)
    cloud.forget_token()
    before = cloud.access.auth_token
    end_token(cloud)
    assert isinstance(servers.list_servers(cloud), list)
    assert cloud.access.auth_token != before


def test_a_token_that_cannot_be_replaced_is_refused(place: Place, make: Maker) -> None:
    own = connect(login_of(place, made(place, make)), region=place.region)
    own.forget_token()
    login = TokenLogin(place.name, str(own.access.auth_token), make.cloud.project_id)
    end_token(own)
    with pytest.raises(PortalError) as refused:
        servers.list_servers(connect(login, region=place.region))
    assert (refused.value.id, refused.value.outcome) == ("cloud:unauthorized", "auth")


def test_an_expired_credential_is_refused_at_the_next_sign_in(place: Place, make: Maker) -> None:
    login = login_of(place, made(place, make, seconds=_LIFE))
    assert identity.validate(login).project_id == make.cloud.project_id
    place.let_pass(_LIFE + 1)
    with pytest.raises(PortalError) as refused:
        identity.validate(login)
    assert (refused.value.id, refused.value.outcome) == ("cloud:credential-revoked", "auth")


def test_a_deleted_credential_takes_its_tokens_with_it(place: Place, make: Maker) -> None:
    credential = made(place, make)
    cloud = connect(login_of(place, credential), region=place.region)
    cloud.forget_token()
    assert cloud.access.auth_token
    identity.delete_app_credential(place.login("alice", make.cloud.project_id), credential.id)
    with pytest.raises(PortalError) as refused:
        servers.list_servers(cloud)
    assert (refused.value.id, refused.value.outcome) == ("cloud:credential-revoked", "auth")


def test_a_credential_that_ends_before_it_begins_is_refused(place: Place, make: Maker) -> None:
    with pytest.raises(PortalError) as refused:
        made(place, make, seconds=-60)
    assert (refused.value.id, refused.value.outcome) == ("cloud:bad-request", "refused")


def test_an_unrestricted_credential_makes_its_successor_and_removes_itself(place: Place, make: Maker) -> None:
    login = login_of(place, made(place, make))
    project_id = make.cloud.project_id
    name, end = make.name(), datetime.now(UTC) + timedelta(hours=2)
    after = identity.create_app_credential(
        login, project_id=project_id, name=name, expires_at=end, unrestricted=True
    )
    make.undo(lambda: identity.delete_app_credential(place.login("alice", project_id), after.id))
    assert after.project_id == project_id and after.roles == identity.validate(login).roles
    listed = {found.name: found for found in identity.app_credentials(login_of(place, after))}
    assert listed[name].expires_at == after.expires_at
    identity.delete_app_credential(login_of(place, after), login.id)
    assert identity.validate(login_of(place, after)).project_id == project_id
    with pytest.raises(PortalError) as refused:
        identity.validate(login)
    assert refused.value.id == "cloud:credential-revoked"


def test_deleting_one_that_is_not_there(place: Place, make: Maker) -> None:
    with pytest.raises(PortalError) as absent:
        identity.delete_app_credential(place.login("alice", make.cloud.project_id), "0" * 32)
    assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")
