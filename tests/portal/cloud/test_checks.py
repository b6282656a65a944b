"""`manage.py check` says what is wrong with the configuration."""

from pathlib import Path
from typing import Any

from django.core import checks

from portal.cloud.checks import configuration


def test_a_usable_configuration_passes() -> None:
    assert configuration(None) == []


def test_a_broken_one_is_told_with_its_file_and_key(settings: Any) -> None:
    Path(settings.PORTAL_CONFIG).write_text("clouds: {stub: {sign_in: {methods: [password]}}}")
    [problem] = configuration(None)
    assert problem.id == "cloud.E001" and problem.is_serious()
    assert "portal.yaml" in problem.msg and "clouds.stub.title is missing" in problem.msg


def test_it_is_part_of_every_check() -> None:
    assert configuration in checks.registry.registry.get_checks()
