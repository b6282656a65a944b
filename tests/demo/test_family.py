"""Whom the demo starts, and what it tells them, by its options."""

import argparse
from pathlib import Path

import pytest

from portal.demo.family import DEMO_CONFIG, children
from portal.demo.state import ACCESS_KEYS

PORTS = {"redis": 1001, "cloud": 1002, "oidc": 1003, "campus": 1004}
SECRETS = {
    name: f"secret-{name}" for name in ("secret_key", "seal_key", "redis", "oidc_client", *ACCESS_KEYS)
}


def family(folder: Path, **given: str) -> dict[str, dict[str, str]]:
    """The environment of each process, by its name."""
    options: dict[str, object] = {"config": DEMO_CONFIG, "speed": "10", "seed": "demo", "second_cloud": False}
    asked = argparse.Namespace(**options, **{"host": "127.0.0.1", "issuer": "", **given})
    found = children(folder, 8000, PORTS, SECRETS, asked)
    return {child.name: dict(child.env) for child in found}


def test_the_demo_signs_in_at_its_own_provider(tmp_path: Path) -> None:
    found = family(tmp_path)
    assert "oidc" in found
    assert found["web"]["OIDC_ISSUER"] == "http://127.0.0.1:1003"
    assert (found["web"]["OIDC_CLIENT_ID"], found["web"]["OIDC_CLIENT_SECRET"]) == (
        "heliosphere",
        "secret-oidc_client",
    )


def test_with_an_issuer_it_signs_in_there_and_starts_no_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_CLIENT_ID", "portal-dev")
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "its-secret")
    found = family(tmp_path, issuer="http://127.0.0.1:9443")
    assert "oidc" not in found
    assert found["web"]["OIDC_ISSUER"] == "http://127.0.0.1:9443"
    assert (found["web"]["OIDC_CLIENT_ID"], found["web"]["OIDC_CLIENT_SECRET"]) == (
        "portal-dev",
        "its-secret",
    )


def test_the_host_is_in_every_address_of_the_portal(tmp_path: Path) -> None:
    found = family(tmp_path, host="localhost")
    assert found["web"]["SITE_URL"] == "http://localhost:8000"
    assert found["cloud"]["DEMO_TRUSTED_DASHBOARD"] == "http://localhost:8000/auth/websso/"
