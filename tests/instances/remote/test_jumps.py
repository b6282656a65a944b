"""Making, choosing and removing a project's jump host, and how it stands."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from allocations.models import Allocation
from instances.models import CatalogueItem, Instance
from instances.remote import jump_offer, jumps
from instances.remote.jump_states import state_of
from instances.remote.models import JumpHost, MachineTrust
from instances.remote.operations import installs_ended
from instances.remote.shown import as_json
from instances.remote.ways import way_to
from instances.states import ACTIONS
from portal.accounts.models import User
from portal.core.errors import PortalError
from portal.core.models import AuditEvent
from portal.operations.models import Operation
from portal.operations.services import submit
from tests.instances.rows import machine, offer

PRIVATE = [{"network": "auto_allocated_network", "address": "10.0.0.5", "version": 4, "kind": "fixed"}]
NEAR = [{"network": "auto_allocated_network", "address": "10.0.0.7", "version": 4, "kind": "fixed"}]
FAR = [{"network": "elsewhere", "address": "10.9.0.7", "version": 4, "kind": "fixed"}]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFH5le2D7iLis0Pc6JnAKX3qAd6lji5N9FdKuoTjF2WM"


@pytest.fixture(autouse=True)
def offered(allocation: Allocation) -> None:
    offer(allocation)


def hidden(allocation: Allocation, owner: User, **changes: Any) -> Instance:
    """A machine that has no public address."""
    given = {"private_address": "10.0.0.5", "addresses": PRIVATE, "host_keys": [KEY], "name": "hidden"}
    made = machine(allocation, owner, **{**given, **changes})
    trust(made)
    return made


def door(allocation: Allocation, owner: User, **changes: Any) -> Instance:
    """A machine that could be chosen."""
    given = {
        "public_address": "149.165.1.20",
        "private_address": "10.0.0.7",
        "addresses": NEAR,
        "name": "door",
    }
    made = machine(allocation, owner, **{**given, "host_keys": [KEY], **changes})
    trust(made)
    return made


def trust(instance: Instance) -> None:
    now = timezone.now()
    MachineTrust.objects.create(instance=instance, login="exouser", how="launch", at=now, authorities=[KEY])


def made_jump(allocation: Allocation, by: User, **changes: Any) -> JumpHost:
    jump = jumps.make(allocation=allocation, by=by)
    given = {
        "status": "ACTIVE",
        "setup_status": "complete",
        "server_id": "s-1",
        "public_address": "149.165.1.9",
    }
    Instance.objects.filter(pk=jump.instance_id).update(
        **{**given, "host_keys": [KEY], "addresses": NEAR, **changes}
    )
    if not MachineTrust.objects.filter(instance=jump.instance).exists():
        trust(jump.instance)
    Operation.objects.all().update(state="done")
    return again(allocation)


def again(allocation: Allocation) -> JumpHost:
    found = jumps.jump_of(allocation)
    assert found is not None
    return found


def refused(call: Any) -> str:
    with pytest.raises(PortalError) as refusal:
        call()
    return refusal.value.id


class TestMaking:
    def test_it_is_the_smallest_machine_with_a_plain_system_and_a_public_address(
        self, allocation: Allocation, member: User
    ) -> None:
        jump = jumps.make(allocation=allocation, by=member)
        [op] = Operation.objects.all()
        assert (op.kind, op.spec["role"], op.spec["address"]) == ("instance.launch", "jump", "automatic")
        assert (jump.instance.name, jump.instance.flavor_name) == ("BIO220047-jump", "m3.tiny")
        assert jump.instance.image_name == "Featured-Ubuntu24"
        assert (jump.how, jump.login, jump.chosen_by) == ("made", "heliojump", member)
        assert state_of(jump).key == "making"

    def test_who_made_it_and_what_it_costs_is_written_down(
        self, allocation: Allocation, member: User
    ) -> None:
        jumps.make(allocation=allocation, by=member)
        [event] = AuditEvent.objects.filter(action="remote.jump-made")
        assert event.actor_name == str(member)
        assert event.detail["su_per_hour"].startswith("1")

    def test_a_second_click_gets_the_first_ones(
        self, allocation: Allocation, member: User, colleague: User
    ) -> None:
        first = jumps.make(allocation=allocation, by=member)
        second = jumps.make(allocation=allocation, by=colleague)
        assert first.pk == second.pk and Operation.objects.count() == 1

    def test_debian_is_taken_before_ubuntu(self, allocation: Allocation, member: User) -> None:
        known = CatalogueItem.objects.get(cloud_id="ubuntu-new")
        CatalogueItem.objects.create(
            allocation=allocation,
            kind="image",
            cloud_id="deb",
            name="Featured-Debian12",
            data={**known.data, "id": "deb", "name": "Featured-Debian12", "os_distro": "debian"},
            seen_at=timezone.now(),
        )
        found = jump_offer.offer(allocation=allocation, by=member)
        assert found.request.image_id == "deb"

    def test_it_is_put_on_the_network_of_the_machine_that_needs_it(
        self, allocation: Allocation, member: User
    ) -> None:
        behind = hidden(allocation, member)
        found = jump_offer.offer(allocation=allocation, by=member, behind=behind)
        assert found.request.network_id == "net-1"
        assert jump_offer.offer(allocation=allocation, by=member).request.network_id == ""

    def test_a_project_that_sees_no_such_system_is_told(self, allocation: Allocation, member: User) -> None:
        CatalogueItem.objects.filter(kind="image").delete()
        assert refused(lambda: jumps.make(allocation=allocation, by=member)) == "remote:jump-no-image"

    def test_a_full_quota_is_told_with_its_numbers_and_nothing_is_kept(
        self, allocation: Allocation, member: User
    ) -> None:
        Allocation.objects.update(quota={"floating_ips": {"used": 10, "limit": 10}})
        assert refused(lambda: jumps.make(allocation=allocation, by=member)) == "instances:quota"
        assert not JumpHost.objects.exists() and not Operation.objects.exists()

    @pytest.mark.parametrize(
        ("role", "error"),
        [("reader", "portal:forbidden"), ("stranger", "portal:not-found"), ("operator", "portal:forbidden")],
    )
    def test_who_may_not_launch_may_not_make_one(
        self, allocation: Allocation, role: str, error: str, request: pytest.FixtureRequest
    ) -> None:
        user = request.getfixturevalue(role)
        assert refused(lambda: jumps.make(allocation=allocation, by=user)) == error

    def test_a_name_that_no_machine_can_have_is_mended(self, allocation: Allocation) -> None:
        allocation.project_name = "Bio: café & co."
        assert jump_offer.name_for(allocation) == "Bio- caf- - co-jump"
        allocation.project_name = "日本"
        assert jump_offer.name_for(allocation) == "project-jump"

    @pytest.mark.parametrize(
        "lost", [{"status": "ERROR"}, {"deleted_at": timezone.now()}, {"setup_status": "error"}]
    )
    def test_one_that_is_lost_is_replaced_by_one_click_of_anybody_who_may_launch(
        self, allocation: Allocation, member: User, colleague: User, lost: dict[str, Any]
    ) -> None:
        old = made_jump(allocation, member, **lost)
        assert state_of(old).lost
        new = jumps.make(allocation=allocation, by=colleague)
        assert new.instance_id != old.instance_id
        assert JumpHost.objects.count() == 1

    def test_what_the_cloud_still_has_of_a_lost_one_is_deleted_by_who_may(
        self, allocation: Allocation, member: User, colleague: User
    ) -> None:
        made_jump(allocation, member, status="ERROR")
        jumps.make(allocation=allocation, by=colleague)
        assert not Operation.objects.filter(kind="instance.delete").exists()
        JumpHost.objects.all().delete()
        made_jump(allocation, member, status="ERROR", server_id="s-2")
        jumps.make(allocation=allocation, by=member)
        assert Operation.objects.filter(kind="instance.delete").count() == 1


class TestChoosing:
    def test_its_owner_lends_it_and_the_login_is_put_there(
        self, allocation: Allocation, member: User
    ) -> None:
        lent = door(allocation, member)
        jump = jumps.choose(instance=lent, by=member)
        assert (jump.how, jump.ready_at, state_of(jump).key) == ("chosen", None, "setting-up")
        [op] = Operation.objects.all()
        assert (op.kind, op.target_id) == ("remote.jump-install", str(lent.pk))
        assert AuditEvent.objects.filter(action="remote.jump-chosen", target_id=str(lent.pk)).exists()
        jumps.installed(lent)
        assert state_of(again(allocation)).usable

    @pytest.mark.parametrize("role", ["pi", "manager", "assistant"])
    def test_who_acts_on_the_machines_of_others_may_lend_them(
        self, allocation: Allocation, member: User, role: str, request: pytest.FixtureRequest
    ) -> None:
        assert jumps.choose(instance=door(allocation, member), by=request.getfixturevalue(role))

    @pytest.mark.parametrize(
        ("role", "error"),
        [("colleague", "portal:forbidden"), ("reader", "portal:forbidden"), ("stranger", "portal:not-found")],
    )
    def test_nobody_lends_what_is_somebody_elses(
        self, allocation: Allocation, member: User, role: str, error: str, request: pytest.FixtureRequest
    ) -> None:
        lent = door(allocation, member)
        user = request.getfixturevalue(role)
        assert refused(lambda: jumps.choose(instance=lent, by=user)) == error
        assert not Operation.objects.exists()

    @pytest.mark.parametrize("lacks", [{"public_address": ""}, {"status": "SHUTOFF"}])
    def test_one_that_cannot_be_reached_is_not_taken(
        self, allocation: Allocation, member: User, lacks: dict[str, Any]
    ) -> None:
        lent = door(allocation, member, **lacks)
        assert refused(lambda: jumps.choose(instance=lent, by=member)) == "remote:jump-unsuited"

    def test_one_that_takes_no_certificates_is_not_taken(self, allocation: Allocation, member: User) -> None:
        lent = door(allocation, member)
        MachineTrust.objects.all().delete()
        assert refused(lambda: jumps.choose(instance=lent, by=member)) == "remote:jump-no-trust"

    def test_one_that_refuses_says_why_and_can_be_tried_again(
        self, allocation: Allocation, member: User
    ) -> None:
        lent = door(allocation, member)
        jumps.choose(instance=lent, by=member)
        op = Operation.objects.get()
        op.state, op.error_id, op.error_params = (
            "failed",
            "remote:jump-refused",
            {"name": "door", "said": "no"},
        )
        op.save()
        installs_ended([op])
        assert (again(allocation).error_id, state_of(again(allocation)).key) == (
            "remote:jump-refused",
            "refused",
        )
        jumps.choose(instance=lent, by=member)
        assert state_of(again(allocation)).key == "setting-up"

    def test_an_old_failure_does_not_spoil_one_that_is_there(
        self, allocation: Allocation, member: User
    ) -> None:
        lent = door(allocation, member)
        jumps.choose(instance=lent, by=member)
        jumps.installed(lent)
        jumps.not_installed(lent, "remote:jump-refused", {})
        assert state_of(again(allocation)).usable

    def test_another_one_takes_over_and_the_first_becomes_ordinary(
        self, allocation: Allocation, member: User
    ) -> None:
        first, second = door(allocation, member), door(allocation, member, name="door-2")
        jumps.choose(instance=first, by=member)
        jumps.choose(instance=second, by=member)
        assert again(allocation).instance_id == second.pk
        removal = Operation.objects.get(kind="remote.jump-remove")
        assert removal.target_id == str(first.pk)

    def test_that_of_somebody_else_is_not_put_aside(
        self, allocation: Allocation, member: User, colleague: User
    ) -> None:
        jumps.choose(instance=door(allocation, member), by=member)
        own = door(allocation, colleague, name="own")
        assert refused(lambda: jumps.choose(instance=own, by=colleague)) == "remote:jump-not-yours"


class TestRemoving:
    def test_a_chosen_one_becomes_an_ordinary_machine(self, allocation: Allocation, member: User) -> None:
        lent = door(allocation, member)
        jumps.choose(instance=lent, by=member)
        jumps.remove(allocation=allocation, by=member, delete_machine=True)
        assert not JumpHost.objects.exists()
        kinds = set(Operation.objects.values_list("kind", flat=True))
        assert kinds == {"remote.jump-install", "remote.jump-remove"}
        assert AuditEvent.objects.filter(action="remote.jump-removed").exists()

    @pytest.mark.parametrize("wanted", [True, False])
    def test_a_made_one_is_deleted_if_that_is_wanted(
        self, allocation: Allocation, member: User, wanted: bool
    ) -> None:
        made_jump(allocation, member)
        jumps.remove(allocation=allocation, by=member, delete_machine=wanted)
        assert Operation.objects.filter(kind="instance.delete").exists() is wanted

    def test_nobody_removes_what_is_somebody_elses(
        self, allocation: Allocation, member: User, colleague: User
    ) -> None:
        made_jump(allocation, member)
        assert refused(lambda: jumps.remove(allocation=allocation, by=colleague)) == "remote:jump-not-yours"
        assert JumpHost.objects.exists()

    def test_twice_is_told(self, allocation: Allocation, member: User) -> None:
        made_jump(allocation, member)
        jumps.remove(allocation=allocation, by=member)
        assert refused(lambda: jumps.remove(allocation=allocation, by=member)) == "remote:jump-none"


class TestTheWay:
    def test_it_leads_through_the_jump_host_and_each_hop_has_its_own_login_and_keys(
        self, allocation: Allocation, member: User
    ) -> None:
        behind = hidden(allocation, member)
        jump = made_jump(allocation, member)
        first, second = way_to(behind).hops
        assert (first.instance_id, first.login, first.address) == (
            str(jump.instance_id),
            "heliojump",
            "149.165.1.9",
        )
        assert (second.instance_id, second.login, second.address) == (str(behind.pk), "exouser", "10.0.0.5")

    def test_the_address_on_the_network_of_both_is_taken(self, allocation: Allocation, member: User) -> None:
        both = [{**FAR[0], "address": "10.9.0.3"}, *PRIVATE]
        behind = hidden(allocation, member, addresses=both, private_address="10.9.0.3")
        made_jump(allocation, member)
        assert way_to(behind).machine.address == "10.0.0.5"

    def test_without_a_network_in_common_its_private_address_is_tried(
        self, allocation: Allocation, member: User
    ) -> None:
        behind = hidden(allocation, member, addresses=FAR, private_address="10.9.0.7")
        made_jump(allocation, member)
        assert way_to(behind).machine.address == "10.9.0.7"

    def test_a_machine_with_a_public_address_needs_none(self, allocation: Allocation, member: User) -> None:
        made_jump(allocation, member)
        assert len(way_to(door(allocation, member)).hops) == 1

    def test_without_one_the_machine_cannot_be_reached(self, allocation: Allocation, member: User) -> None:
        behind = hidden(allocation, member)
        assert refused(lambda: way_to(behind)) == "remote:no-address"

    @pytest.mark.parametrize(
        ("step", "address", "told"),
        [
            ("address", "automatic", "remote:address-coming"),
            ("setup", "automatic", "remote:no-address"),
            ("address", "none", "remote:no-address"),
        ],
    )
    def test_while_it_is_launched_its_address_may_be_on_the_way(
        self, allocation: Allocation, member: User, step: str, address: str, told: str
    ) -> None:
        behind = hidden(allocation, member)
        submit(
            kind="instance.launch",
            by=member,
            cloud=allocation.cloud,
            region=allocation.region,
            project_id=allocation.project_id,
            target_type="instance",
            target_id=behind.pk,
            target_name=behind.name,
            spec={"address": address},
        )
        Operation.objects.update(step=step)
        assert refused(lambda: way_to(behind)) == told

    def test_a_jump_host_that_lost_its_address_is_not_reached_through_itself(
        self, allocation: Allocation, member: User
    ) -> None:
        jump = made_jump(allocation, member, public_address="", private_address="10.0.0.7")
        assert refused(lambda: way_to(jump.instance)) == "remote:no-address"

    @pytest.mark.parametrize(
        ("changes", "error", "action"),
        [
            ({"status": "BUILD"}, "remote:jump-coming", None),
            ({"setup_status": "running"}, "remote:jump-coming", None),
            ({"status": "REBOOT"}, "remote:jump-coming", None),
            ({"status": "SHUTOFF"}, "remote:jump-down", "start"),
            ({"status": "SHELVED_OFFLOADED"}, "remote:jump-down", "unshelve"),
            ({"status": "SUSPENDED"}, "remote:jump-down", "resume"),
            ({"public_address": ""}, "remote:jump-down", "assign_address"),
            ({"status": "ERROR"}, "remote:jump-down", ""),
            ({"deleted_at": timezone.now() - timedelta(minutes=1)}, "remote:jump-down", ""),
        ],
    )
    def test_one_that_does_not_answer_says_so_and_what_brings_it_back(
        self, allocation: Allocation, member: User, changes: dict[str, Any], error: str, action: str | None
    ) -> None:
        behind = hidden(allocation, member)
        made_jump(allocation, member, **changes)
        with pytest.raises(PortalError) as refusal:
            way_to(behind)
        assert (refusal.value.id, refusal.value.params.get("action")) == (error, action)
        labels = [repair["label"] for repair in as_json(refusal.value, behind)["repairs"]]
        if action:
            assert labels[0] == ACTIONS[action].label
        elif error == "remote:jump-down":
            assert labels[0] == "Make a new jump host"


class TestThePage:
    def page(self, user: User, allocation: Allocation, **query: str) -> str:
        client = Client()
        client.force_login(user)
        answer = client.get(reverse("remote:jump", args=[allocation.slug]), query)
        assert answer.status_code == 200
        return answer.content.decode()

    def test_it_says_what_one_would_cost_before_the_click(self, allocation: Allocation, member: User) -> None:
        text = self.page(member, allocation)
        assert "BIO220047-jump" in text and "m3.tiny" in text and "1 SU/h" in text

    def test_who_may_only_look_is_offered_nothing(
        self, allocation: Allocation, reader: User, member: User
    ) -> None:
        door(allocation, member)
        text = self.page(reader, allocation)
        assert "Make the jump host" not in text and "Use it" not in text

    def test_it_names_the_machines_that_it_may_not_reach(self, allocation: Allocation, member: User) -> None:
        hidden(allocation, member, name="near-one")
        hidden(allocation, member, name="far-one", addresses=FAR, private_address="10.9.0.7")
        made_jump(allocation, member)
        text = self.page(member, allocation)
        assert "near-one" in text and text.count("only if a router joins the two") == 1

    def test_machines_that_their_owner_could_lend_are_offered_to_them_only(
        self, allocation: Allocation, member: User, colleague: User
    ) -> None:
        door(allocation, member, name="mine-to-lend")
        assert "mine-to-lend" in self.page(member, allocation)
        assert "mine-to-lend" not in self.page(colleague, allocation)

    def test_one_click_makes_it_and_leads_back(self, allocation: Allocation, member: User) -> None:
        behind = hidden(allocation, member)
        client = Client()
        client.force_login(member)
        answer = client.post(reverse("remote:jump-make", args=[allocation.slug]), {"behind": str(behind.pk)})
        assert answer.status_code == 302
        assert answer.headers["Location"].endswith(f"/jump-host/?behind={behind.pk}")
        assert JumpHost.objects.get().how == "made"
        assert Operation.objects.get().spec["network_id"] == "net-1"

    def test_a_machine_of_another_allocation_is_not_chosen(
        self, allocation: Allocation, other_allocation: Allocation, stranger: User, member: User
    ) -> None:
        foreign = door(other_allocation, stranger)
        client = Client()
        client.force_login(member)
        answer = client.post(
            reverse("remote:jump-choose", args=[allocation.slug]), {"instance": str(foreign.pk)}
        )
        assert answer.status_code == 404 and not JumpHost.objects.exists()

    def test_a_machine_without_an_address_offers_both_ways(
        self, allocation: Allocation, member: User
    ) -> None:
        behind = hidden(allocation, member)
        client = Client()
        client.force_login(member)
        url = reverse("remote:jump-offer", args=[behind.pk])
        text = client.get(url).content.decode()
        assert "Give it a public address" in text and "Use a jump host" in text
        made_jump(allocation, member)
        assert "Reached through the jump host" in client.get(url).content.decode()

    def test_one_with_an_address_and_one_of_somebody_else_offer_nothing(
        self, allocation: Allocation, member: User, colleague: User
    ) -> None:
        client = Client()
        client.force_login(member)
        for instance in (door(allocation, member), hidden(allocation, colleague)):
            answer = client.get(reverse("remote:jump-offer", args=[instance.pk]))
            assert answer.content.decode().strip() == ""

    def test_the_page_costs_the_same_for_any_number_of_machines(
        self, allocation: Allocation, member: User
    ) -> None:
        made_jump(allocation, member)

        def cost(number: int) -> int:
            hidden(allocation, member, name=f"m{number}")
            door(allocation, member, name=f"d{number}")
            with CaptureQueriesContext(connection) as queries:
                self.page(member, allocation)
            return len(queries)

        cost(1)
        assert cost(2) == cost(3) <= 30
