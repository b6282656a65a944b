from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.cloud import breaker, connection, tokens, wire
from portal.cloud.config import clouds
from portal.cloud.connection import AppCredentialLogin, Cloud, connect
from tests.portal.cloud.stub import Stub, running

PORTAL: dict[str, Any] = {
    "clouds": {
        "stub": {
            "title": "Stub",
            "regions": ["IU"],
            "sign_in": {
                "methods": ["oidc_token", "application_credential", "password"],
                "identity_provider": "access",
            },
            "external_network": "public",
            "accounting": {
                "resources": [
                    {"match": r"jetstream2\.indiana", "resource": "cpu"},
                    {"match": r"jetstream2-gpu\.indiana", "resource": "gpu"},
                ]
            },
        }
    }
}


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running() as started:
        yield started
    wire.close_idle()


@pytest.fixture(autouse=True)
def configured(request: pytest.FixtureRequest, tmp_path: Path, settings: Any) -> Iterator[None]:
    """A portal that knows one cloud: the stub, where the test uses it."""
    used = "stub" in request.fixturenames
    auth_url = request.getfixturevalue("stub").auth_url if used else "http://127.0.0.1:9/identity/v3"
    entry = {"auth": {"auth_url": auth_url}, "region_name": "IU"}
    settings.PORTAL_CONFIG = _written(tmp_path / "portal.yaml", PORTAL)
    settings.CLOUDS_YAML = _written(tmp_path / "clouds.yaml", {"clouds": {"stub": entry}})
    settings.CLOUD_CONNECT_TIMEOUT, settings.CLOUD_READ_TIMEOUT = 1.0, 1.0
    _forget()
    yield
    _forget()


def _written(path: Path, content: dict[str, Any]) -> str:
    path.write_text(yaml.safe_dump(content))
    return str(path)


def _forget() -> None:
    clouds.cache_clear()
    connection.forget_versions()
    tokens.forget_all()
    breaker.forget_all()


@pytest.fixture
def login() -> AppCredentialLogin:
    return AppCredentialLogin("stub", "a-credential", "its-secret")


@pytest.fixture
def cloud(stub: Stub, login: AppCredentialLogin) -> Cloud:
    return connect(login, region="IU")
