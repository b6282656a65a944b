"""What the firewall's rules say of a machine whose SSH port is silent, and the rule that lets the portal in."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from allocations.models import Allocation
from instances.models import CatalogueItem, Instance
from instances.remote import firewall
from instances.remote.firewall_rules import judge
from instances.remote.models import JumpHost
from instances.remote.shown import as_json
from portal.accounts.models import User
from portal.cloud.types import SecurityGroup, SecurityGroupRule
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.operations.models import Operation
from tests.instances.rows import machine

NOW = timezone.now()
ANY: dict[str, Any] = {"direction": "ingress", "ethertype": "IPv4"}
SSH = {**ANY, "protocol": "tcp", "port_min": 22, "port_max": 22}


def group(*rules: dict[str, Any], name: str = "web", id: str = "g-web") -> SecurityGroup:
    made = tuple(SecurityGroupRule(**rule) for rule in rules)
    return SecurityGroup(id=id, name=name, description="", rules=made, tags=(), created=NOW)


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ([], "closed"),
        ([SSH], "open"),
        ([{**SSH, "protocol": "6"}], "open"),
        ([{**ANY, "protocol": "tcp"}], "open"),
        ([ANY], "open"),
        ([{**SSH, "port_min": 1, "port_max": 1024}], "open"),
        ([{**SSH, "port_min": 80, "port_max": 80}], "closed"),
        ([{**SSH, "protocol": "udp"}], "closed"),
        ([{**SSH, "protocol": "icmp", "port_min": None, "port_max": None}], "closed"),
        ([{**SSH, "direction": "egress"}], "closed"),
        ([{**SSH, "ethertype": "IPv6"}], "closed"),
        ([{**SSH, "remote_group_id": "g-other"}], "closed"),
        ([{**SSH, "remote_cidr": "10.0.0.0/8"}], "unsure"),
        ([{**SSH, "remote_cidr": "10.0.0.0/8"}, SSH], "open"),
    ],
)
def test_where_nobody_knows_the_portals_address(rules: list[dict[str, Any]], verdict: str) -> None:
    assert judge([group(*rules)], port=22, sources=[]).verdict == verdict


@pytest.mark.parametrize(
    ("block", "sources", "verdict"),
    [
        ("192.0.2.0/24", ["192.0.2.7"], "open"),
        ("192.0.2.0/24", ["192.0.2.0/28"], "open"),
        ("192.0.2.0/28", ["192.0.2.0/24"], "closed"),
        ("192.0.2.0/24", ["192.0.2.7", "198.51.100.1"], "closed"),
        ("192.0.2.0/24", ["2001:db8::1"], "closed"),
        ("not a block", ["192.0.2.7"], "closed"),
    ],
)
def test_where_the_portals_addresses_are_known(block: str, sources: list[str], verdict: str) -> None:
    assert judge([group({**SSH, "remote_cidr": block})], port=22, sources=sources).verdict == verdict


def test_a_rule_for_members_of_a_group_counts_for_machines_that_are_in_it() -> None:
    rules = group({**SSH, "remote_group_id": "g-jump"})
    assert judge([rules], port=22, sources=["10.0.0.7"], member_of=["g-jump"]).verdict == "open"
    assert judge([rules], port=22, sources=["10.0.0.7"], member_of=["g-web"]).verdict == "closed"


def test_an_address_of_the_newer_kind_needs_a_rule_of_its_kind() -> None:
    rules = group({**SSH, "ethertype": "IPv6"})
    assert judge([rules], port=22, sources=[], ethertype="IPv6").verdict == "open"


def know(allocation: Allocation, *rules: dict[str, Any], name: str = "web") -> None:
    CatalogueItem.objects.create(
        allocation=allocation,
        kind="security_group",
        cloud_id=f"g-{name}",
        name=name,
        data={
            "id": f"g-{name}",
            "name": name,
            "description": "",
            "rules": list(rules),
            "tags": [],
            "created": NOW.isoformat(),
        },
        seen_at=NOW,
    )


def behind_firewall(allocation: Allocation, owner: User, *rules: dict[str, Any], **changes: Any) -> Instance:
    know(allocation, *rules)
    given = {"public_address": "149.165.1.20", "security_groups": ["web"], "name": "quiet"}
    return machine(allocation, owner, **{**given, **changes})


def timeout(instance: Instance) -> PortalError:
    return PortalError(
        "remote:timeout", name=instance.name, address=instance.public_address, port=22, login="x"
    )


class TestExplaining:
    def test_closed_rules_are_said_with_their_names_and_a_repair(
        self, allocation: Allocation, member: User
    ) -> None:
        quiet = behind_firewall(allocation, member, {**SSH, "port_min": 80, "port_max": 80})
        found = as_json(timeout(quiet), quiet)
        assert found["id"] == "remote:firewall"
        assert "quiet (web) lets the portal in on port 22" in found["what"]
        [repair] = found["repairs"]
        assert repair == {
            "label": "Let the portal in",
            "url": reverse("remote:let-in", args=[quiet.pk]),
            "method": "post",
        }

    def test_narrow_rules_are_said_as_what_they_are(self, allocation: Allocation, member: User) -> None:
        quiet = behind_firewall(allocation, member, {**SSH, "remote_cidr": "10.0.0.0/8"})
        found = firewall.explain(quiet)
        assert found is not None and found.id == "remote:firewall-narrow"
        assert "only 10.0.0.0/8 in" in found.problem.what

    def test_rules_that_let_the_portal_in_are_not_blamed(self, allocation: Allocation, member: User) -> None:
        quiet = behind_firewall(allocation, member, SSH)
        assert firewall.explain(quiet) is None
        assert as_json(timeout(quiet), quiet)["id"] == "remote:timeout"

    def test_where_the_operator_said_where_the_portal_is_that_is_asked_for(
        self, allocation: Allocation, member: User, settings: Settings
    ) -> None:
        quiet = behind_firewall(allocation, member, {**SSH, "remote_cidr": "10.0.0.0/8"})
        settings.REMOTE_SOURCE_ADDRESSES = ["10.1.0.0/28"]
        assert firewall.explain(quiet) is None
        settings.REMOTE_SOURCE_ADDRESSES = ["192.0.2.0/28"]
        found = firewall.explain(quiet)
        assert found is not None and found.id == "remote:firewall"

    @pytest.mark.parametrize("names", [[], ["web", "unread"]])
    def test_rules_that_nobody_has_read_are_not_blamed(
        self, allocation: Allocation, member: User, names: list[str]
    ) -> None:
        assert firewall.explain(behind_firewall(allocation, member, security_groups=names)) is None

    def test_another_error_is_left_as_it_is(self, allocation: Allocation, member: User) -> None:
        quiet = behind_firewall(allocation, member)
        other = PortalError("remote:refused", name="quiet", address="149.165.1.20")
        assert firewall.instead_of(other, quiet) is other


NETWORK = {"network": "net", "version": 4, "kind": "fixed"}


def with_jump(allocation: Allocation, owner: User, *, groups: list[str]) -> tuple[Instance, Instance]:
    """A machine behind a jump host: that one, and this."""
    jump = machine(
        allocation,
        owner,
        name="jump",
        public_address="149.165.1.9",
        private_address="10.0.0.7",
        addresses=[{**NETWORK, "address": "10.0.0.7"}],
        security_groups=groups,
    )
    JumpHost.objects.create(
        allocation=allocation, instance=jump, login="heliojump", how="chosen", at=NOW, ready_at=NOW
    )
    hidden = machine(
        allocation,
        owner,
        name="hidden",
        private_address="10.0.0.5",
        addresses=[{**NETWORK, "address": "10.0.0.5"}],
        security_groups=["web"],
    )
    return jump, hidden


class TestBehindAJumpHost:
    def test_its_address_has_to_be_let_in_and_not_the_portals(
        self, allocation: Allocation, member: User, settings: Settings
    ) -> None:
        settings.REMOTE_SOURCE_ADDRESSES = ["192.0.2.0/28"]
        know(allocation, {**SSH, "remote_cidr": "192.0.2.0/24"})
        know(allocation, SSH, name="jumps")
        _, hidden = with_jump(allocation, member, groups=["jumps"])
        found = firewall.explain(hidden)
        assert found is not None and "lets the jump host jump in" in found.problem.what

    def test_a_rule_for_the_jump_hosts_own_group_lets_it_in(
        self, allocation: Allocation, member: User
    ) -> None:
        know(allocation, {**SSH, "remote_group_id": "g-jumps"})
        know(allocation, SSH, name="jumps")
        _, hidden = with_jump(allocation, member, groups=["jumps"])
        assert firewall.explain(hidden) is None

    def test_where_the_jump_host_itself_is_silent_its_own_rules_are_told(
        self, allocation: Allocation, member: User
    ) -> None:
        know(allocation, SSH)
        know(allocation, {**SSH, "port_max": 21, "port_min": 21}, name="jumps")
        jump, hidden = with_jump(allocation, member, groups=["jumps"])
        found = as_json(timeout(jump), hidden)
        assert "jump (jumps) lets the portal in" in found["what"]
        assert found["repairs"][0]["url"] == reverse("remote:let-in", args=[jump.pk])

    def test_the_rule_that_is_added_lets_in_the_jump_host_alone(
        self, allocation: Allocation, member: User
    ) -> None:
        know(allocation)
        _, hidden = with_jump(allocation, member, groups=[])
        preset = firewall.rules_for(hidden)
        assert preset.name == "heliosphere-behind-jump"
        assert [rule.remote_cidr for rule in preset.rules] == ["10.0.0.7/32"]


class TestLettingIn:
    def test_it_is_an_operation_that_is_written_down(
        self, allocation: Allocation, member: User, settings: Settings
    ) -> None:
        settings.REMOTE_SOURCE_ADDRESSES = ["192.0.2.0/28"]
        quiet = behind_firewall(allocation, member)
        op = firewall.let_in(instance=quiet, by=member)
        assert (op.kind, op.target_id) == ("remote.let-in", str(quiet.pk))
        assert [rule["remote_cidr"] for rule in op.spec["group"]["rules"]] == ["192.0.2.0/28"]
        [event] = AuditEvent.objects.filter(action="remote.let-in")
        assert event.detail["group"] == "heliosphere-ssh"

    def test_a_second_click_gets_the_first_ones(self, allocation: Allocation, member: User, pi: User) -> None:
        quiet = behind_firewall(allocation, member)
        first = firewall.let_in(instance=quiet, by=member)
        assert firewall.let_in(instance=quiet, by=pi).pk == first.pk
        assert Operation.objects.count() == 1

    @pytest.mark.parametrize("role", ["colleague", "reader", "stranger", "operator"])
    def test_nobody_changes_the_firewall_of_somebody_elses_machine(
        self, allocation: Allocation, member: User, role: str, request: pytest.FixtureRequest
    ) -> None:
        quiet = behind_firewall(allocation, member)
        with pytest.raises(PortalError):
            firewall.let_in(instance=quiet, by=request.getfixturevalue(role))
        assert not Operation.objects.exists()

    def test_a_cloud_without_firewall_rules_says_so(self, allocation: Allocation, member: User) -> None:
        allocation.offers = {"network": {"state": "there", "extensions": []}}
        allocation.save()
        quiet = behind_firewall(allocation, member)
        with pytest.raises(PortalError) as refusal:
            firewall.let_in(instance=quiet, by=member)
        assert refusal.value.id == "remote:firewall-none"

    def test_the_button_does_it(self, allocation: Allocation, member: User) -> None:
        quiet = behind_firewall(allocation, member)
        client = Client()
        client.force_login(member)
        answer = client.post(reverse("remote:let-in", args=[quiet.pk]))
        assert answer.status_code == 302
        assert Operation.objects.get().kind == "remote.let-in"
