"""Mistakes that operators make in the two files: each stops the start, and the sentence names the key."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from allocations.roles import MAY
from portal.cloud.config import ConfigError, load
from portal.cloud.schema import PortalFile, Role

CLOUDS: dict[str, Any] = {
    "clouds": {"one": {"auth": {"auth_url": "https://one.example:5000/v3"}, "region_name": "IU"}}
}
PORTAL: dict[str, Any] = {
    "branding": {"support_url": "https://help.example/", "documentation_url": "mailto:help@example.org"},
    "oidc": {"issuer": "https://issuer.example"},
    "roles": {"admin": "manager", "member": "member"},
    "vocabulary": {"project": "allocation"},
    "clouds": {
        "one": {
            "title": "One",
            "regions": ["IU", "TACC"],
            "sign_in": {"methods": ["password"], "federation_auth_url": "https://one.example:5001/v3"},
            "security_group": {
                "rules": [
                    {"direction": "ingress", "port_min": 1, "port_max": 2, "remote_cidr": "10.0.0.0/8"},
                ]
            },
            "flavor_groups": [
                {"name": "cpu", "title": "CPU", "match": "m3", "resource": "cpu"},
                {"name": "gpu", "title": "GPU", "match": "g3", "resource": "gpu"},
            ],
            "instance_types": [
                {
                    "name": "debian",
                    "title": "Debian",
                    "versions": [
                        {"label": "12", "image": {"name": "Debian12"}},
                        {"label": "13", "image": {"name": "Debian13"}},
                    ],
                },
                {
                    "name": "rocky",
                    "title": "Rocky",
                    "versions": [{"label": "9", "image": {"name": "Rocky9"}}],
                },
            ],
            "rates": [
                {"flavor": "g3", "resource": "gpu", "per_vcpu_hour": 4, "valid_to": "2024-07-02"},
                {"flavor": "g3", "resource": "gpu", "per_vcpu_hour": 2, "valid_from": "2024-07-02"},
                {"flavor": ".*", "resource": "cpu", "per_vcpu_hour": 1},
            ],
            "state_fractions": {"SHUTOFF": 0.5},
            "custom_resources": [{"resource_class": "CUSTOM_A", "title": "A"}],
            "quota_help": {"url": "mailto:help@example.org?subject=Quota"},
            "notices": [
                {
                    "text": "Maintenance",
                    "url": "https://status.example",
                    "starts_at": "2026-01-01T00:00:00Z",
                    "ends_at": "2026-01-02T00:00:00Z",
                }
            ],
        }
    },
}
ONE = ("clouds", "one")
# Where, what is written there, and what the sentence has to contain.
PORTAL_MISTAKES: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("oidc", "issuer"), "issuer.example", "oidc.issuer: should be a whole address"),
    (("oidc", "issuer"), "https://name:word@issuer.example", "no name or password"),
    (("branding", "support_url"), "javascript:alert(1)", "branding.support_url: should be a whole address"),
    (("branding", "documentation_url"), "docs.example/x", "branding.documentation_url"),
    ((*ONE, "notices", 0, "url"), "javascript:alert(1)", "notices.0.url"),
    ((*ONE, "quota_help", "url"), "help@example.org", "quota_help.url"),
    ((*ONE, "sign_in", "federation_auth_url"), "https://one.example:5001", "ends with /v3"),
    ((*ONE, "sign_in", "federation_auth_url"), "one.example/v3", "sign_in.federation_auth_url"),
    ((*ONE, "sign_in", "methods"), ["password", "password"], "method 'password' is there twice"),
    ((*ONE, "sign_in", "methods"), ["kerberos"], "sign_in.methods.0"),
    ((*ONE, "regions"), ["IU", "TACC", "IU"], "region 'IU' is there twice"),
    ((*ONE, "flavor_groups", 1, "name"), "cpu", "flavor_groups: the name 'cpu' is there twice"),
    ((*ONE, "flavor_groups", 1, "match"), "m3", "flavor_groups: the pattern 'm3' is there twice"),
    ((*ONE, "flavor_groups", 1, "match"), "g3(", "flavor_groups.1.match"),
    ((*ONE, "instance_types", 1, "name"), "debian", "instance_types: the name 'debian' is there twice"),
    ((*ONE, "instance_types", 0, "versions", 1, "label"), "12", "the label '12' is there twice"),
    ((*ONE, "custom_resources"), [{"resource_class": "CUSTOM_A", "title": "A"}] * 2, "'CUSTOM_A' is there"),
    ((*ONE, "rates", 1, "valid_from"), "2024-07-01", "two rates for 'g3' hold on the same days"),
    ((*ONE, "rates", 1, "flavor"), ".*", "two rates for '.*' hold on the same days"),
    ((*ONE, "rates", 0, "per_vcpu_hour"), -1, "rates.0.per_vcpu_hour"),
    ((*ONE, "state_fractions"), {"Shutoff": 0.5}, "state_fractions"),
    ((*ONE, "notices", 0, "ends_at"), "2025-12-31T00:00:00Z", "is not before ends_at"),
    ((*ONE, "security_group", "rules", 0, "port_max"), 0, "port_min 1 is greater than port_max 0"),
    ((*ONE, "security_group", "rules", 0, "remote_cidr"), "10.0.0.1/8", "rules.0.remote_cidr"),
    (("roles", "admin"), "boss", "roles.admin"),
    (("vocabulary",), {"projekt": "allocation"}, "vocabulary"),
    ((*ONE, "vocabulary"), {"Server": "machine"}, "vocabulary"),
]
CLOUDS_MISTAKES: list[tuple[tuple[str | int, ...], Any, str]] = [
    (
        (*ONE, "auth", "auth_url"),
        "one.example:5000/v3",
        "clouds.one.auth.auth_url: should be a whole address",
    ),
    ((*ONE, "auth", "auth_url"), "https://one.example:5000", "ends with /v3"),
    ((*ONE, "auth", "auth_url"), "", "clouds.one.auth.auth_url"),
    ((*ONE, "interface"), "pubic", "clouds.one.interface"),
    ((*ONE, "regions"), ["IU", {"name": "IU"}], "region 'IU' is there twice"),
]


def changed(whole: dict[str, Any], where: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    copy: Any = deepcopy(whole)
    part = copy
    for step in where[:-1]:
        part = part[step]
    part[where[-1]] = value
    return dict(copy)


def written(folder: Path, portal: Any = PORTAL, clouds: Any = CLOUDS) -> tuple[Path, Path]:
    portal_path, clouds_path = folder / "portal.yaml", folder / "clouds.yaml"
    portal_path.write_text(yaml.safe_dump(portal))
    clouds_path.write_text(yaml.safe_dump(clouds))
    return portal_path, clouds_path


def test_the_files_without_mistakes_are_taken(tmp_path: Path) -> None:
    found = load(*written(tmp_path))
    assert found.cloud("one").regions == ("IU", "TACC")
    assert found.words("one")["project"] == "allocation"


@pytest.mark.parametrize(("where", "value", "sentence"), PORTAL_MISTAKES)
def test_mistakes_in_portal_yaml_are_named(
    tmp_path: Path, where: tuple[str | int, ...], value: Any, sentence: str
) -> None:
    with pytest.raises(ConfigError) as wrong:
        load(*written(tmp_path, portal=changed(PORTAL, where, value)))
    assert sentence in str(wrong.value)
    assert str(wrong.value).startswith(f"{tmp_path}/portal.yaml: ")
    assert "Value error" not in str(wrong.value)


@pytest.mark.parametrize(("where", "value", "sentence"), CLOUDS_MISTAKES)
def test_mistakes_in_clouds_yaml_are_named(
    tmp_path: Path, where: tuple[str | int, ...], value: Any, sentence: str
) -> None:
    with pytest.raises(ConfigError) as wrong:
        load(*written(tmp_path, clouds=changed(CLOUDS, where, value)))
    assert sentence in str(wrong.value)
    assert str(wrong.value).startswith(f"{tmp_path}/clouds.yaml: ")


def test_a_general_rate_may_stand_behind_a_particular_one(tmp_path: Path) -> None:
    """Order is precedence: the same flavor may fit several patterns."""
    wider = {"flavor": "g.*", "resource": "gpu", "per_vcpu_hour": 3}
    rates = [*PORTAL["clouds"]["one"]["rates"], wider]
    found = load(*written(tmp_path, portal=changed(PORTAL, (*ONE, "rates"), rates)))
    assert len(found.cloud("one").portal.rates) == 4


def test_an_address_may_end_with_a_slash(tmp_path: Path) -> None:
    given = changed(CLOUDS, (*ONE, "auth", "auth_url"), "https://one.example:5000/v3/")
    assert load(*written(tmp_path, clouds=given)).cloud("one").auth_url == "https://one.example:5000/v3"


def test_the_roles_that_may_be_given_are_those_that_allocations_know() -> None:
    assert list(Role.__args__) == list(MAY)  # type: ignore[attr-defined]
    assert set(PortalFile.model_fields["roles"].get_default(call_default_factory=True).values()) <= set(MAY)
