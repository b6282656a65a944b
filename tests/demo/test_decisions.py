"""What the demo's PI has decided: by the services, once, and harmless to who looks around."""

from allocations.models import Allocation
from instances.policies.models import Policy
from portal.accounts.models import User
from portal.core.models import AuditEvent
from portal.demo.decisions import PROJECT, decide
from tests.cast import join, make_allocation, make_user


def test_each_kind_is_decided_for_all_machines_by_the_pi(db: None) -> None:
    pi, allocation = make_user("alice"), make_allocation(PROJECT)
    join(pi, allocation, "pi")
    decide(pi)
    assert set(Policy.objects.values_list("kind", flat=True)) == {"schedule", "lease", "idle"}
    assert {event.actor_name for event in AuditEvent.objects.filter(action="policy.default")} == {str(pi)}


def test_what_somebody_changed_is_left_as_it_is(db: None) -> None:
    pi, allocation = make_user("alice"), make_allocation(PROJECT)
    join(pi, allocation, "pi")
    decide(pi)
    Policy.objects.filter(kind="lease").delete()
    decide(pi)
    assert Policy.objects.count() == 2


def test_who_is_in_no_such_allocation_decides_nothing(allocation: Allocation, pi: User) -> None:
    decide(pi)
    assert not Policy.objects.exists()
