"""Who reaches a workshop's seats, as rules say it."""

import pytest

from instances.workshops.guests.isolation import Source, group_name, rules
from portal.cloud.types import SecurityGroupRule


def inward(source: Source, group: str = "jump") -> list[SecurityGroupRule]:
    return [rule for rule in rules(source, group) if rule.direction == "ingress"]


def test_the_jump_hosts_group_is_let_in_by_ssh_and_nothing_else_is() -> None:
    found = inward(Source(jump_group=True))
    assert {(rule.ethertype, rule.remote_group_id, rule.remote_cidr) for rule in found} == {
        ("IPv4", "jump", None),
        ("IPv6", "jump", None),
    }
    assert {(rule.protocol, rule.port_min, rule.port_max) for rule in found} == {("tcp", 22, 22)}


def test_a_machine_that_was_chosen_is_let_in_by_its_own_addresses() -> None:
    found = inward(Source(addresses=("10.0.0.7", "fd00::7")))
    assert [(rule.ethertype, rule.remote_cidr) for rule in found] == [
        ("IPv4", "10.0.0.7/32"),
        ("IPv6", "fd00::7/128"),
    ]


@pytest.mark.parametrize("source", [Source(jump_group=True), Source(addresses=("10.0.0.7",))])
def test_nobody_else_is_let_in_and_least_of_all_another_seat(source: Source) -> None:
    for rule in inward(source):
        assert rule.remote_group_id == "jump" or rule.remote_cidr not in (None, "0.0.0.0/0", "::/0")


def test_where_nobody_is_known_nobody_is_let_in() -> None:
    assert inward(Source()) == []


def test_seats_with_addresses_of_their_own_let_the_portal_in() -> None:
    assert [rule.remote_cidr for rule in inward(Source(addresses=("192.0.2.0/24",), port=2222))] == [
        "192.0.2.0/24"
    ]
    assert {rule.ethertype for rule in inward(Source(anybody=True))} == {"IPv4", "IPv6"}


def test_seats_reach_the_internet_by_both_families() -> None:
    out = [rule for rule in rules(Source(), "") if rule.direction == "egress"]
    assert {rule.ethertype for rule in out} == {"IPv4", "IPv6"}
    assert all(rule.remote_cidr is None and rule.protocol is None for rule in out)


def test_two_sources_have_one_key_only_when_their_rules_are_the_same() -> None:
    assert Source(addresses=("a", "b")).key == Source(addresses=("b", "a")).key
    assert Source(jump_group=True).key != Source(addresses=("a",)).key


def test_each_workshop_has_a_group_of_its_own() -> None:
    assert group_name("one") != group_name("two")
