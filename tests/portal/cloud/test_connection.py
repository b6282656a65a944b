"""Signing in: once for many, again when refused, and in words when it fails."""

import threading
import time
from typing import Any

import pytest
from django.core.cache import cache

from portal.cloud import images, servers, tokens
from portal.cloud.connection import AppCredentialLogin, Cloud, PasswordLogin, connect
from portal.core import deadline
from portal.core.errors import PortalError
from tests.portal.cloud.stub import PROJECT, USER, Answer, Stub, unauthorized

NO_SERVERS = Answer(200, {"servers": []})


def test_connecting_calls_nothing(cloud: Cloud, stub: Stub) -> None:
    assert stub.seen == [] and stub.sign_ins == []


def test_many_connections_with_one_credential_sign_in_once(stub: Stub, login: AppCredentialLogin) -> None:
    stub.compute("GET", "/servers/detail", NO_SERVERS)
    for _ in range(20):
        servers.list_servers(connect(login, region="IU"))
    assert len(stub.sign_ins) == 1
    assert len(stub.calls("GET", "/servers/detail")) == 20


def test_threads_that_start_together_sign_in_once(stub: Stub, login: AppCredentialLogin) -> None:
    def use() -> None:
        assert connect(login, region="IU").project_id == PROJECT

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stub.sign_ins) == 1


def test_another_credential_signs_in_for_itself(stub: Stub, login: AppCredentialLogin) -> None:
    assert connect(login, region="IU").user_id == USER
    assert connect(AppCredentialLogin("stub", "another", "secret"), region="IU").user_id == USER
    assert len(stub.sign_ins) == 2


def test_the_same_credential_with_another_secret_gets_nothing_from_the_cache(
    stub: Stub, login: AppCredentialLogin
) -> None:
    assert connect(login, region="IU").user_id == USER
    stub.sign_in_answer = unauthorized()
    with pytest.raises(PortalError) as refused:
        _ = connect(AppCredentialLogin("stub", login.id, "a guess"), region="IU").user_id
    assert refused.value.id == "cloud:credential-revoked"


def test_another_process_finds_the_token_in_the_cache(stub: Stub, login: AppCredentialLogin) -> None:
    assert connect(login, region="IU").project_id == PROJECT
    tokens.forget_all()
    assert connect(login, region="IU").project_id == PROJECT
    assert len(stub.sign_ins) == 1


def test_the_cache_holds_no_readable_token(stub: Stub, login: AppCredentialLogin) -> None:
    assert connect(login, region="IU").project_id == PROJECT
    key = tokens.key_of("AppCredentialLogin", login.cloud, login.id, login.secret)
    kept = cache.get(f"token:{key}")
    assert kept and "token-1" not in kept and login.secret not in kept


def test_the_token_of_a_persons_own_sign_in_stays_in_this_process(stub: Stub) -> None:
    login = PasswordLogin("stub", "alice", "correct horse", project_id=PROJECT)
    assert connect(login, region="IU").project_id == PROJECT
    assert connect(login, region="IU").project_id == PROJECT
    assert len(stub.sign_ins) == 1
    tokens.forget_all()
    assert connect(login, region="IU").project_id == PROJECT
    assert len(stub.sign_ins) == 2


def test_a_token_sealed_with_a_lost_key_is_as_good_as_none(
    stub: Stub, login: AppCredentialLogin, settings: pytest.FixtureRequest
) -> None:
    assert connect(login, region="IU").project_id == PROJECT
    tokens.forget_all()
    settings.SEAL_KEYS = ["another key, made after the first was lost"]  # type: ignore[attr-defined]
    assert connect(login, region="IU").project_id == PROJECT
    assert len(stub.sign_ins) == 2


def test_a_token_about_to_end_is_not_used_again(stub: Stub, login: AppCredentialLogin) -> None:
    stub.token_life = 60
    _ = connect(login, region="IU").project_id
    _ = connect(login, region="IU").project_id
    assert len(stub.sign_ins) == 2


