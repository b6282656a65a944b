"""`manage.py check` says what is wrong with the configuration."""

from pathlib import Path
from typing import Any

import yaml
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


def write(settings: Any, clouds: dict[str, Any]) -> None:
    described = {name: {"title": name, "sign_in": {"methods": ["password"]}} for name in clouds}
    Path(settings.PORTAL_CONFIG).write_text(yaml.safe_dump({"clouds": described}))
    found = {name: {"region_name": "IU", **entry} for name, entry in clouds.items()}
    Path(settings.CLOUDS_YAML).write_text(yaml.safe_dump({"clouds": found}))


def at(url: str, **auth: str) -> dict[str, Any]:
    return {"auth": {"auth_url": url, **auth}}


def ids() -> list[str | None]:
    return [message.id for message in configuration(None)]


def test_one_region_under_two_names_is_warned_of(settings: Any) -> None:
    write(settings, {"a": at("https://one.example/v3"), "b": at("https://one.example/v3")})
    [problem] = configuration(None)
    assert problem.id == "cloud.W001" and "a and b are the same region IU" in problem.msg


def test_two_regions_of_one_keystone_are_fine(settings: Any) -> None:
    other = at("https://one.example/v3") | {"region_name": "TACC"}
    write(settings, {"a": at("https://one.example/v3"), "b": other})
    assert ids() == []


def test_credentials_that_would_travel_unencrypted_are_warned_of(settings: Any) -> None:
    write(settings, {"a": at("http://one.example/v3")})
    assert ids() == ["cloud.W002"]


def test_loopback_needs_no_encryption(settings: Any) -> None:
    write(settings, {"a": at("http://127.0.0.1:5000/v3"), "b": at("http://localhost/v3")})
    assert ids() == []


def test_certificates_that_nobody_checks_are_warned_of(settings: Any) -> None:
    write(settings, {"a": at("https://one.example/v3") | {"verify": False}})
    assert ids() == ["cloud.W003"]


def test_credentials_in_the_file_are_warned_of_and_not_repeated(settings: Any) -> None:
    secret = "correct-horse"
    write(settings, {"a": at("https://one.example/v3", username="root", password=secret)})
    [problem] = configuration(None)
    assert problem.id == "cloud.W004" and "(password)" in problem.msg
    assert secret not in f"{problem.msg} {problem.hint}"
