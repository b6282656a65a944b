"""Messages carry ids only, and may be lost."""

import logging
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from portal.accounts import hooks, queue, stored_login
from portal.accounts.models import User
from portal.cloud.connection import AppCredentialLogin, OidcTokenLogin, PasswordLogin
from portal.core.errors import PortalError
from portal.core.seal import unseal
from tests.portal.accounts.conftest import Queue

LOGINS = [
    AppCredentialLogin(cloud="demo", id="abc", secret="s3cret"),
    PasswordLogin(cloud="demo", username="alice", password='pä"ss', user_domain="Default"),
    OidcTokenLogin(cloud="demo", access_token="eyJ.token"),
]


def test_a_message_names_a_task_and_an_id(queue: Queue) -> None:
    from portal.accounts.queue import enqueue

    enqueue("connect", 7)
    assert queue == [("connect", 7)]


def test_a_broker_that_is_away_costs_no_request(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        def send_task(self, name: str, args: list[int]) -> None:
            raise OperationalError("Connection refused")

    monkeypatch.setattr(queue, "current_app", Away())
    with caplog.at_level(logging.WARNING):
        queue.enqueue("connect", 7)
    assert "the sweep will find it" in caplog.text


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: type(login).__name__)
def test_a_login_survives_the_way_to_the_worker_sealed(login: Any) -> None:
    sealed = stored_login.pack(login)
    assert stored_login.unpack(sealed) == login
    for secret in ("s3cret", "pä", "eyJ"):
        assert secret not in sealed


def test_what_was_sealed_says_of_which_kind_it_is() -> None:
    assert '"kind": "password"' in unseal(stored_login.pack(LOGINS[1]))  # type: ignore[arg-type]


def test_a_login_that_no_key_opens_is_an_error_in_words() -> None:
    with pytest.raises(PortalError, match="portal:seal"):
        stored_login.unpack("gAAAAnonsense")


def test_a_hook_registered_twice_is_called_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "_on_usable", [])
    heard: list[str] = []

    def listen(user: User, cloud: str) -> None:
        heard.append(cloud)

    for _ in range(2):
        hooks.on_usable(listen)
    hooks.became_usable(User(), "demo")
    assert heard == ["demo"]
