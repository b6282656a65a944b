"""Configuration: two strict files, and errors that name file, key and remedy."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from portal.cloud.config import CloudsConfig, ConfigError, clouds, load
from portal.cloud.schema import Notice, PortalCloud, Rate

CLOUDS = """
clouds:
  one:
    auth: {auth_url: "http://127.0.0.1:1/v3/", username: ignored}
    region_name: IU
  two:
    auth: {auth_url: "http://127.0.0.1:2/v3"}
    regions: [A, {name: B, values: {}}]
    interface: internal
    verify: false
"""
PORTAL = """
clouds:
  one: {title: One, sign_in: {methods: [password]}}
"""
SIGN_IN = {"methods": ["password"]}
Loader = Callable[..., CloudsConfig]


@pytest.fixture
def given(tmp_path: Path) -> Loader:
    def from_texts(portal: str = PORTAL, clouds_yaml: str = CLOUDS) -> CloudsConfig:
        portal_path, clouds_path = tmp_path / "portal.yaml", tmp_path / "clouds.yaml"
        portal_path.write_text(portal)
        clouds_path.write_text(clouds_yaml)
        return load(portal_path, clouds_path)

    return from_texts


def refused(given: Loader, *texts: str, **named: str) -> str:
    with pytest.raises(ConfigError) as error:
        given(*texts, **named)
    return str(error.value)


def test_a_cloud_is_joined_from_both_files(given: Loader) -> None:
    one = given().cloud("one")
    assert (one.title, one.auth_url, one.regions) == ("One", "http://127.0.0.1:1/v3", ("IU",))
    assert (one.interface, one.verify) == ("public", True)


def test_only_described_clouds_are_offered(given: Loader) -> None:
    assert list(given().clouds) == ["one"]


def test_regions_come_in_both_of_the_standards_forms(given: Loader) -> None:
    two = given("clouds: {two: {title: Two, sign_in: {methods: [password]}}}").cloud("two")
    assert (two.regions, two.interface, two.verify) == (("A", "B"), "internal", False)


def test_a_certificate_authority_of_ones_own(given: Loader) -> None:
    text = "clouds: {one: {auth: {auth_url: 'https://k/v3'}, region_name: IU, cacert: /etc/ca.pem}}"
    assert given(clouds_yaml=text).cloud("one").verify == "/etc/ca.pem"


def test_regions_of_the_portal_go_before_those_of_the_cloud(given: Loader) -> None:
    assert given("clouds: {two: {title: T, regions: [B], sign_in: {methods: [password]}}}").cloud(
        "two"
    ).regions == ("B",)


def test_an_unknown_cloud_is_named_with_the_known_ones(given: Loader) -> None:
    with pytest.raises(ConfigError, match=r"'three'.*one"):
        given().cloud("three")


def test_a_misspelt_key_is_named(given: Loader) -> None:
    text = refused(given, "clouds: {one: {title: One, sign_in: {methods: [password]}, notises: []}}")
    assert "portal.yaml" in text and "clouds.one.notises" in text and "spelling" in text


def test_a_missing_key_is_named(given: Loader) -> None:
    text = refused(given, "clouds: {one: {sign_in: {methods: [password]}}}")
    assert "clouds.one.title is missing" in text


def test_a_wrong_value_is_not_repeated_in_the_error(given: Loader) -> None:
    text = refused(given, "clouds: {one: {title: One, ssh_port: hunter2, sign_in: {methods: [password]}}}")
    assert "clouds.one.ssh_port" in text and "hunter2" not in text


def test_a_regular_expression_that_does_not_compile_is_named(given: Loader) -> None:
    text = refused(
        given,
        "clouds: {one: {title: One, sign_in: {methods: [password]}, "
        "flavor_groups: [{name: a, title: A, match: '(', resource: cpu}]}}",
    )
    assert "clouds.one.flavor_groups.0.match" in text


def test_a_cloud_without_an_address_is_named(given: Loader) -> None:
    assert "clouds.yaml" in refused(given, clouds_yaml="clouds: {other: {auth: {auth_url: x}}}")
    assert "auth.auth_url is missing" in refused(given, clouds_yaml="clouds: {one: {auth: {}}}")
    assert "names no region" in refused(given, clouds_yaml="clouds: {one: {auth: {auth_url: http://x/v3}}}")
    assert "`clouds` is missing" in refused(given, clouds_yaml="cluods: {}")


@pytest.mark.parametrize("text", ["a: [", "- just\n- a list", "", "a: \x07", "clouds: {}"])
def test_a_file_that_is_not_a_configuration_is_refused_in_words(given: Loader, text: str) -> None:
    assert "portal.yaml" in refused(given, text)


def test_broken_yaml_names_the_line_and_not_what_stands_there(given: Loader) -> None:
    text = refused(given, "oidc:\n  secret: hunter2\n  broken: [\n")
    assert "line" in text and "hunter2" not in text


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load(tmp_path / "nowhere.yaml", tmp_path / "clouds.yaml")


def test_variables_are_filled_in_after_parsing(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_TITLE", "a: [b]\n# {not} yaml")
    found = given("clouds: {one: {title: '${THE_TITLE}!', sign_in: {methods: [password]}}}")
    assert found.cloud("one").title == "a: [b]\n# {not} yaml!"


def test_variables_have_defaults(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THE_TITLE", raising=False)
    found = given("clouds: {one: {title: '${THE_TITLE:-One}', sign_in: {methods: [password]}}}")
    assert found.cloud("one").title == "One"


def test_an_unset_variable_is_named_with_its_key(given: Loader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THE_TITLE", raising=False)
    text = refused(given, "clouds: {one: {title: '${THE_TITLE}', sign_in: {methods: [password]}}}")
    assert "clouds.one.title" in text and "THE_TITLE" in text


def test_a_cloud_speaks_its_own_words_before_the_portals(given: Loader) -> None:
    found = given(
        "vocabulary: {server: instance, project: allocation}\n"
        "clouds: {one: {title: One, sign_in: {methods: [password]}, vocabulary: {server: machine}}}"
    )
    assert found.words("one") == {"server": "machine", "project": "allocation"}
    assert found.words() == {"server": "instance", "project": "allocation"}


def test_the_process_reads_its_files_once(settings: Any, tmp_path: Path) -> None:
    first = clouds()
    Path(settings.PORTAL_CONFIG).write_text("broken: [")
    assert clouds() is first


def test_sign_in_by_token_needs_an_identity_provider(given: Loader) -> None:
    assert "identity_provider" in refused(
        given, "clouds: {one: {title: One, sign_in: {methods: [oidc_token]}}}"
    )


def test_group_names_are_read_by_named_parts(given: Loader) -> None:
    assert "?P<grant>" in refused(given, "oidc: {issuer: https://x, group_pattern: '^(.*):(.*)$'}" + PORTAL)
    fine = given("oidc: {issuer: https://x, group_pattern: '^(?P<grant>.*):(?P<role>.*)$'}" + PORTAL).oidc
    assert fine is not None and fine.group_pattern is not None


def test_an_image_rule_has_to_say_something(given: Loader) -> None:
    types = "[{name: u, title: U, versions: [{label: '1', image: {}}]}]"
    text = refused(
        given, f"clouds: {{one: {{title: One, sign_in: {{methods: [password]}}, instance_types: {types}}}}}"
    )
    assert "image rule" in text


def rate(**how: Any) -> Rate:
    return Rate.model_validate({"flavor": r"g3\.", "resource": "gpu", "per_vcpu_hour": 2} | how)


def test_a_rate_holds_from_its_first_day_to_the_day_before_its_last() -> None:
    old, new = rate(valid_to="2024-07-02"), rate(valid_from="2024-07-02")
    before, on = date(2024, 7, 1), date(2024, 7, 2)
    assert [old.holds("g3.xl", before), old.holds("g3.xl", on)] == [True, False]
    assert [new.holds("g3.xl", before), new.holds("g3.xl", on)] == [False, True]
    assert not old.holds("m3.tiny", before)


def test_a_rate_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="is not before"):
        rate(valid_from="2024-07-02", valid_to="2024-07-02")


def test_numbers_of_money_are_exact() -> None:
    assert rate(per_vcpu_hour=6.4).per_vcpu_hour == Decimal("6.4")
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        rate(per_vcpu_hour=-1)


def cloud(**how: Any) -> PortalCloud:
    return PortalCloud.model_validate({"title": "One", "sign_in": SIGN_IN, "regions": ["A", "B"]} | how)


def test_the_first_group_that_matches_is_the_flavors() -> None:
    groups = [
        {
            "name": "whole",
            "title": "W",
            "match": r"g3\.xl$",
            "resource": "gpu",
            "disallowed_actions": ["resize"],
        },
        {"name": "share", "title": "S", "match": r"g3\.", "resource": "gpu"},
    ]
    found = cloud(flavor_groups=groups)
    assert [getattr(found.flavor_group(name), "name", None) for name in ("g3.xl", "g3.large", "p3.x")] == [
        "whole",
        "share",
        None,
    ]


def test_a_flavor_without_a_rate_has_none() -> None:
    found = cloud(rates=[{"flavor": r"m3\.", "resource": "cpu", "per_vcpu_hour": 1}])
    assert found.rate("m3.tiny", date(2026, 1, 1)) is not None
    assert found.rate("p3.tiny", date(2026, 1, 1)) is None


def test_a_status_that_nobody_priced_costs_in_full() -> None:
    found = cloud(state_fractions={"SUSPENDED": 0.75})
    assert found.state_fraction("SUSPENDED") == Decimal("0.75")
    assert found.state_fraction("TELEPORTING") == 1


def test_a_region_may_differ() -> None:
    found = cloud(
        external_network="public",
        region_overrides={"B": {"external_network": "campus", "security_group": {"name": "b"}}},
    )
    assert (found.external_network_for("A"), found.external_network_for("B")) == ("public", "campus")
    assert (found.security_group_for("A").name, found.security_group_for("B").name) == ("exosphere", "b")


def test_an_override_of_an_unknown_region_is_refused() -> None:
    with pytest.raises(ValueError, match="regions"):
        cloud(region_overrides={"C": {}})


def test_notices_are_shown_in_their_time() -> None:
    notice = Notice.model_validate(
        {"text": "t", "starts_at": "2026-11-21T06:00:00Z", "ends_at": "2026-11-21T08:00:00"}
    )
    shown = [notice.shown_at(datetime(2026, 11, 21, hour, tzinfo=UTC)) for hour in (5, 6, 7, 8)]
    assert shown == [False, True, True, False]
    assert Notice(text="always").shown_at(datetime(2026, 11, 21, tzinfo=UTC))