def test_a_token_refused_in_mid_call_is_renewed_once(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", unauthorized(), NO_SERVERS)
    assert servers.list_servers(cloud) == []
    first, second = stub.calls("GET", "/servers/detail")
    assert (first.headers["x-auth-token"], second.headers["x-auth-token"]) == ("token-1", "token-2")


def test_the_renewed_token_replaces_the_refused_one_for_everybody(
    cloud: Cloud, stub: Stub, login: AppCredentialLogin
) -> None:
    stub.compute("GET", "/servers/detail", unauthorized(), NO_SERVERS)
    servers.list_servers(cloud)
    servers.list_servers(connect(login, region="IU"))
    assert len(stub.sign_ins) == 2
    assert stub.seen[-1].headers["x-auth-token"] == "token-2"


def test_a_token_refused_twice_is_an_error_of_the_credential(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", unauthorized())
    with pytest.raises(PortalError) as refused:
        servers.list_servers(cloud)
    assert (refused.value.id, refused.value.outcome) == ("cloud:unauthorized", "auth")
    assert len(stub.calls("GET", "/servers/detail")) == 2


def test_a_revoked_credential_in_mid_call_says_so(cloud: Cloud, stub: Stub) -> None:
    stub.compute("GET", "/servers/detail", NO_SERVERS, unauthorized())
    servers.list_servers(cloud)
    stub.sign_in_answer = unauthorized()
    with pytest.raises(PortalError) as refused:
        servers.list_servers(cloud)
    assert (refused.value.id, refused.value.outcome) == ("cloud:credential-revoked", "auth")


def test_a_wrong_password_is_not_called_a_revoked_credential(stub: Stub) -> None:
    stub.sign_in_answer = unauthorized()
    with pytest.raises(PortalError) as refused:
        _ = connect(PasswordLogin("stub", "alice", "wrong"), region="IU").user_id
    assert (refused.value.id, refused.value.outcome) == ("cloud:unauthorized", "auth")
    assert "wrong" not in str(refused.value) + refused.value.detail


def test_versions_are_looked_up_once_per_process(stub: Stub, login: AppCredentialLogin) -> None:
    stub.compute("GET", "/servers/detail", NO_SERVERS)
    for _ in range(3):
        servers.list_servers(connect(login, region="IU"))
    assert len(stub.calls("GET", "/compute/v2.1")) + len(stub.calls("GET", "/compute/v2.1/")) == 1


def test_an_older_cloud_is_asked_at_its_own_newest_version(cloud: Cloud, stub: Stub) -> None:
    stub.compute_up_to("2.79")
    stub.compute("GET", "/servers/detail", NO_SERVERS)
    servers.list_servers(cloud)
    assert stub.only("GET", "/servers/detail").microversion == "compute 2.79"


def test_a_newer_cloud_is_asked_at_the_version_the_portal_reads(cloud: Cloud, stub: Stub) -> None:
    stub.compute_up_to("2.96")
    stub.compute("GET", "/servers/detail", NO_SERVERS)
    servers.list_servers(cloud)
    assert stub.only("GET", "/servers/detail").microversion == "compute 2.90"


def test_a_cloud_that_is_too_old_is_said_to_be(cloud: Cloud, stub: Stub) -> None:
    stub.compute_up_to("2.5")
    with pytest.raises(PortalError) as refused:
        servers.remote_console(cloud, "s1")
    assert (refused.value.id, refused.value.outcome) == ("cloud:unsupported", "refused")
    assert stub.calls("POST", "/servers/s1/remote-consoles") == []


def test_a_service_that_the_cloud_lacks_has_no_endpoint(cloud: Cloud) -> None:
    assert cloud.endpoint("compute") is not None
    assert cloud.endpoint("dns") is None


def test_a_region_without_services_has_no_endpoints(stub: Stub, login: AppCredentialLogin) -> None:
    assert connect(login, region="TACC").endpoint("compute") is None


def test_secrets_do_not_show_in_what_is_printed(cloud: Cloud, login: AppCredentialLogin) -> None:
    assert "its-secret" not in repr(login)
    assert "hunter2" not in repr(PasswordLogin("stub", "alice", "hunter2"))


def test_request_ids_of_changes_are_kept_and_those_of_reads_are_not(cloud: Cloud, stub: Stub) -> None:
    stub.compute(
        "GET", "/servers/detail", Answer(200, {"servers": []}, {"x-openstack-request-id": "req-read"})
    )
    stub.compute("POST", "/servers/s1/action", Answer(202, None, {"x-openstack-request-id": "req-change"}))
    servers.list_servers(cloud)
    servers.start(cloud, "s1")
    assert cloud.request_ids == ["req-change"]


def test_inside_a_task_its_deadline_holds_for_every_call(stub: Stub, login: AppCredentialLogin) -> None:
    stub.compute("GET", "/servers/detail", Answer(200, {"servers": []}, delay=0.9))
    with deadline.within(0.3), pytest.raises(PortalError) as late:
        servers.list_servers(connect(login, region="IU"))
    assert late.value.id == "cloud:timeout"
    with deadline.within(5):
        assert servers.list_servers(connect(login, region="IU")) == []


@pytest.mark.parametrize(
    "message",
    ["Could not find Application Credential: a-credential.", "Could not recognize Fernet token"],
)
def test_keystone_says_not_found_of_credentials_that_were_deleted(
    stub: Stub, login: AppCredentialLogin, message: str
) -> None:
    stub.sign_in_answer = Answer(404, {"error": {"code": 404, "message": message, "title": "Not Found"}})
    with pytest.raises(PortalError) as refused:
        _ = connect(login, region="IU").user_id
    assert (refused.value.id, refused.value.outcome) == ("cloud:credential-revoked", "auth")


def test_an_address_where_there_is_no_keystone_is_not_a_revoked_credential(
    stub: Stub, login: AppCredentialLogin
) -> None:
    stub.sign_in_answer = Answer(404, body=b"<html>nginx", headers={"Content-Type": "text/html"})
    with pytest.raises(PortalError) as absent:
        _ = connect(login, region="IU").user_id
    assert (absent.value.id, absent.value.outcome) == ("cloud:not-found", "refused")


def test_behind_a_keystone_that_hangs_nobody_queues_for_long(
    stub: Stub, login: AppCredentialLogin, settings: Any
) -> None:
    settings.CLOUD_READ_TIMEOUT = 0.3
    stub.sign_in_answer = Answer(201, delay=1.5)
    waited: list[float] = []

    def use() -> None:
        started = time.monotonic()
        with pytest.raises(PortalError) as late:
            _ = connect(login, region="IU").project_id
        # Nothing was asked of the cloud that could have been done.
        assert (late.value.id, late.value.outcome) == ("cloud:timeout", "retry")
        waited.append(time.monotonic() - started)

    threads = [threading.Thread(target=use) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waited) == 6 and max(waited) < 1.4


@pytest.mark.parametrize("answer", [Answer(503), Answer(500), Answer(429, headers={"Retry-After": "2"})])
def test_a_service_in_trouble_while_its_versions_are_read_is_not_called_too_old(
    cloud: Cloud, stub: Stub, answer: Answer
) -> None:
    for end in ("", "/"):
        stub.compute("GET", end, answer)
        stub.on("GET", f"/image{end}", answer)
    for read in (servers.list_servers, images.list_images):
        with pytest.raises(PortalError) as trouble:
            read(cloud)
        assert trouble.value.id != "cloud:unsupported" and trouble.value.outcome == "retry"


def test_versions_that_could_not_be_read_are_read_later(stub: Stub, login: AppCredentialLogin) -> None:
    stub.compute("GET", "/servers/detail", NO_SERVERS)
    stub.compute("GET", "", Answer(503))
    stub.compute("GET", "/", Answer(503))
    with pytest.raises(PortalError):
        servers.list_servers(connect(login, region="IU"))
    stub.compute_up_to("2.93")
    assert servers.list_servers(connect(login, region="IU")) == []
