"""The firewall rules of the portal's own groups."""

import pytest

from instances import ssh_rules


def shown(rules: object) -> list[tuple[str, str, str | None, int | None, int | None, str | None]]:
    return [
        (rule.direction, rule.ethertype, rule.protocol, rule.port_min, rule.port_max, rule.remote_cidr)
        for rule in rules  # type: ignore[attr-defined]
    ]


def test_a_jump_host_is_reached_by_ssh_from_the_portal_only_and_reaches_everything() -> None:
    found = shown(ssh_rules.jump_group(["192.0.2.0/28", "2001:db8::/64"], 22).rules)
    assert found == [
        ("ingress", "IPv4", "tcp", 22, 22, "192.0.2.0/28"),
        ("ingress", "IPv6", "tcp", 22, 22, "2001:db8::/64"),
        ("egress", "IPv4", None, None, None, None),
        ("egress", "IPv6", None, None, None, None),
    ]


def test_where_nobody_said_where_the_portal_comes_from_ssh_is_open_and_nothing_else() -> None:
    found = [rule for rule in shown(ssh_rules.jump_group([], 22).rules) if rule[0] == "ingress"]
    assert found == [
        ("ingress", "IPv4", "tcp", 22, 22, None),
        ("ingress", "IPv6", "tcp", 22, 22, None),
    ]


def test_the_port_of_the_clouds_guests_is_the_one_that_is_opened() -> None:
    assert shown(ssh_rules.let_in_group([], 2222).rules)[0][3:5] == (2222, 2222)


def test_machines_behind_a_jump_host_let_in_its_address_and_no_other() -> None:
    found = shown(ssh_rules.behind_group(["10.0.0.7"]).rules)
    assert found == [("ingress", "IPv4", "tcp", 22, 22, "10.0.0.7/32")]


def test_an_address_with_bits_beside_its_mask_is_taken_for_its_network() -> None:
    assert shown(ssh_rules.let_in_group(["192.0.2.9/28"], 22).rules)[0][5] == "192.0.2.0/28"


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="portal"):
        ssh_rules.let_in_group(["portal.example"], 22)
