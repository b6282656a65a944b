"""Names in portal.yaml that mean nothing are told before somebody relies on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core import checks
from pytest_django import Settings

from instances.checks import names

Write = Callable[..., None]


@pytest.fixture
def configured(tmp_path: Path, settings: Settings) -> Write:
    clouds = {"clouds": {"one": {"auth": {"auth_url": "https://one.example/v3"}, "region_name": "IU"}}}
    (tmp_path / "clouds.yaml").write_text(yaml.safe_dump(clouds))
    settings.CLOUDS_YAML = str(tmp_path / "clouds.yaml")
    settings.PORTAL_CONFIG = str(tmp_path / "portal.yaml")

    def write(**cloud: Any) -> None:
        whole = {"clouds": {"one": {"title": "One", "sign_in": {"methods": ["password"]}, **cloud}}}
        (tmp_path / "portal.yaml").write_text(yaml.safe_dump(whole))

    return write


def group(*vetoes: str) -> dict[str, Any]:
    return {
        "name": "gpu",
        "title": "GPU",
        "match": "g3",
        "resource": "gpu",
        "disallowed_actions": list(vetoes),
    }


def test_vetoes_of_actions_that_exist_pass(configured: Write) -> None:
    configured(flavor_groups=[group("suspend", "resize")])
    assert names(None) == []


def test_a_veto_of_no_action_stops_the_start(configured: Write) -> None:
    configured(flavor_groups=[group("suspend", "hibernate")])
    [problem] = names(None)
    assert problem.id == "instances.E001" and problem.is_serious()
    assert "gpu disallows 'hibernate'" in problem.msg
    assert "suspend" in str(problem.hint)


def test_prices_of_statuses_that_exist_pass(configured: Write) -> None:
    configured(state_fractions={"SHUTOFF": 0.5, "SHELVED_OFFLOADED": 0})
    assert names(None) == []


def test_the_price_of_a_status_that_nova_lacks_is_warned_of(configured: Write) -> None:
    configured(state_fractions={"SHELVED_OFLOADED": 0})
    [problem] = names(None)
    assert problem.id == "instances.W001" and not problem.is_serious()
    assert "SHELVED_OFLOADED" in problem.msg


def test_a_file_that_cannot_be_read_is_told_once_elsewhere(settings: Settings) -> None:
    settings.PORTAL_CONFIG = "/nowhere/portal.yaml"
    assert names(None) == []


def test_it_is_part_of_every_check() -> None:
    assert names in checks.registry.registry.get_checks()


@pytest.mark.parametrize("name", ["demo", "jetstream2", "lab"])
def test_the_shipped_files_name_what_exists(name: str, settings: Settings) -> None:
    conf = Path(settings.BASE_DIR) / "portal" / "conf" / name
    settings.PORTAL_CONFIG, settings.CLOUDS_YAML = str(conf / "portal.yaml"), str(conf / "clouds.yaml")
    assert names(None) == []
