from allocations.budgets.models import Budget, Group, Limits
from allocations.models import Allocation
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.demo import budgets


def test_the_demo_begins_with_budgets_that_its_pi_has_set(
    allocation: Allocation, pi: User, member: User, colleague: User
) -> None:
    budgets.seed()
    assert sorted(Budget.objects.values_list("subject", flat=True)) == ["default", "group", "member"]
    assert Group.objects.get().name == "Assembly team"
    assert set(AuditEvent.objects.values_list("actor_name", flat=True)) == {"Alice"}
    # Started once more, what people have changed meanwhile stays.
    budgets.seed()
    assert Budget.objects.count() == 3


def test_nothing_is_set_where_no_pi_has_come_in(allocation: Allocation, member: User) -> None:
    budgets.seed()
    assert not Budget.objects.exists() and not Limits.objects.exists()
