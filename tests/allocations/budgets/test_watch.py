"""The look of each minute: what is told once, blocked, shelved, and let go again."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from allocations.budgets import hooks, watch
from allocations.budgets.models import Budget, Crossing, Shelving
from allocations.models import Allocation, LedgerEntry, Membership
from portal.accounts.models import CloudCredential, User
from portal.core.errors import PortalError
from portal.notices.models import Notice
from portal.operations.models import Operation
from tests.allocations.budgets.rows import budget, group, spent
from tests.instances.rows import machine


def titles(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("id").values_list("title", flat=True))


def later(**span: float) -> Any:
    return timezone.now() + timedelta(**span)


def test_each_share_is_told_once_to_whom_it_binds_and_to_managers(
    allocation: Allocation, member: User, pi: User, colleague: User
) -> None:
    budget(allocation, member, su=100)
    spent(allocation, member, 79)
    watch.look()
    assert titles(member) == []
    spent(allocation, member, 1)
    for _ in range(3):
        watch.look()
    assert titles(member) == ["80 % of your budget is spent in BIO220047"]
    assert titles(pi) == ["80 % of the budget of Bob is spent in BIO220047"]
    assert titles(colleague) == []
    spent(allocation, member, 10)
    watch.look()
    spent(allocation, member, 10)
    watch.look()
    assert titles(member)[1:] == [
        "90 % of your budget is spent in BIO220047",
        "All of your budget is spent in BIO220047",
    ]
    text = Notice.objects.filter(user=member).latest("id").text
    assert "100 of 100 SU are spent this month" in text
    assert "Nothing new is started from it until 20" in text and "Ask Alice for more" in text


def test_of_several_shares_at_once_the_highest_is_told(allocation: Allocation, member: User) -> None:
    budget(allocation, member, su=100)
    spent(allocation, member, 95)
    watch.look()
    assert titles(member) == ["90 % of your budget is spent in BIO220047"]
    assert sorted(Crossing.objects.values_list("percent", flat=True)) == [80, 90]


def test_managers_are_not_told_where_they_do_not_wish_it(
    allocation: Allocation, member: User, pi: User
) -> None:
    budget(allocation, member, su=100, tell_managers=False)
    spent(allocation, member, 100)
    watch.look()
    assert len(titles(member)) == 1 and titles(pi) == []


def test_who_has_left_is_told_nothing_any_more(allocation: Allocation, member: User, pi: User) -> None:
    budget(allocation, member, su=100)
    machine(allocation, member)
    budget(allocation, group(allocation, "Owls", member), su=100, at_80="shelve")
    spent(allocation, member, 80)
    Membership.objects.filter(user=member).update(ended_at=timezone.now())
    watch.look()
    assert titles(member) == []
    assert any("lab will be shelved at" in title for title in titles(pi))


def test_nothing_is_told_at_a_share_where_nothing_was_chosen(allocation: Allocation, member: User) -> None:
    budget(allocation, member, su=100, at_80="", at_90="")
    spent(allocation, member, 95)
    watch.look()
    assert titles(member) == [] and not Crossing.objects.exists()


def test_everybody_of_a_group_is_told(allocation: Allocation, member: User, colleague: User) -> None:
    budget(allocation, group(allocation, "Owls", member, colleague), su=100)
    spent(allocation, member, 80)
    watch.look()
    assert titles(colleague) == titles(member) == ["80 % of the budget of Owls is spent in BIO220047"]


def test_of_a_default_budget_each_hears_of_their_own(
    allocation: Allocation, member: User, colleague: User, pi: User
) -> None:
    budget(allocation, su=100, tell_managers=False)
    spent(allocation, member, 80)
    spent(allocation, pi, 500)
    watch.look()
    assert titles(member) == ["80 % of your budget is spent in BIO220047"]
    assert titles(colleague) == titles(pi) == []
    spent(allocation, colleague, 100)
    watch.look()
    assert titles(colleague) == ["All of your budget is spent in BIO220047"]


def test_a_raised_budget_frees_and_is_told_anew_when_it_is_reached_again(
    allocation: Allocation, member: User
) -> None:
    made = budget(allocation, member, su=100)
    spent(allocation, member, 100)
    watch.look()
    Budget.objects.filter(pk=made.pk).update(su=Decimal(1000))
    watch.look()
    watch.look()
    assert titles(member)[1:] == ["Machines can be started again in BIO220047"]
    spent(allocation, member, 900)
    watch.look()
    assert titles(member)[2:] == ["All of your budget is spent in BIO220047"]


def test_a_correction_that_lowers_what_is_spent_does_not_make_it_told_twice(
    allocation: Allocation, member: User
) -> None:
    budget(allocation, member, su=100)
    entry = spent(allocation, member, 80)
    watch.look()
    LedgerEntry.objects.filter(pk=entry.pk).update(su=Decimal(70))
    watch.look()
    LedgerEntry.objects.filter(pk=entry.pk).update(su=Decimal(81))
    watch.look()
    assert len(titles(member)) == 1


def test_a_new_period_frees_and_begins_anew(allocation: Allocation, member: User) -> None:
    budget(allocation, member, su=100, period="day")
    spent(allocation, member, 100)
    watch.look()
    tomorrow = later(days=1)
    watch.look(tomorrow)
    assert titles(member)[1:] == ["Machines can be started again in BIO220047"]
    assert "has begun anew" in Notice.objects.filter(user=member).latest("id").text
    assert not Crossing.objects.filter(lifted_at=None).exists()


def test_what_was_spent_on_days_before_counts_and_is_kept_for_a_while(
    allocation: Allocation, member: User
) -> None:
    budget(allocation, member, su=100, period="grant")
    entry = spent(allocation, member, 70, at=later(days=-3))
    watch.look()
    LedgerEntry.objects.filter(pk=entry.pk).update(su=Decimal(90))
    watch.look()
    assert titles(member) == []
    spent(allocation, member, 10)
    watch.look()
    assert titles(member) == ["80 % of your budget is spent in BIO220047"]
    cache.clear()
    watch.look()
    assert titles(member)[1:] == ["All of your budget is spent in BIO220047"]


def test_a_death_while_telling_leaves_nothing_half_done(
    allocation: Allocation, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget(allocation, member, su=100)
    spent(allocation, member, 80)
    with monkeypatch.context() as patch:
        patch.setattr("portal.notices.services.bulk.insert", _dies)
        with pytest.raises(RuntimeError):
            watch.look()
    assert not Crossing.objects.exists()
    watch.look()
    assert len(titles(member)) == 1


def _dies(rows: object) -> None:
    raise RuntimeError("killed")


class TestShelving:
    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
        """What is asked of the layer above."""
        found: list[tuple[str, str]] = []
        monkeypatch.setattr(hooks, "shelvers", [lambda id, reason: found.append((id, reason))])
        yield found

    def test_nothing_is_shelved_that_the_pi_did_not_choose(
        self, allocation: Allocation, member: User, asked: list[tuple[str, str]]
    ) -> None:
        machine(allocation, member)
        budget(allocation, member, su=10)
        spent(allocation, member, 100)
        watch.look()
        watch.look(later(days=1))
        assert asked == [] and not Shelving.objects.exists()

    def test_it_is_warned_first_and_shelved_after_the_time_of_grace(
        self, allocation: Allocation, member: User, asked: list[tuple[str, str]]
    ) -> None:
        lab = machine(allocation, member)
        budget(allocation, member, su=10, at_100="shelve", grace_minutes=30, period="grant")
        spent(allocation, member, 10)
        watch.look()
        assert any("lab will be shelved at" in title for title in titles(member))
        watch.look(later(minutes=29))
        assert asked == []
        watch.look(later(minutes=31))
        watch.look(later(minutes=32))
        assert asked == [(str(lab.pk), "the budget of Bob")]
        assert len([title for title in titles(member) if "will be shelved" in title]) == 1

    def test_only_what_spends_from_the_budget_is_shelved(
        self, allocation: Allocation, member: User, colleague: User, asked: list[tuple[str, str]]
    ) -> None:
        wanted = machine(allocation, member, name="gpu", flavor_name="g3.medium", vcpus=8, gpus=1)
        machine(allocation, member, name="of another resource")
        machine(allocation, colleague, name="somebody else's", flavor_name="g3.medium", vcpus=8, gpus=1)
        machine(
            allocation, member, name="shelved", flavor_name="g3.medium", vcpus=8, status="SHELVED_OFFLOADED"
        )
        machine(allocation, member, name="locked", flavor_name="g3.medium", vcpus=8, locked=True)
        budget(allocation, member, su=10, at_100="shelve", grace_minutes=5, resource="gpu")
        spent(allocation, member, 10, resource="gpu")
        watch.look()
        watch.look(later(minutes=6))
        assert [id for id, _ in asked] == [str(wanted.pk)]

    @pytest.mark.parametrize("how", ["raised", "deleted", "chosen otherwise", "ended", "new period"])
    def test_it_is_not_shelved_when_the_reason_is_gone_before_its_time(
        self, how: str, allocation: Allocation, member: User, asked: list[tuple[str, str]]
    ) -> None:
        machine(allocation, member)
        made = budget(allocation, member, su=10, at_100="shelve", grace_minutes=30, period="day")
        spent(allocation, member, 10)
        watch.look()
        assert Shelving.objects.filter(dropped_at=None).count() == 1
        rows = Budget.objects.filter(pk=made.pk)
        if how == "raised":
            rows.update(su=Decimal(1000))
        elif how == "deleted":
            made.delete()
        elif how == "chosen otherwise":
            rows.update(at_100="block")
        elif how == "ended":
            rows.update(valid_to="2020-01-01")
        watch.look(later(days=1) if how == "new period" else later(minutes=31))
        assert asked == []
        assert not Shelving.objects.filter(dropped_at=None).exists()

    def test_who_leaves_the_default_for_a_budget_of_their_own_is_not_shelved_by_it(
        self, allocation: Allocation, member: User, asked: list[tuple[str, str]]
    ) -> None:
        machine(allocation, member)
        budget(allocation, su=10, at_100="shelve", period="grant")
        spent(allocation, member, 10)
        watch.look()
        budget(allocation, member, su=1000, period="grant")
        watch.look(later(minutes=90))
        assert asked == []

    def test_a_machine_started_elsewhere_afterwards_is_warned_and_shelved_too(
        self, allocation: Allocation, member: User, asked: list[tuple[str, str]]
    ) -> None:
        budget(allocation, member, su=10, at_100="shelve", grace_minutes=30, period="grant")
        spent(allocation, member, 10)
        watch.look()
        lab = machine(allocation, member)
        watch.look(later(minutes=60))
        assert asked == []
        watch.look(later(minutes=91))
        assert [id for id, _ in asked] == [str(lab.pk)]

    def test_what_cannot_be_shelved_now_is_tried_again_in_a_few_minutes(
        self, allocation: Allocation, member: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries: list[str] = []

        def busy(id: str, reason: str) -> None:
            tries.append(id)
            raise PortalError("instances:busy", name="lab")

        monkeypatch.setattr(hooks, "shelvers", [busy])
        machine(allocation, member)
        budget(allocation, member, su=10, at_100="shelve", grace_minutes=5, period="grant")
        spent(allocation, member, 10)
        watch.look()
        for minutes in (6, 7, 12):
            watch.look(later(minutes=minutes))
        assert len(tries) == 2
        row = Shelving.objects.get()
        assert (row.problem_id, row.problem_params, row.asked_at) == ("instances:busy", {"name": "lab"}, None)

    def test_the_portal_shelves_with_the_owners_credential_and_keeps_the_address(
        self, allocation: Allocation, member: User, pi: User
    ) -> None:
        lab = machine(allocation, member)
        budget(allocation, member, su=10, at_100="shelve", grace_minutes=5, period="grant")
        spent(allocation, member, 10)
        watch.look()
        watch.look(later(minutes=6))
        op = Operation.objects.get()
        assert (op.kind, op.target_id, op.by) == ("instance.shelve", str(lab.pk), member)
        assert op.spec["release_address"] is False and op.spec["asked_by"] == "the budget of Bob"

    def test_without_anybody_connected_it_is_told_and_tried_again(
        self, allocation: Allocation, member: User, pi: User
    ) -> None:
        machine(allocation, member)
        budget(allocation, member, su=10, at_100="shelve", grace_minutes=5, period="grant")
        spent(allocation, member, 10)
        CloudCredential.objects.update(refused_at=timezone.now())
        watch.look()
        for minutes in (6, 12, 18):
            watch.look(later(minutes=minutes))
        told = "lab could not be shelved: nobody is connected"
        assert titles(member).count(told) == titles(pi).count(told) == 1
        assert not Operation.objects.exists()
        CloudCredential.objects.filter(user=pi).update(refused_at=None)
        watch.look(later(minutes=24))
        assert Operation.objects.get().by == pi

    def test_a_reader_lends_no_credential(self, allocation: Allocation, member: User) -> None:
        machine(allocation, member)
        budget(allocation, member, su=10, at_100="shelve", grace_minutes=5, period="grant")
        spent(allocation, member, 10)
        watch.look()
        Membership.objects.filter(user=member).update(role="reader")
        watch.look(later(minutes=6))
        assert not Operation.objects.exists()
