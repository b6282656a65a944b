"""The campus cloud beside the demo's: what the two configurations become together, and what it leaves alone."""

import argparse
from pathlib import Path

import pytest
import yaml

from portal.cloud.config import load
from portal.demo import second
from portal.demo.family import CAMPUS_CONFIG, DEMO_CONFIG, children
from portal.demo.state import ACCESS_KEYS

PORTS = {"redis": 1, "cloud": 2, "oidc": 3, "campus": 4}
SECRETS = {
    "secret_key": "s",
    "seal_key": "k",
    "redis": "r",
    "oidc_client": "c",
    **dict.fromkeys(ACCESS_KEYS, "a"),
}


def options(*, second_cloud: bool) -> argparse.Namespace:
    given = {"speed": "10", "seed": "demo", "config": DEMO_CONFIG, "host": "127.0.0.1", "issuer": ""}
    return argparse.Namespace(**given, second_cloud=second_cloud)


def test_both_clouds_are_in_one_configuration_and_the_rest_is_the_first_ones(tmp_path: Path) -> None:
    folder = second.join_configuration(DEMO_CONFIG, CAMPUS_CONFIG, tmp_path / "conf")
    found = load(folder / "portal.yaml", folder / "clouds.yaml")
    alone = load(DEMO_CONFIG / "portal.yaml", DEMO_CONFIG / "clouds.yaml")
    assert list(found.clouds) == ["demo", "campus"]
    assert (found.oidc, found.branding, found.clouds["demo"]) == (
        alone.oidc,
        alone.branding,
        alone.clouds["demo"],
    )


def test_the_second_is_unlike_the_first(tmp_path: Path) -> None:
    folder = second.join_configuration(DEMO_CONFIG, CAMPUS_CONFIG, tmp_path / "conf")
    found = load(folder / "portal.yaml", folder / "clouds.yaml")
    campus = found.cloud("campus").portal
    assert "oidc_token" not in campus.sign_in.methods
    assert campus.accounting is None and not campus.rates
    assert (found.words("campus")["server"], found.words("demo")["server"]) == ("virtual machine", "instance")


def test_variables_are_filled_in_when_the_portal_reads_it_not_when_it_is_joined(tmp_path: Path) -> None:
    folder = second.join_configuration(DEMO_CONFIG, CAMPUS_CONFIG, tmp_path)
    entry = yaml.safe_load((folder / "clouds.yaml").read_text("utf-8"))["clouds"]["campus"]
    assert entry["auth"]["auth_url"].startswith("${CAMPUS_AUTH_URL:-")


@pytest.mark.parametrize("asked_for", [False, True])
def test_it_runs_where_it_was_asked_for(tmp_path: Path, asked_for: bool) -> None:
    family = children(tmp_path, 8000, PORTS, SECRETS, options(second_cloud=asked_for))
    assert ("campus" in [child.name for child in family]) is asked_for
    env = family[0].env
    assert env["PORTAL_CONFIG"].startswith(str(tmp_path if asked_for else DEMO_CONFIG))
    assert env["METRICS_PUSH_URL"] == "http://127.0.0.1:8000/metrics/push"
