"""The configurations that we ship are whole, and Jetstream2's say what Jetstream2 says."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from portal.cloud.config import CloudsConfig, load
from portal.cloud.schema import PortalCloud

CONF = Path(__file__).resolve().parents[3] / "portal" / "conf"
NAMES = sorted(path.name for path in CONF.iterdir() if path.is_dir())
TODAY = date(2026, 11, 21)


def shipped(name: str) -> CloudsConfig:
    return load(CONF / name / "portal.yaml", CONF / name / "clouds.yaml")


@pytest.fixture(params=["jetstream2", "demo"])
def jetstream2(request: pytest.FixtureRequest) -> PortalCloud:
    """The demo has Jetstream2's facts."""
    return shipped(request.param).cloud(request.param).portal


def test_there_are_these() -> None:
    assert NAMES == ["campus", "demo", "jetstream2", "lab"]


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_loaded(name: str) -> None:
    found = shipped(name)
    cloud = found.cloud(name)
    assert cloud.regions and cloud.portal.instance_types
    # The campus cloud stands beside another, at which people sign in.
    assert (found.oidc is None) is (name == "campus")


@pytest.mark.parametrize("name", NAMES)
def test_none_holds_a_secret(name: str) -> None:
    for path in (CONF / name).iterdir():
        assert not re.search(r"(?i)(password|secret|token)\s*:\s*[^\s\d]", path.read_text()), path


@pytest.mark.parametrize("name", NAMES)
def test_each_has_one_primary_type_and_version_to_offer_first(name: str) -> None:
    types = shipped(name).cloud(name).portal.instance_types
    assert [kind.primary for kind in types].count(True) == 1
    assert all([version.primary for version in kind.versions].count(True) == 1 for kind in types)


@pytest.mark.parametrize(
    ("flavor", "day", "rate"),
    [
        ("m3.quad", TODAY, "1"),
        ("r3.large", TODAY, "2"),
        ("g3.medium", date(2024, 7, 1), "4"),
        ("g3.medium", date(2024, 7, 2), "2"),
        ("g4.2xl", TODAY, "7.0"),
        ("g5.xl", TODAY, "6.4"),
    ],
)
def test_rates_are_jetstream2s(jetstream2: PortalCloud, flavor: str, day: date, rate: str) -> None:
    found = jetstream2.rate(flavor, day)
    assert found is not None and found.per_vcpu_hour == Decimal(rate)


def test_special_flavors_have_no_known_rate(jetstream2: PortalCloud) -> None:
    assert jetstream2.rate("p3.large", TODAY) is None


def test_no_flavor_has_two_rates_on_one_day(jetstream2: PortalCloud) -> None:
    for flavor in ("m3.tiny", "r3.xl", "g3.xl", "g4.xl", "g5.4xl"):
        for day in (date(2023, 1, 1), date(2024, 7, 1), date(2024, 7, 2), TODAY):
            assert sum(rate.holds(flavor, day) for rate in jetstream2.rates) <= 1


@pytest.mark.parametrize(
    ("status", "fraction"),
    [
        ("ACTIVE", "1"),
        ("VERIFY_RESIZE", "1"),
        ("SUSPENDED", "0.75"),
        ("PAUSED", "0.75"),
        ("SHUTOFF", "0.5"),
        ("SHELVED", "0"),
        ("SHELVED_OFFLOADED", "0"),
        ("ERROR", "0"),
        ("BUILD", "0"),
    ],
)
def test_states_cost_what_jetstream2_charges(jetstream2: PortalCloud, status: str, fraction: str) -> None:
    assert jetstream2.state_fraction(status) == Decimal(fraction)


@pytest.mark.parametrize(
    ("flavor", "resource", "vetoes"),
    [
        ("m3.3xl", "cpu", set()),
        ("r3.xl", "lm", {"suspend"}),
        ("g3.medium", "gpu", {"suspend"}),
        ("g3.large", "gpu", {"suspend"}),
        ("g3.xl", "gpu", {"suspend", "resize"}),
        ("g4.xl", "gpu", {"suspend", "resize"}),
        ("g5.4xl", "gpu", {"suspend", "resize"}),
    ],
)
def test_vetoes_are_jetstream2s(
    jetstream2: PortalCloud, flavor: str, resource: str, vetoes: set[str]
) -> None:
    group = jetstream2.flavor_group(flavor)
    assert group is not None
    assert group.resource == resource
    assert set(group.disallowed_actions) == vetoes


@pytest.mark.parametrize("ending", ["xsede.org", "access-ci.org"])
@pytest.mark.parametrize(
    ("name", "kind"), [("", "cpu"), ("-gpu", "gpu"), ("-lm", "lm"), ("-storage", "storage")]
)
def test_accounting_names_of_both_registries(
    jetstream2: PortalCloud, ending: str, name: str, kind: str
) -> None:
    assert jetstream2.accounting is not None
    full = f"jetstream2{name}.indiana.{ending}"
    assert [entry.resource for entry in jetstream2.accounting.resources if entry.match.match(full)] == [kind]


def test_ubuntu_20_is_not_offered_on_gpus() -> None:
    types = {kind.name: kind for kind in shipped("jetstream2").cloud("jetstream2").portal.instance_types}
    [old] = [version for version in types["ubuntu"].versions if version.image.name == "Featured-Ubuntu20"]
    assert old.restrict_flavors is not None
    assert old.restrict_flavors.match("m3.tiny") and not old.restrict_flavors.match("g3.medium")


def test_tacc_opens_only_what_tacc_opens() -> None:
    demo = shipped("demo").cloud("demo").portal
    inbound = [rule for rule in demo.security_group_for("TACC").rules if rule.direction == "ingress"]
    opened = {(rule.protocol, rule.port_min) for rule in inbound}
    assert opened == {("icmp", None), ("tcp", 22), ("tcp", 49528)}


@pytest.mark.parametrize(
    ("group", "parts"),
    [
        ("ACCESS:BIO220047:pi", ("BIO220047", "pi")),
        ("ACCESS:TRA220028:member", ("TRA220028", "member")),
        ("heliosphere:operator", None),
        ("ACCESS:BIO220047:root", None),
        ("xACCESS:BIO220047:pi", None),
    ],
)
def test_group_names_of_the_demo(group: str, parts: tuple[str, str] | None) -> None:
    oidc = shipped("demo").oidc
    assert oidc is not None and oidc.group_pattern is not None
    found = oidc.group_pattern.match(group)
    assert (found.group("grant", "role") if found else None) == parts


@pytest.mark.parametrize(
    ("subject", "accepted"),
    [
        ("alice@access-ci.org", True),
        ("alice@evil.example", False),
        ("@access-ci.org", False),
        ("a b@access-ci.org", False),
    ],
)
def test_access_ids(subject: str, accepted: bool) -> None:
    for name in ("demo", "jetstream2", "lab"):
        oidc = shipped(name).oidc
        assert oidc is not None and oidc.access_id_pattern is not None
        assert bool(oidc.access_id_pattern.match(subject)) is accepted
