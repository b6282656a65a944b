import copy
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from portal.cloud import breaker, tokens
from portal.cloud.config import clouds
from portal.cloud.connection import forget_versions
from tests.portal.accounts.world import World, started


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory, no_way_out: None) -> Iterator[World]:
    with started("portal.democloud.oidc", tmp_path_factory.mktemp("oidc")) as provider:
        folder = tmp_path_factory.mktemp("keystone")
        options = ["--state", str(folder), "--seed", "empty", "--no-guests", "--speed", "200"]
        issuer = provider.facts["issuer"]
        with started("portal.democloud", folder, *options, "--oidc-issuer", issuer) as cloud:
            yield World(provider, cloud)


@pytest.fixture
def world(processes: World, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[World]:
    """A provider and a cloud without machines, and a portal that is configured for both."""
    processes.reset()
    facts = processes.provider.facts
    monkeypatch.setenv("DEMO_AUTH_URL", processes.cloud.facts["auth_url"])
    monkeypatch.setenv("OIDC_ISSUER", facts["issuer"])
    providers = copy.deepcopy(settings.SOCIALACCOUNT_PROVIDERS)
    (app,) = providers["openid_connect"]["APPS"]
    app.update(client_id=facts["client_id"], secret=facts["client_secret"])
    app["settings"]["server_url"] = facts["issuer"]
    settings.SOCIALACCOUNT_PROVIDERS = providers
    clouds.cache_clear()
    forget_versions()
    tokens.forget_all()
    breaker.forget_all()
    yield processes
    clouds.cache_clear()


class Queue(list[tuple[str, int]]):
    """What was handed to workers, as (task, id): tests do it by hand, when they choose."""

    def send_task(self, name: str, args: list[int]) -> None:
        self.append((name.rpartition(".")[2], *args))  # type: ignore[arg-type]

    def of(self, task: str) -> list[int]:
        return [pk for name, pk in self if name == task]


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    kept = Queue()
    monkeypatch.setattr("portal.accounts.queue.current_app", kept)
    return kept
